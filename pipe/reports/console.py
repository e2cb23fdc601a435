"""Write styled lines to the log, each write as a whole.

A line is a style and a text; colour is added last, so that the text can be tested without it.
"""

import textwrap
from collections.abc import Iterable, Iterator
from enum import Enum
from threading import Lock
from typing import Final

from msgspec import Struct

from pipe.models.errors import Problem
from pipe.process.context import Writable
from pipe.redaction import Redactor
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
    """One line of the log.

    Attributes:
        alarm: The part of the text that is red whatever the style; empty: none.
    """

    style: Style
    text: str
    alarm: str = ""


class Log:
    """Write lines to a stream; safe to share between threads.

    Texts are masked before they are wrapped, because a secret could span two lines, and once more
    as lines.
    """

    def __init__(self, stream: Writable, *, color: bool, redactor: Redactor) -> None:
        self._stream = stream
        self._color = color
        self._redactor = redactor
        self._lock = Lock()

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines together, so that no other thread writes between them."""
        text = "".join(self._paint(line) + "\n" for line in lines)
        with self._lock:
            self._stream.write(text)

    def info(self, text: str) -> None:
        """Log what the run does."""
        self.write(wrap(Style.INFO, "INFO: ", self._redactor.mask_words(text)))

    def warning(self, text: str) -> None:
        """Log what the reader should know although the run goes on."""
        self.write(wrap(Style.WARNING, "WARNING: ", self._redactor.mask_words(text)))

    def debug(self, text: str) -> None:
        """Log what helps to find the cause of a failure."""
        self.write(wrap(Style.FAINT, "DEBUG: ", self._redactor.mask_words(text)))

    def problem(self, problem: Problem) -> None:
        """Log a failure of the run as a whole."""
        self.write(problem_lines(self._redactor.mask(problem)))

    def _paint(self, line: Line) -> str:
        text = self._redactor.mask_words(line.text)
        if not self._color:
            return text
        if not line.alarm:
            return _paint(line.style, text)
        before, alarm, after = text.partition(line.alarm)
        return _paint(line.style, before) + _paint(Style.BAD, alarm) + _paint(line.style, after)


def _paint(style: Style, text: str) -> str:
    if style is Style.PLAIN or not text:
        return text
    return f"\x1b[{style.value}m{text}\x1b[0m"


def problem_lines(problem: Problem, indent: str = "") -> Iterator[Line]:
    """Return the lines of a failure: what failed, why, and what to do."""
    yield from wrap(Style.BAD, f"{indent}ERROR: ", problem.what)
    if problem.why:
        yield from wrap(Style.PLAIN, f"{indent}  Why: ", problem.why)
    yield from wrap(Style.PLAIN, f"{indent}  What to do: ", problem.remedy)


def wrap(style: Style, prefix: str, text: str) -> Iterator[Line]:
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
