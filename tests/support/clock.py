"""Time that passes only where a test or a pause lets it: no test really waits."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipe.process.context import Clock


@dataclass(slots=True)
class FakeClock:
    """A clock and random numbers that a test controls. Safe to share between threads.

    Attributes:
        seconds: Seconds since the epoch; also what `monotonic` returns.
        chance: What `random` always returns.
        slept: Every requested pause, in seconds.
    """

    seconds: float = 1_800_000_000.0
    chance: float = 0.5
    slept: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def time(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, tz=UTC)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(
            monotonic=self.time, now=self.now, sleep=self.sleep, random=lambda: self.chance
        )
