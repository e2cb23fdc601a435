"""What is told of a bug in this program: that it is one, and where, for those who ask."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from pipe import refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.errors import Problem
    from pipe.report.console import Log


def bug(
    console: Log, where: str, error: BaseException, *, debug: bool, redact: Callable[[str], str]
) -> Problem:
    """Return the problem that a bug is; with `debug` the traceback is logged, without secrets."""
    if debug:
        for part in traceback.format_exception(error):
            for line in redact(part).splitlines():
                console.debug(line)
    return refusals.unexpected(where, type(error).__name__)
