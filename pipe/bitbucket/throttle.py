"""How much was sent. Shared by threads."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from http import HTTPMethod
from typing import Final

from msgspec.structs import replace

from pipe.bitbucket import problems
from pipe.bitbucket.requests import Answer, Quota
from pipe.bitbucket.retry import allowed_repeats
from pipe.context import Clock, Stop
from pipe.models.errors import RunOverError
from pipe.models.results import Counts

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class RequestCounter:
    """Counts requests, and repeats against the one budget of the run."""

    def __init__(self, max_attempts: int) -> None:
        self._lock = threading.Lock()
        self._max_attempts = max_attempts
        self._counts = Counts()
        self._firsts = 0
        self._repeats = 0
        self._quota = Quota()

    @property
    def quota(self) -> Quota:
        """What the service last said about the hourly limit."""
        with self._lock:
            return self._quota

    @property
    def counts(self) -> Counts:
        """What was sent so far."""
        with self._lock:
            return self._counts

    @property
    def budget_left(self) -> bool:
        """Whether the run may repeat one more request."""
        with self._lock:
            return self._repeats < allowed_repeats(self._firsts, self._max_attempts)

    def note(self, method: HTTPMethod, *, is_repeat: bool, was_sent: bool) -> None:
        """Count an attempt. One that never left spends the budget, but is no request sent."""
        with self._lock:
            self._firsts += not is_repeat
            self._repeats += is_repeat
            if was_sent:
                self._counts = replace(
                    self._counts,
                    total=self._counts.total + 1,
                    reads=self._counts.reads + (method is HTTPMethod.GET),
                    writes=self._counts.writes + (method is not HTTPMethod.GET),
                    retries=self._counts.retries + is_repeat,
                )

    def hear(self, answer: Answer) -> None:
        """Keep what an answer says about the hourly limit, if it says anything."""
        limit = answer.headers.get("x-ratelimit-limit", "")
        near = answer.headers.get("x-ratelimit-nearlimit", "").lower()
        with self._lock:
            if _NUMBER.fullmatch(limit):
                self._quota = replace(self._quota, limit=int(limit))
            if near in ("true", "false"):
                self._quota = replace(self._quota, near_limit=near == "true")


HOUR: Final = 3600.0
"""Seconds. Bitbucket counts the requests of an identity over a rolling hour."""

_MARGIN_SECONDS: Final = 1.0
"""The service counts from when a request reached it, which is later than when it left."""

_MOST: Final = 10_000
"""The highest limit that is known; older requests need not be remembered."""

_ENOUGH_TO_KNOW: Final = 500
"""Half of what Bitbucket grants to most. Whoever is refused after fewer shares the hour with
others, and can't know when it is free again."""


class RollingWindow:
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


class Deadline:
    """The time that a run has, from its making on."""

    def __init__(self, *, clock: Clock, stop: Stop, deadline_seconds: float) -> None:
        self._clock = clock
        self._stop = stop
        self._deadline_seconds = deadline_seconds
        self._deadline = clock.monotonic() + deadline_seconds
        self._lock = threading.Lock()
        self._resume_at = 0.0

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - self._clock.monotonic()

    def check(self) -> None:
        """Go on only if there is time, and nobody asked to stop.

        Raises:
            RunOverError: There is none, or somebody did.
        """
        if self._stop.requested:
            raise RunOverError(problems.stopped(self._stop.reason))
        if self.remaining <= 0:
            raise RunOverError(problems.deadline_exceeded(self._deadline_seconds))

    def wait(self, seconds: float) -> None:
        """Wait, but never past the deadline.

        Raises:
            RunOverError: It would, or somebody asked to stop.
        """
        self.check()
        if seconds >= self.remaining:
            raise RunOverError(problems.deadline_exceeded(self._deadline_seconds))
        self._clock.sleep(seconds)
        self.check()

    def slow_down(self, seconds: float) -> None:
        """Let no thread send anything for so long."""
        with self._lock:
            self._resume_at = max(self._resume_at, self._clock.monotonic() + seconds)

    def ready(self) -> None:
        """Return when a request may be sent.

        Raises:
            RunOverError: That would be after the deadline, or somebody asked to stop.
        """
        self.check()
        while (pause := self._pause()) > 0:
            self.wait(pause)

    def _pause(self) -> float:
        with self._lock:
            return self._resume_at - self._clock.monotonic()
