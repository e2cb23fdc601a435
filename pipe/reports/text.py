"""Text that is safe in a report: nothing from outside moves the cursor or breaks a line (pure)."""

from __future__ import annotations

import unicodedata
from itertools import takewhile
from typing import Final, assert_never

from pipe.models.changes import Shown

_LONGEST_VALUE: Final = 48
_CONTEXT: Final = 8
"""Characters that two long values have in common and that are shown all the same."""


def one_line(text: str) -> str:
    """Replace what would control a terminal, turn the reading direction, or end the line."""
    return "".join(
        character if _is_harmless(character) else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _is_harmless(character: str) -> bool:
    # Cc: controls, Cf: formats (direction marks among them), Cn: nothing (XML can't hold U+FFFF),
    # Cs: lone surrogates, which no encoder takes, Zl and Zp: line and paragraph separators.
    return unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp")


def shown(value: Shown) -> str:
    """Write a value whole and on one line, so that any two that differ look different."""
    match value:
        case None:
            return "(none)"
        case bool():
            return str(value).lower()
        case str():
            # Quoted where the reader would otherwise not see what is there.
            plain = value.isprintable() and value == value.strip() and value not in _AMBIGUOUS
            return value if plain else repr(value)
        case tuple():
            return "[" + ", ".join(shown(each) for each in value) + "]"
        case _:
            assert_never(value)


_AMBIGUOUS: Final = ("", "(none)")


def before_after(before: str, after: str) -> str:
    """Put two values beside each other; of long ones, show the part that differs."""
    if max(len(before), len(after)) > _LONGEST_VALUE:
        pairs = zip(before, after, strict=False)
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        start = max(0, common - _CONTEXT)
        if start > 1:
            before, after = f"…{before[start:]}", f"…{after[start:]}"
    return f"{cut(before, _LONGEST_VALUE)} → {cut(after, _LONGEST_VALUE)}"


def cut(text: str, length: int) -> str:
    """Shorten a text to so many characters, visibly."""
    return text if len(text) <= length else text[: length - 1] + "…"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Write a number with its noun: `1 request`, `2 requests`, `no requests`."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number or 'no'} {noun}"
