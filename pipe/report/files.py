"""Writes report files: whole or not at all, and never at the cost of the run."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipe.report.json_report import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipe.results import RunResult


def render(result: RunResult) -> str:
    """Return the report as text."""
    return json.dumps(document(result), indent=2, ensure_ascii=False) + "\n"


def write_reports(paths: Iterable[str], result: RunResult) -> Iterator[str]:
    """Write the reports; yield a warning for each that can't be written."""
    for path in paths:
        try:
            write_atomically(Path(path), render(result))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            yield f"The report {path} could not be written: {reason}. The run itself is unharmed."


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Raises:
        OSError: It can't be written; nothing is left behind.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        # mkstemp makes files that only their owner can read; a report is for everyone.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
