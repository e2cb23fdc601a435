"""How many requests fit into an hour: kept where it is told, and where it was found out."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR: Final = 3600.0
"""Seconds. Bitbucket counts the requests of an identity over a rolling hour."""

_MARGIN_SECONDS: Final = 1.0
"""The service counts from when a request reached it, which is later than when it left."""

_MOST: Final = 10_000
"""The highest limit that is known; older requests need not be remembered."""

_ENOUGH_TO_KNOW: Final = 500
"""Half of what Bitbucket grants to most. Whoever is refused after fewer shares the hour with
others, and can't know when it is free again."""


class Window:
    """The requests that this run sent in the last hour. Shared by threads.

    A request that the service would turn down need not be sent: the place of the oldest one is free
    an hour after it was taken.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sent: deque[float] = deque(maxlen=_MOST)
        self._met: int | None = None

    def limit(self, told: int | None) -> int | None:
        """Return how many fit into an hour, as far as that is known.

        Args:
            told: What the service said, if it said anything.
        """
        known = [each for each in (told, self._met) if each is not None]
        return min(known, default=None)

    def enter(self, told: int | None) -> float:
        """Take a place for a request and return 0, or return in how many seconds one is free."""
        with self._lock:
            now = self._monotonic()
            past = now - HOUR - _MARGIN_SECONDS
            while self._sent and self._sent[0] <= past:
                self._sent.popleft()
            limit = self.limit(told)
            if limit is None or len(self._sent) < limit or not self._sent:
                self._sent.append(now)
                return 0.0
            return self._sent[0] - past

    def leave(self) -> None:
        """Give back the place of a request that was never sent."""
        with self._lock:
            if self._sent:
                self._sent.pop()

    def refused(self) -> None:
        """Give back the place of a request that was one too many, and remember what was enough."""
        self.leave()
        with self._lock:
            if len(self._sent) >= _ENOUGH_TO_KNOW:
                self._met = min(len(self._sent), self._met or _MOST)
