"""A rolling budget of requests for each caller."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

HOUR: Final = 3600.0


@dataclass(slots=True)
class Budgets:
    """When each caller sent what still counts."""

    sent: dict[str, deque[float]] = field(default_factory=dict)

    def spend(self, caller: str, limit: int, now: float) -> int:
        """Count a request; return the seconds to wait when the budget is spent, else 0.

        A request that is turned down does not count.
        """
        times = self.sent.setdefault(caller, deque())
        while times and times[0] <= now - HOUR:
            times.popleft()
        if len(times) >= limit:
            return max(1, math.ceil(times[0] + HOUR - now))
        times.append(now)
        return 0

    def left(self, caller: str, limit: int) -> int:
        """Return how many requests the caller may still send."""
        return limit - len(self.sent.get(caller, ()))
