"""Time that passes only when somebody waits: no test ever really waits."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipe.context import Clock


@dataclass(slots=True)
class FakeClock:
    """A clock and chance in the test's hands. Safe to share between threads.

    Attributes:
        seconds: Seconds since the epoch; also what `monotonic` tells.
        chance: What `random` always gives.
        slept: Every wait that was asked for, in seconds.
    """

    seconds: float = 1_800_000_000.0
    chance: float = 0.5
    slept: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def time(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, tz=UTC)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(
            monotonic=self.time, now=self.now, sleep=self.sleep, random=lambda: self.chance
        )
