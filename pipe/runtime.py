"""Time, waiting and chance, handed in, so that tests decide about them and never wait."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
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


def real_runtime(stop: Stop) -> Runtime:
    """Return the real clock and the real chance, with a sleep that `stop` ends."""
    return Runtime(
        monotonic=time.monotonic,
        now=lambda: datetime.now(UTC),
        sleep=stop.wait,
        random=random.SystemRandom().random,
    )
