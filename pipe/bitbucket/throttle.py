"""Bounds that all requests of a run share: counters, the hourly limit, the deadline."""

import re
import threading
from collections import Counter, deque
from collections.abc import Callable
from http import HTTPMethod
from typing import Final

from msgspec.structs import replace

from pipe.bitbucket import problems
from pipe.bitbucket.requests import Answer
from pipe.bitbucket.retry import allowed_retries
from pipe.models.errors import Problem, RunOverError
from pipe.models.results import Counts
from pipe.process.context import Clock, Stop

HOUR: Final = 3600.0
"""Seconds. Bitbucket counts the requests of an identity over a rolling hour."""

_NUMBER: Final = re.compile(r"[0-9]{1,9}")

_MARGIN_SECONDS: Final = 1.0
"""Bitbucket counts a request when it arrives, which is later than when it was sent."""

_HIGHEST_LIMIT: Final = 10_000
"""The highest limit that is known; older requests need not be remembered."""

_MIN_OBSERVED: Final = 500
"""Half of what Bitbucket grants to most identities. A run that is refused after fewer requests
shares the hour with others, and can't know when requests are allowed again."""


MAX_FAILURES: Final = 10
"""Requests in a row that may fail at every attempt before the run ends."""


class RequestCounter:
    """Count requests, retries and time. Safe to share between threads."""

    def __init__(self, max_attempts: int) -> None:
        self._lock = threading.Lock()
        self._max_attempts = max_attempts
        self._counts = Counts()
        self._first_attempts = 0
        self._retries = 0
        self._seconds = 0.0

    @property
    def counts(self) -> Counts:
        """The requests sent so far."""
        with self._lock:
            return self._counts

    @property
    def budget_left(self) -> bool:
        """Whether the run may retry one more request."""
        with self._lock:
            return self._retries < allowed_retries(self._first_attempts, self._max_attempts)

    @property
    def mean_seconds(self) -> float:
        """The average duration of an attempt; 0 before the first."""
        with self._lock:
            return self._seconds / max(1, self._first_attempts + self._retries)

    def add(self, method: HTTPMethod, seconds: float, *, is_retry: bool, was_sent: bool) -> None:
        """Count an attempt; one that did not leave is no request, but may be a retry."""
        with self._lock:
            self._seconds += seconds
            self._first_attempts += not is_retry
            self._retries += is_retry
            if was_sent:
                is_read = method is HTTPMethod.GET
                self._counts = replace(
                    self._counts,
                    total=self._counts.total + 1,
                    reads=self._counts.reads + is_read,
                    writes=self._counts.writes + (not is_read),
                    retries=self._counts.retries + is_retry,
                )


class RollingWindow:
    """The requests that this run sent in the last hour. Safe to share between threads.

    A request beyond the hourly limit waits here instead of being refused by Bitbucket: the slot of
    the oldest request is free an hour after it was reserved.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sent: deque[float] = deque(maxlen=_HIGHEST_LIMIT)
        self._stated: int | None = None
        self._observed: int | None = None

    @property
    def limit(self) -> int | None:
        """The hourly limit, stated or observed; `None`: not known."""
        known = [each for each in (self._stated, self._observed) if each is not None]
        return min(known, default=None)

    def read_limit(self, answer: Answer) -> None:
        """Remember the limit that a response states; with some access tokens only, it does."""
        stated = answer.headers.get("x-ratelimit-limit", "")
        if _NUMBER.fullmatch(stated):
            self._stated = int(stated)

    def reserve(self) -> float:
        """Reserve a slot and return 0; if none is free, return the seconds to wait."""
        with self._lock:
            now = self._monotonic()
            past = now - HOUR - _MARGIN_SECONDS
            while self._sent and self._sent[0] <= past:
                self._sent.popleft()
            limit = self.limit
            if limit is None or len(self._sent) < limit or not self._sent:
                self._sent.append(now)
                return 0.0
            return self._sent[0] - past

    def release(self) -> None:
        """Release the slot of a request that did not leave."""
        with self._lock:
            if self._sent:
                self._sent.pop()

    def reject(self) -> None:
        """Release the slot of a request beyond the limit, and remember the limit observed."""
        self.release()
        with self._lock:
            if len(self._sent) >= _MIN_OBSERVED:
                self._observed = min(len(self._sent), self._observed or _HIGHEST_LIMIT)


class CircuitBreaker:
    """End a run whose requests fail one after the other. Safe to share between threads.

    Reads, writes and fetching tokens are counted apart: a service may fail at one of them only.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: Counter[str] = Counter()
        self._open: Problem | None = None

    def check(self) -> None:
        """Return if requests may be sent.

        Raises:
            RunOverError: Too many in a row failed.
        """
        with self._lock:
            if self._open is not None:
                raise RunOverError(self._open)

    def add_success(self, kind: str) -> None:
        """Record that Bitbucket answered a request."""
        with self._lock:
            self._failures[kind] = 0

    def add_failure(self, kind: str, problem: Problem) -> None:
        """Record that a request failed at every attempt; `problem` describes it."""
        with self._lock:
            self._failures[kind] += 1
            if self._failures[kind] >= MAX_FAILURES and self._open is None:
                self._open = problems.service_failing(self._failures[kind], problem)


class Deadline:
    """The end of a run, and the pauses on the way there. Safe to share between threads."""

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

    def check_stop(self) -> None:
        """Return if the run was not asked to stop.

        Raises:
            RunOverError: It was.
        """
        if self._stop.requested:
            raise RunOverError(problems.stopped(self._stop.reason))

    def check(self) -> None:
        """Return if the run may go on.

        Raises:
            RunOverError: The deadline has passed, or the run was asked to stop.
        """
        self.check_stop()
        if self.remaining <= 0:
            raise RunOverError(problems.deadline_exceeded(self._deadline_seconds))

    def wait(self, seconds: float) -> None:
        """Wait for some seconds.

        Raises:
            RunOverError: That would exceed the deadline, or the run was asked to stop.
        """
        self.check()
        remaining = self.remaining
        if seconds >= remaining:
            problem = problems.wait_exceeds_deadline(seconds, self._deadline_seconds, remaining)
            raise RunOverError(problem)
        self._clock.sleep(seconds)
        self.check()

    def pause_all(self, seconds: float) -> None:
        """Let no thread send anything for some seconds."""
        with self._lock:
            self._resume_at = max(self._resume_at, self._clock.monotonic() + seconds)

    def wait_while_paused(self) -> None:
        """Return when a request may be sent.

        Raises:
            RunOverError: That is after the deadline, or the run was asked to stop.
        """
        self.check()
        while (seconds := self._pause()) > 0:
            if seconds >= self.remaining:
                raise RunOverError(problems.pause_exceeds_deadline(seconds))
            self.wait(seconds)

    def _pause(self) -> float:
        with self._lock:
            return self._resume_at - self._clock.monotonic()
