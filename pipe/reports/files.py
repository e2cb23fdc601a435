"""Writes report files: whole or not at all, and never at the cost of the run."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from pipe.models.results import RunResult
from pipe.reports.presentation import About


def write_reports(paths: Iterable[str], result: RunResult, about: About) -> Iterator[str]:
    """Write the reports; yield a warning for each that can't be written."""
    for path in paths:
        report = renderer(path)(result, about)
        try:
            write_atomically(Path(path), report)
        except OSError as error:
            yield f"The report {path} was not written: {reason(error)}. The run itself is unharmed."


def renderer(path: str) -> Callable[[RunResult, About], str]:
    """Return what writes the kind of report that a path asks for.

    Each is imported only here: most runs ask for one, or none, and start sooner without.
    """
    match Path(path).suffix.casefold():
        case ".xml":
            from pipe.reports.junit import render  # noqa: PLC0415 - only when asked for
        case ".md":
            from pipe.reports.markdown import render  # noqa: PLC0415 - only when asked for
        case ".html":
            from pipe.reports.html import render  # noqa: PLC0415 - only when asked for
        case _:
            from pipe.reports.json import render  # noqa: PLC0415 - only when asked for
    return render


_REASONS: Final = {
    errno.ENOENT: "its folder does not exist; create it first (mkdir -p)",
    errno.ENOTDIR: "what should be its folder is a file",
    errno.EISDIR: "a folder has that name",
    errno.EACCES: "writing into its folder is not allowed",
    errno.EPERM: "writing there is not allowed",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "no space is left",
    errno.EDQUOT: "the quota for files is used up",
}


def reason(error: OSError) -> str:
    """Say why a file could not be written."""
    told = _REASONS.get(error.errno or 0)
    return told or error.strerror or type(error).__name__


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Raises:
        OSError: It can't be written; nothing is left behind.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".bitbucket-environment-")
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
