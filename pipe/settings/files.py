"""Reads the text files that a declaration names, and no others.

Someone who can edit the declaration must not be able to read the credentials of the pipe, or to
make it hang: only regular files inside the clone directory are read, and opening one never waits.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 1024 * 1024
_PSEUDO_FILE_SYSTEMS: Final = (Path("/proc"), Path("/sys"), Path("/dev"))
"""They hold files that look regular, the environment of this process among them."""


def read_clone_file(path: str, root: str) -> str:
    """Return the text of a file, with its line ends as they are.

    Args:
        path: Its path, relative to the working directory.
        root: The clone directory; the file is inside it after links are resolved.

    Raises:
        OSError: It cannot be read, is not a regular file inside the clone directory, or is
            larger than 1 MiB.
        UnicodeDecodeError: It is not UTF-8.
    """
    # Path.resolve reports a link that loops as RuntimeError before Python 3.13, as OSError since.
    resolved = Path(os.path.realpath(path, strict=True))
    if not resolved.is_relative_to(Path(root).resolve()) or any(
        resolved.is_relative_to(each) for each in _PSEUDO_FILE_SYSTEMS
    ):
        raise PermissionError(
            errno.EPERM, "it is outside the clone directory (BITBUCKET_CLONE_DIR)"
        )
    # A FIFO would wait for a writer; O_NOFOLLOW refuses a link put there since it was resolved.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(resolved, flags)
    try:
        content = _read_regular(descriptor)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES} bytes")
    return content.decode("utf-8")


def _read_regular(descriptor: int) -> bytes:
    """Return the content of a regular file, or a little more than the limit."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise PermissionError(errno.EPERM, "it is not a regular file")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(MAX_BYTES + 1)
