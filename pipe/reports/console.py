"""Where the log goes: styled lines, written whole.

Each line is a style and a text; colour is added at the very end, so that what is said can be tested
without it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from enum import Enum
from threading import Lock
from typing import Final, TextIO

from msgspec import Struct

from pipe.models.errors import Problem
from pipe.reports.text import one_line

WIDTH: Final = 150
"""Characters of a line; Bitbucket's log view scrolls sideways beyond about 160."""


class Style(Enum):
    """What a line means; the value is its colour (the parameters of an SGR escape sequence)."""

    PLAIN = ""
    INFO = "34"
    GOOD = "32"
    BAD = "31"
    WARNING = "33"
    FAINT = "2"


class Line(Struct, frozen=True):
    """One line of the log."""

    style: Style
    text: str


class Log:
    """Writes lines; safe to share between threads."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        self._stream = stream
        self._color = color
        self._lock = Lock()

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines together, so that those of another thread do not come between them."""
        text = "".join(self._paint(line) + "\n" for line in lines)
        with self._lock:
            self._stream.write(text)
            self._stream.flush()

    def info(self, text: str) -> None:
        """Say what goes on."""
        self.write(wrapped(Style.INFO, "INFO: ", text))

    def warning(self, text: str) -> None:
        """Say what the reader should know, though nothing stops for it."""
        self.write(wrapped(Style.WARNING, "WARNING: ", text))

    def debug(self, text: str) -> None:
        """Say what only a search for a fault needs."""
        self.write(wrapped(Style.FAINT, "DEBUG: ", text))

    def problem(self, problem: Problem) -> None:
        """Tell a failure that concerns the whole run."""
        self.write(problem_lines(problem))

    def _paint(self, line: Line) -> str:
        if not self._color or line.style is Style.PLAIN:
            return line.text
        return f"\x1b[{line.style.value}m{line.text}\x1b[0m"


def problem_lines(problem: Problem, indent: str = "") -> Iterator[Line]:
    """Tell what happened, why, and what to do."""
    yield from wrapped(Style.BAD, f"{indent}ERROR: ", problem.what)
    if problem.why:
        yield from wrapped(Style.PLAIN, f"{indent}  Why: ", problem.why)
    yield from wrapped(Style.PLAIN, f"{indent}  What to do: ", problem.remedy)


def wrapped(style: Style, prefix: str, text: str) -> Iterator[Line]:
    """Break a text into lines that are indented like the first."""
    indent = " " * len(prefix)
    for line in textwrap.wrap(
        one_line(text),
        WIDTH,
        initial_indent=prefix,
        subsequent_indent=indent,
        break_on_hyphens=False,
    ) or [prefix.rstrip()]:
        yield Line(style, line)
