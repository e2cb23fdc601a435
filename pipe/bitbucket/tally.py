"""How much was sent. Shared by threads."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipe.bitbucket.protocol import Method, Quota
from pipe.bitbucket.retry import allowed_repeats

if TYPE_CHECKING:
    from pipe.bitbucket.protocol import Answer

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The requests sent to the API so far; those for an OAuth token are not among them.

    Attributes:
        total: All, repeats included; a request that never left is not counted.
        reads: Those with GET.
        writes: The others.
        retries: How many of the total were repeats.
    """

    total: int = 0
    reads: int = 0
    writes: int = 0
    retries: int = 0


class Tally:
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

    def note(self, method: Method, *, is_repeat: bool, was_sent: bool) -> None:
        """Count an attempt. One that never left spends the budget, but is no request sent."""
        with self._lock:
            self._firsts += not is_repeat
            self._repeats += is_repeat
            if was_sent:
                self._counts = replace(
                    self._counts,
                    total=self._counts.total + 1,
                    reads=self._counts.reads + (method is Method.GET),
                    writes=self._counts.writes + (method is not Method.GET),
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
