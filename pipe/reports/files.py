"""Write report files as a whole or not at all; a report that can't be written is a warning."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from pipe.parsing.values import REPORT_FORMATS
from pipe.reports.presentation import RunView


def write_report(path: str, view: RunView) -> Iterator[str]:
    """Write a report in the format of its file; yield a warning if it can't be written."""
    report = renderer(path)(view)
    try:
        write_atomically(Path(path), report)
    except OSError as error:
        yield (
            f"The report {path} was not written: {reason(error)}."
            " The result of the run is not affected."
        )


def renderer(path: str) -> Callable[[RunView], str]:
    """Return the function that renders the format that a path's ending asks for.

    Formats are imported only here: most runs write one report or none, and start sooner without.
    """
    formats = (name for end, name in REPORT_FORMATS.items() if path.casefold().endswith(end))
    render: Callable[[RunView], str] = import_module(f"pipe.reports.{next(formats)}").render
    return render


_REASONS: Final = {
    errno.ENOENT: "its folder does not exist; create it first (mkdir -p)",
    errno.ENOTDIR: "its folder is a file",
    errno.EISDIR: "a folder has that name",
    errno.EACCES: "permission to write into its folder is denied",
    errno.EPERM: "writing there is not permitted",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "the disk quota is exceeded",
}


_NOT_REGULAR: Final = "it is not a regular file (links, devices and pipes are never replaced)"


def reason(error: OSError) -> str:
    """Say why a file could not be written."""
    return _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part of it.

    Only a regular file is replaced.

    Raises:
        OSError: It can't be written; nothing is left behind.
    """
    import tempfile  # noqa: PLC0415 - a start without reports does without it: 5 ms

    _check_replaceable(path)
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


def _check_replaceable(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError(errno.EINVAL, _NOT_REGULAR)
