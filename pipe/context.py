"""Injected dependencies of a run: environment, files, streams, clock, randomness, stop."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

if TYPE_CHECKING:  # a configuration error is reported without loading the HTTP client
    import httpx


class Clock(Struct, frozen=True, kw_only=True):
    """What a program otherwise takes from the world without asking.

    Attributes:
        monotonic: Seconds that only grow; deadlines and durations are told in them.
        now: The date and time in UTC, for dates that a server names.
        sleep: Wait that many seconds; it may come back earlier when the run was asked to stop.
        random: A number in [0, 1).
    """

    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    random: Callable[[], float]


class Stop:
    """Whether the run was asked to stop: by a signal, or by another thread. Safe to share."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""

    def request(self, reason: str) -> None:
        """Ask the run to stop; whoever waits wakes at once. The first reason is kept."""
        if not self._event.is_set():
            self._reason = reason
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether anyone asked."""
        return self._event.is_set()

    @property
    def reason(self) -> str:
        """Why, for the reader of the log; empty while nobody asked."""
        return self._reason

    def wait(self, seconds: float) -> None:
        """Wait that long, or until someone asks to stop."""
        self._event.wait(seconds)


def real_clock(stop: Stop) -> Clock:
    """Return the real clock and the real chance, with a sleep that `stop` ends."""
    return Clock(
        monotonic=time.monotonic,
        now=lambda: datetime.now(UTC),
        sleep=stop.wait,
        random=random.SystemRandom().random,
    )


class RunContext(Struct, frozen=True, kw_only=True):
    """All that a run takes from outside and gives to it.

    Attributes:
        environ: The environment variables.
        files: Reads a text file by its path.
        out: Where products go (`MODE=export`).
        err: Where the log goes.
        clock: Time, waiting and chance.
        stop: Asks the run to end.
        connect: Makes the HTTP client for an API address and a number of workers.
        in_pipe: Makes the HTTP client for the proxy beside a step; it is told our version.
    """

    environ: Mapping[str, str]
    files: Callable[[str], str]
    out: TextIO
    err: TextIO
    clock: Clock
    stop: Stop
    connect: Callable[[str, int], httpx.Client]
    in_pipe: Callable[[str], httpx.Client]
