"""Text that is safe in a log: nothing from outside moves the cursor or breaks a line (pure)."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipe.changes import Shown

_MAX_VALUE: Final = 60


def one_line(text: str) -> str:
    """Replace what would control a terminal, turn the reading direction, or end the line."""
    return "".join(
        character if _is_harmless(character) else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _is_harmless(character: str) -> bool:
    # Cc: controls, Cf: formats (direction marks among them), Cs: lone surrogates, which no encoder
    # takes, Zl and Zp: line and paragraph separators.
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def shown(value: Shown) -> str:
    """Write a value as people read it; long ones are cut in the middle of nowhere, visibly."""
    match value:
        case None:
            return "(none)"
        case bool():
            return str(value).lower()
        case str():
            return _cut(repr(value) if value == "" or value != value.strip() else one_line(value))
        case tuple():
            return _cut("[" + ", ".join(one_line(each) for each in value) + "]")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
