"""Takes known secrets out of text that came from outside."""

from __future__ import annotations


class Redactor:
    """Knows the secrets of this run. Safe to share between threads."""

    def add(self, secret: str) -> None:
        """Learn another secret."""
        raise NotImplementedError

    def clean(self, text: str) -> str:
        """Return `text` with every secret, and every known transform of one, replaced."""
        raise NotImplementedError
