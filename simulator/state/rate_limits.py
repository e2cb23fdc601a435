"""A rolling request budget for each caller."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

HOUR: Final = 3600.0


@dataclass(slots=True)
class RateLimiter:
    """Times of the requests of the last hour, by caller.

    Attributes:
        sent: Seconds of the simulator's clock, in order.
    """

    sent: dict[str, deque[float]] = field(default_factory=dict)

    def reserve(self, caller: str, limit: int, now: float) -> int:
        """Count a request and return 0, or return the seconds to wait for the next free slot.

        A request that has to wait does not count.
        """
        times = self.sent.setdefault(caller, deque())
        while times and times[0] <= now - HOUR:
            times.popleft()
        if len(times) >= limit:
            return max(1, math.ceil(times[0] + HOUR - now))
        times.append(now)
        return 0

    def remaining(self, caller: str, limit: int) -> int:
        """Return how many requests the caller can still send."""
        return limit - len(self.sent.get(caller, ()))
