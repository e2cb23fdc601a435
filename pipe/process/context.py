"""Injected dependencies of a run: environment, files, streams, clock, randomness, stop."""

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

if TYPE_CHECKING:  # a configuration error is reported without loading the HTTP client
    import httpx


class Writable(Protocol):
    """A stream of text."""

    def write(self, text: str, /) -> object:
        """Write a text; raise `OSError` if that fails."""


class Clock(Struct, frozen=True, kw_only=True):
    """Time and randomness.

    Attributes:
        monotonic: Returns seconds that never decrease, for deadlines and durations.
        now: Returns the date and time in UTC, for dates in answers.
        sleep: Waits for a number of seconds; returns earlier when the run is asked to stop.
        random: Returns a number in [0, 1), for jitter.
    """

    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    random: Callable[[], float]


_POLL_SECONDS: Final = 0.1
"""How often a wait looks whether the run was asked to stop."""


class Stop:
    """A request to stop the run, by a signal or a thread. Safe to share between threads.

    A handler may interrupt any method in the same thread, and another handler too. So no method
    holds a lock, as those of `threading.Event` do.
    """

    def __init__(self) -> None:
        self._reason = ""

    def request(self, reason: str) -> None:
        """Ask the run to stop; what waits goes on soon. The first reason is kept."""
        self._reason = self._reason or reason

    @property
    def requested(self) -> bool:
        """Whether the run was asked to stop."""
        return bool(self._reason)

    @property
    def reason(self) -> str:
        """Why, for example `SIGTERM`; empty if the run was not asked to stop."""
        return self._reason

    def wait(self, seconds: float) -> None:
        """Wait for that many seconds, or until the run is asked to stop."""
        until = time.monotonic() + seconds
        while not self._reason and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))  # an event would hold a lock


def real_clock(stop: Stop) -> Clock:
    """Return the system's clock and randomness, with a sleep that `stop` interrupts."""
    return Clock(
        monotonic=time.monotonic,
        now=lambda: datetime.now(UTC),
        sleep=stop.wait,
        random=random.random,
    )


class RunContext(Struct, frozen=True, kw_only=True):
    """Everything that a run takes from its process.

    Attributes:
        environ: The environment variables.
        files: Reads a text file by its path.
        out: Standard output, for products (`MODE=export`).
        err: Standard error, for the log.
        connect: Returns what carries HTTP requests to Bitbucket.
        in_pipe: Returns what carries them through the proxy beside each step.
        arguments: Those of the command line.
    """

    environ: Mapping[str, str]
    files: Callable[[str], str]
    out: Writable
    err: Writable
    clock: Clock
    stop: Stop
    connect: Callable[[], "httpx.BaseTransport"]
    in_pipe: Callable[[], "httpx.BaseTransport"]
    arguments: tuple[str, ...] = ()
