"""Wording of messages about wrong values: how to quote them and what to suggest (pure)."""

import re
from collections.abc import Iterable
from typing import Final

_MAX_QUOTED: Final = 60
_QUOTE: Final = re.compile(r"""(?<!\w)(['"])((?:(?!\1)[^\\]|\\.)*)\1(?!\w)""")
_QUOTED_CHARACTERS: Final = re.compile(rf"(?:[^\\]|\\.){{{_MAX_QUOTED}}}")


def quoted(text: str) -> str:
    """Quote a value on one line, control characters escaped; `cut_quotes` shortens it."""
    return repr(text)


def cut_quotes(message: str) -> str:
    """Shorten the values quoted in a message, once whole secrets were masked in it."""
    return _QUOTE.sub(_cut, message)


def _cut(quote: re.Match[str]) -> str:
    head = _QUOTED_CHARACTERS.match(quote[2])
    if head is None or head[0] == quote[2]:
        return quote[0]
    return f"{quote[1]}{head[0]}…{quote[1]}"


def alternatives(words: Iterable[str]) -> str:
    """Return `a, b or c`."""
    *head, last = words
    return f"{', '.join(head)} or {last}" if head else last


def closest(word: str, choices: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """Return the choice most similar to a word; `None` if none reaches the cutoff (0 to 1)."""
    from difflib import get_close_matches  # noqa: PLC0415 - slow; only for wrong values

    by_folded = {choice.casefold(): choice for choice in choices}
    found = get_close_matches(word.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[found[0]] if found else None


def expected(word: str, choices: Iterable[str]) -> str:
    """Return the whole closed set of choices, and the one closest to a word outside it."""
    choices = tuple(choices)
    near = closest(word, choices)
    return f"expected {alternatives(choices)}" + (f" (did you mean {near}?)" if near else "")
