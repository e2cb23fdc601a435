"""Read the parts of a Markdown document that tests check: code, links, headings, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]

_FENCE: Final = re.compile(r" *```(\w*)")
_LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE_CODE: Final = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class Line:
    """A line outside code blocks; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code; `number` is the line of its first fence."""

    number: int
    language: str
    text: str


def parts(text: str) -> Iterator[Line | Code]:
    """Split a document into lines and code blocks, in order."""
    code: list[str] | None = None
    language, began = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.fullmatch(line.rstrip())
        if fence is None:
            if code is None:
                yield Line(number, line)
            else:
                code.append(line)
        elif code is None:
            language, began, code = fence[1], number, []
        else:
            yield Code(began, language, "\n".join(code) + "\n")
            code = None
    assert code is None, f"the block of code in line {began} does not end"


def blocks(text: str, language: str) -> list[Code]:
    """Return the code blocks in a language."""
    return [each for each in parts(text) if isinstance(each, Code) and each.language == language]


def links(text: str) -> list[str]:
    """Return the targets of all links."""
    found: list[str] = []
    for each in parts(text):
        if isinstance(each, Line):
            found += _LINK.findall(_INLINE_CODE.sub("code", each.text))
    # A link's text may be broken over two lines.
    prose = "\n".join(each.text for each in parts(text) if isinstance(each, Line))
    found += _LINK.findall(_INLINE_CODE.sub("code", prose))
    return sorted(set(found))


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as Bitbucket and GitHub generate them."""
    found: set[str] = set()
    for each in parts(text):
        if isinstance(each, Line) and re.match(r"#+ ", each.text):
            title = each.text.lstrip("#").strip().lower()
            kept = "".join(letter for letter in title if letter.isalnum() or letter in " -_")
            found.add(kept.replace(" ", "-"))
    return found


def documents() -> list[Path]:
    """Return every Markdown file of the project."""
    return sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
