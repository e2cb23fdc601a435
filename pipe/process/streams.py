"""Standard output and standard error that neither block a stopped run nor end it.

Texts are written to file descriptors directly, as UTF-8 and without a buffer: nothing is left to
flush, so nothing can fail, when the process exits.
"""

import os
import select
from contextlib import suppress
from time import monotonic
from typing import Final

from pipe.process.context import Stop

LOG_GRACE_SECONDS: Final = 0.3
"""How long a stopped run waits for a reader that has stopped reading: once, not for each text."""

_STANDARD_ERROR: Final = 2
_POLL_MILLISECONDS: Final = 100
_CHUNK_BYTES: Final = 4096
"""What a pipe that is ready accepts without blocking (`PIPE_BUF`)."""


class OutputStream:
    """Writes products to a file descriptor.

    Args:
        descriptor: 1 for standard output.
        stop: Whether the run was asked to stop.
    """

    def __init__(self, descriptor: int, stop: Stop) -> None:
        self._descriptor = descriptor
        self._stop = stop
        self._give_up_at: float | None = None

    def write(self, text: str) -> None:
        """Write a text at once.

        Raises:
            OSError: It could not be written: the stream is closed, full, or has no reader.
        """
        data = text.encode("utf-8", "backslashreplace")
        while data:
            self._wait()
            with suppress(BlockingIOError):  # another process filled the pipe first
                data = data[os.write(self._descriptor, data[:_CHUNK_BYTES]) :]

    def _wait(self) -> None:
        """Wait until the stream accepts data.

        Raises:
            TimeoutError: It does not, and the run was stopped.
        """
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while not poll.poll(0):
            now = monotonic()
            if self._stop.requested and self._give_up_at is None:
                self._give_up_at = now + LOG_GRACE_SECONDS
            if self._give_up_at is not None and now >= self._give_up_at:
                raise TimeoutError
            poll.poll(_POLL_MILLISECONDS)


class LogStream(OutputStream):
    """Writes the log; a log that can't be written is lost, and the run goes on."""

    def write(self, text: str) -> None:
        """Write a text at once, or lose it."""
        with suppress(OSError):
            super().write(text)


def reserve_standard_descriptors() -> None:
    """Open the null device in place of a standard stream that is closed.

    Otherwise a connection could get its number, and receive the log. The null device is opened for
    reading only: writing to a closed stream is still an error.
    """
    while (descriptor := os.open(os.devnull, os.O_RDONLY)) <= _STANDARD_ERROR:
        pass
    os.close(descriptor)
