"""Masking of whole secrets in texts, all or nothing.

Masking only *part* of a secret would show the author of a text how much of a guess is right. So a
text changes only where it contains a whole secret, and then all of its value (a name, a plain
variable) or of its word (a message) is masked. Secrets shorter than `MIN_LENGTH` are not searched
for: they could be guessed one by one. What keeps those, and any transform of a secret, out of the
output is structure: answers to requests that carried a secret are not shown (`error_responses`).
"""

import threading
from collections.abc import Iterable, Iterator
from operator import is_
from typing import Final, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from pipe.models.errors import ConfigError, Problem

T = TypeVar("T")

MASK: Final = "***"
MIN_LENGTH: Final = 8
"""A secret with fewer characters is not searched for."""


class Redactor:
    """The secrets of a run. Safe to share between threads.

    Secrets are found by their first `MIN_LENGTH` characters, so the time depends on the length of
    the text and not on the number of secrets.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._by_prefix: dict[str, frozenset[str]] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Mask these secrets from now on, also without outer white space or line breaks."""
        forms = {
            form
            for secret in secrets
            for form in (secret, secret.strip(), " ".join(secret.split()), repr(secret)[1:-1])
            if len(form.strip()) >= MIN_LENGTH
        }
        with self._lock:
            for form in forms:
                prefix = form[:MIN_LENGTH]
                self._by_prefix[prefix] = self._by_prefix.get(prefix, frozenset()) | {form}

    def holds_secret(self, text: str) -> bool:
        """Return whether `text` contains a whole secret."""
        return next(self._occurrences(text), None) is not None

    def mask_value(self, value: str) -> str:
        """Return a name or value, or the mask if it contains a whole secret."""
        return MASK if self.holds_secret(value) else value

    def mask_words(self, text: str) -> str:
        """Return a message in which each word with a whole secret in it is masked.

        A word is what is between white space; a secret that has white space masks all the
        words that it reaches into.
        """
        parts: list[str] = []
        shown = 0
        for first, last in self._occurrences(text):
            if last <= shown:
                continue
            start, end = first, last
            while start > shown and not text[start - 1].isspace():
                start -= 1
            while end < len(text) and not text[end].isspace():
                end += 1
            if start > shown or not parts:
                parts += [text[shown:start], MASK]
            shown = end
        return "".join([*parts, text[shown:]])

    def mask(self, result: T) -> T:
        """Return a struct with each text in it masked: words in messages, else whole values."""
        return cast("T", _masked(result, self))

    def _occurrences(self, text: str) -> Iterator[tuple[int, int]]:
        """Find each whole secret: where it starts, and the furthest end of those that start there.

        Yields:
            Start and end, in the order of the starts.
        """
        by_prefix = self._by_prefix
        for start in range(len(text) - MIN_LENGTH + 1 if by_prefix else 0):
            secrets = by_prefix.get(text[start : start + MIN_LENGTH])
            if secrets is None:
                continue
            lengths = [len(secret) for secret in secrets if text.startswith(secret, start)]
            if lengths:
                yield start, start + max(lengths)


def _masked(value: object, redactor: Redactor) -> object:
    """Return a value with its texts masked; what holds no secret is returned as it is."""
    if type(value) is str:
        return redactor.mask_value(value)
    if isinstance(value, tuple):
        parts = tuple(_masked(each, redactor) for each in value)
        return value if all(map(is_, parts, value)) else parts
    if not isinstance(value, Struct):
        return value
    is_message = isinstance(value, Problem | ConfigError)
    changes: dict[str, object] = {}
    for name in value.__struct_fields__:
        before = getattr(value, name)
        words = is_message and type(before) is str
        after = redactor.mask_words(before) if words else _masked(before, redactor)
        if after is not before:
            changes[name] = after
    return replace(value, **changes) if changes else value
