"""Write text that is safe in a report: nothing from outside moves the cursor or breaks a line."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from pipe.models.changes import Shown

_MAX_VALUE: Final = 48
_CONTEXT: Final = 8
"""Characters of the common beginning that stay visible when two long values are compared."""
_MAX_NAMES: Final = 20
_AMBIGUOUS: Final = ("", "(none)")


def one_line(text: str) -> str:
    """Replace what would control a terminal, turn the reading direction, or end the line."""
    if text.isprintable():  # the usual case, and the quick one
        return text
    return "".join(
        character if _is_harmless(character) else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _is_harmless(character: str) -> bool:
    # Cc: controls, Cf: formats (direction marks among them), Cn: nothing (XML can't hold U+FFFF),
    # Cs: lone surrogates, which no encoder takes, Zl and Zp: line and paragraph separators.
    return unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Cs", "Zl", "Zp")


def format_value(value: Shown) -> str:
    """Write a value on one line, so that any two values that differ look different."""
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
            return "[" + ", ".join(format_value(each) for each in value) + "]"


def format_difference(before: str, after: str) -> str:
    """Write `before → after`; of long values, show the part that differs."""
    if max(len(before), len(after)) > _MAX_VALUE:
        pairs = zip(before, after, strict=False)
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
        start = max(0, common - _CONTEXT)
        if start > 1:
            before, after = f"…{before[start:]}", f"…{after[start:]}"
    return f"{truncate(before, _MAX_VALUE)} → {truncate(after, _MAX_VALUE)}"


def truncate(text: str, length: int) -> str:
    """Shorten a text to at most `length` characters; an ellipsis shows the cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Write a number with its noun: `1 request`, `2 requests`, `no requests`."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number or 'no'} {noun}"


def repositories(number: int) -> str:
    """Write a number of repositories."""
    return counted(number, "repository", "repositories")


def name_list(names: Sequence[str]) -> str:
    """Write `a, b, c`; of many names only the first ones, and how many more there are."""
    rest = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def count_list(counts: Iterable[tuple[int, str]], noun: str = "") -> str:
    """Write `2 environments created, 1 failed`; counts of zero are left out."""
    found = [(number, word) for number, word in counts if number]
    first = [f"{counted(number, noun) if noun else number} {word}" for number, word in found[:1]]
    return ", ".join([*first, *(f"{number} {word}" for number, word in found[1:])])
