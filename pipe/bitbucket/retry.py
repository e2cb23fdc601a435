"""What to do after an attempt: pure, so that every case can be tried in a test.

A GET, PUT or DELETE may be sent again after anything that may pass. A POST only when it was surely
not processed: it never left, or the service refused to look at it (429). After everything else the
caller has to read what became of it, and decide.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final, Generic, TypeAlias, TypeVar, assert_never

from msgspec import Struct

from pipe.bitbucket.requests import Answer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_BASE_SECONDS: Final = 0.5
_CAP_SECONDS: Final = 30.0
_MAX_DOUBLINGS: Final = 10
"""Beyond these the cap holds anyway; a bound keeps the power small."""

_UNAUTHORIZED: Final = 401
_TIMED_OUT: Final = 408
_TOO_EARLY: Final = 425
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500

_SECONDS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")

_RESERVE_ROUNDS: Final = 10
_SHARE: Final = 0.2


class Understood(Struct, Generic[T_co], frozen=True):
    """An answer of the 2xx family that could be read."""

    value: T_co
    answer: Answer


class Failed(Struct, frozen=True):
    """An answer that is not of the 2xx family."""

    answer: Answer


class NotSent(Struct, frozen=True):
    """The service never saw the request: no name, no connection, no TLS, no tunnel."""

    reason: str


class NoResponse(Struct, frozen=True):
    """The request left, no whole answer came back."""

    reason: str


class Unparseable(Struct, frozen=True):
    """An answer came that makes no sense."""

    reason: str
    status: int


Trouble: TypeAlias = Failed | NotSent | NoResponse | Unparseable
Outcome: TypeAlias = Understood[T] | Trouble


class Accept(Struct, Generic[T_co], frozen=True):
    """This is what was asked for."""

    value: T_co


class Refuse(Struct, frozen=True):
    """The service decided (3xx, 4xx): the same request would be answered the same."""

    answer: Answer


class Retry(Struct, frozen=True, kw_only=True):
    """Send the request again.

    Attributes:
        after: Seconds to wait before.
        together: The service asked to slow down: all threads wait.
        renew: Fetch a new OAuth token before.
    """

    after: float
    together: bool = False
    renew: bool = False


class Limit(Enum):
    """Which bound was met."""

    TRIES = "tries"
    TIME = "time"
    BUDGET = "budget"


class GiveUp(Struct, frozen=True, kw_only=True):
    """The request failed for good.

    Attributes:
        limit: The bound that was met.
        last: What went wrong at last.
        asked: How many seconds the service asked to wait, if it did.
    """

    limit: Limit
    last: Trouble
    asked: float | None = None


class CheckState(Struct, frozen=True):
    """A POST may have taken effect: it is not for us to decide."""

    last: Trouble


FinalDecision: TypeAlias = Accept[T] | Refuse | GiveUp | CheckState
Decision: TypeAlias = FinalDecision[T] | Retry


class AttemptState(Struct, frozen=True, kw_only=True):
    """What is known after an attempt, besides its outcome.

    Attributes:
        repeatable: Whether the request may be sent twice without harm.
        attempt: Which attempt this was, from 1.
        max_attempts: How many there may be.
        remaining: Seconds until the deadline of the run.
        budget_left: Whether the run may repeat another request.
        renewable: Whether a new token could be fetched, and was not yet for this request.
        now: For dates in headers.
        chance: A number in [0, 1).
    """

    repeatable: bool
    attempt: int
    max_attempts: int
    remaining: float
    budget_left: bool
    renewable: bool
    now: datetime
    chance: float


def decide(outcome: Outcome[T], situation: AttemptState) -> Decision[T]:
    """Return what to do after `outcome`."""
    match outcome:
        case Understood(value):
            return Accept(value)
        case Failed(answer):
            return _after_failure(outcome, answer, situation)
        case NotSent():
            return _again(situation, outcome, None)
        case NoResponse() | Unparseable():
            if situation.repeatable:
                return _again(situation, outcome, None)
            return CheckState(outcome)
        case _:
            assert_never(outcome)


def _after_failure(failed: Failed, answer: Answer, situation: AttemptState) -> Decision[T]:
    if situation.renewable and says_expired(answer):
        return Retry(after=0, renew=True)
    if not is_passing(answer.status):
        return Refuse(answer)
    if situation.repeatable or is_slow_down(answer):
        asked = asked_to_wait(answer, situation.now)
        return _again(situation, failed, asked, together=is_slow_down(answer))
    return CheckState(failed)


def is_passing(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status in (_TIMED_OUT, _TOO_EARLY, _TOO_MANY) or status >= _SERVER_FAULT


def is_slow_down(answer: Answer) -> bool:
    """Return whether the service refused to look at a request because there are too many."""
    return answer.status == _TOO_MANY


def may_have_worked(outcome: Outcome[T]) -> bool:
    """Return whether the request may have taken effect."""
    match outcome:
        case Failed(answer):
            return is_passing(answer.status) and not is_slow_down(answer)
        case Understood() | NoResponse() | Unparseable():
            return True
        case NotSent():
            return False
        case _:
            assert_never(outcome)


def says_expired(answer: Answer) -> bool:
    """Return whether a token was refused because its time is over."""
    return answer.status == _UNAUTHORIZED and b"expired" in answer.body.lower()


def _again(
    situation: AttemptState, last: Trouble, asked: float | None, *, together: bool = False
) -> Retry | GiveUp:
    if situation.attempt >= situation.max_attempts:
        return GiveUp(limit=Limit.TRIES, last=last, asked=asked)
    if not situation.budget_left:
        return GiveUp(limit=Limit.BUDGET, last=last, asked=asked)
    # Never less than the usual pause: "0" or a date in the past must not make us hammer.
    after = max(asked or 0.0, backoff(situation.attempt, situation.chance))
    if after >= situation.remaining:
        return GiveUp(limit=Limit.TIME, last=last, asked=asked)
    return Retry(after=after, together=together or asked is not None)


def backoff(attempt: int, chance: float) -> float:
    """Return the seconds to wait after that many attempts: exponential, with full jitter."""
    return chance * min(_CAP_SECONDS, _BASE_SECONDS * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS))


def asked_to_wait(answer: Answer, now: datetime) -> float | None:
    """Return how many seconds the service asked to wait, `None` if it did not ask.

    `Retry-After` holds seconds or a date. `X-RateLimit-Reset` of a 429 holds seconds to wait, not
    the moment of the reset (seen on anonymous calls).
    """
    told = answer.headers.get("retry-after", "").strip()
    if told:
        seconds = _seconds(told)
        wait = _seconds_until(told, now) if seconds is None else seconds
        if wait is not None:
            return wait
    if is_slow_down(answer):
        return _seconds(answer.headers.get("x-ratelimit-reset", "").strip())
    return None


def allowed_repeats(requests: int, max_attempts: int) -> int:
    """Return how many repeats a run may have made once it has sent `requests` first attempts.

    A reserve of ten requests that fail to the end, so that a run can survive a bad minute and a few
    broken repositories, plus a fifth of the requests, so that a long run is not ended by trouble
    that is evenly spread. When a service fails nearly always, this stops a fleet from hammering it.
    """
    return _RESERVE_ROUNDS * (max_attempts - 1) + math.floor(_SHARE * requests)


def _seconds(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text) else None


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
