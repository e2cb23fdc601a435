"""How a fault names what was written, and what to write instead (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 60


def quoted(text: str) -> str:
    """Show a value on one line: quoted, control characters escaped, cut when it is long."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def listed(words: Iterable[str]) -> str:
    """Write `a, b or c`."""
    *head, last = words
    return f"{', '.join(head)} or {last}" if head else last


def closest(word: str, choices: Iterable[str], *, likeness: float = 0.5) -> str | None:
    """Return the choice that was probably meant, if any is like the word (1.0: the same)."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed only when something is wrong

    by_folded = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else None


def instead(word: str, choices: Iterable[str]) -> str:
    """Say what to write instead of a word that is none of the choices."""
    choices = tuple(choices)
    meant = closest(word, choices)
    return f"did you mean {meant!r}?" if meant else f"write {listed(choices)}"
