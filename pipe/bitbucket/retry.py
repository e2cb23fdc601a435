"""Decide what to do after an attempt at a request (pure).

A GET, PUT or DELETE is sent again after anything that may pass. A POST is sent again only when it
was surely not processed: it never left, or Bitbucket refused to look at it (429). After any other
failure of a POST its caller reads whether it took effect, then decides.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct

from pipe.bitbucket.requests import Answer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_BASE_SECONDS: Final = 0.5
_MAX_BACKOFF_SECONDS: Final = 30.0
_MAX_DOUBLINGS: Final = 10
"""Keeps the power small; the maximum applies long before."""

_TRANSIENT: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_SECONDS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")

_RESERVED_REQUESTS: Final = 10
_RETRY_SHARE: Final = 0.2


class Understood(Struct, Generic[T_co], frozen=True):
    """A response with a 2xx status, parsed into `value`."""

    value: T_co
    answer: Answer


class Failed(Struct, frozen=True):
    """A response with any other status."""

    answer: Answer


class NotSent(Struct, frozen=True):
    """The request did not leave: no address, no connection, no TLS or no tunnel."""

    reason: str


class NoResponse(Struct, frozen=True):
    """The request left, but no complete response arrived."""

    reason: str


class Unparseable(Struct, frozen=True):
    """A response arrived that is not Bitbucket's, or damaged."""

    reason: str
    status: int


Failure: TypeAlias = Failed | NotSent | NoResponse | Unparseable
AttemptOutcome: TypeAlias = Understood[T] | Failure


class Accept(Struct, Generic[T_co], frozen=True):
    """The request succeeded."""

    value: T_co


class Reject(Struct, frozen=True):
    """Bitbucket refused the request (3xx, 4xx); the same request would be refused again."""

    answer: Answer


class Retry(Struct, frozen=True, kw_only=True):
    """Send the request again.

    Attributes:
        after: Seconds to wait before.
        pause_all: Whether all threads wait: Bitbucket asked to slow down.
        renew: Whether to fetch a new OAuth token before.
    """

    after: float
    pause_all: bool = False
    renew: bool = False


class Limit(Enum):
    """The limit that a request reached."""

    ATTEMPTS = "attempts"
    TIME = "time"
    BUDGET = "budget"


class GiveUp(Struct, frozen=True, kw_only=True):
    """The request failed.

    Attributes:
        last: What the last attempt came to.
        asked: The seconds that Bitbucket asked to wait, if it did.
    """

    limit: Limit
    last: Failure
    asked: float | None = None


class CheckState(Struct, frozen=True, kw_only=True):
    """A POST may or may not have taken effect: its caller has to read.

    Attributes:
        last: What the attempt came to.
        asked: The seconds that Bitbucket asked to wait, if it did.
    """

    last: Failure
    asked: float | None = None


FinalDecision: TypeAlias = Accept[T] | Reject | GiveUp | CheckState
Decision: TypeAlias = FinalDecision[T] | Retry


class Attempts(Struct, eq=False):
    """The attempts at one POST, over all its sends; used by one thread.

    A POST whose outcome is unknown is sent again after a read, as a further attempt at the same
    request.

    Attributes:
        may_have_worked: Whether one of them may have taken effect.
        last: What the last of an earlier send came to.
    """

    max_attempts: int
    made: int = 0
    may_have_worked: bool = False
    last: Failure | None = None

    @property
    def exhausted(self) -> bool:
        """Whether none is left."""
        return self.made >= self.max_attempts


class AttemptState(Struct, frozen=True, kw_only=True):
    """What is known after an attempt, besides its outcome.

    Attributes:
        idempotent: Whether the request may be sent twice without harm.
        attempt: The number of the attempt, from 1.
        remaining: Seconds until the deadline of the run.
        budget_left: Whether the run may retry another request.
        renewable: Whether a new token can be fetched, and was not yet for this request.
        now: The time, for dates in headers.
        random: A number in [0, 1), for jitter.
    """

    idempotent: bool
    attempt: int
    max_attempts: int
    remaining: float
    budget_left: bool
    renewable: bool
    now: datetime
    random: float


def decide(outcome: AttemptOutcome[T], state: AttemptState) -> Decision[T]:
    """Return what to do after `outcome`."""
    match outcome:
        case Understood(value):
            return Accept(value)
        case Failed(answer):
            return _after_failure(outcome, answer, state)
        case NotSent():
            return retry_or_give_up(outcome, state)
        case NoResponse() | Unparseable():
            return (
                retry_or_give_up(outcome, state) if state.idempotent else CheckState(last=outcome)
            )


def _after_failure(failed: Failed, answer: Answer, state: AttemptState) -> Decision[T]:
    if state.renewable and says_expired(answer):  # not a failure: one more, whatever the limits
        return Retry(after=0, renew=True)
    if not is_transient(answer.status):
        return Reject(answer)
    asked = asked_to_wait(answer, state.now)
    if state.idempotent or is_rate_limited(answer):
        return retry_or_give_up(failed, state, asked, pause_all=is_rate_limited(answer))
    if asked is not None and asked >= state.remaining:
        return GiveUp(limit=Limit.TIME, last=failed, asked=asked)
    return CheckState(last=failed, asked=asked)


def retry_or_give_up(
    last: Failure, state: AttemptState, asked: float | None = None, *, pause_all: bool = False
) -> Retry | GiveUp:
    """Return whether another attempt is allowed, and when.

    Args:
        last: What the last attempt came to.
        state: What else is known after it.
        asked: The seconds that Bitbucket asked to wait; all threads then wait.
        pause_all: Whether all threads wait in any case.
    """
    if state.attempt >= state.max_attempts:
        return GiveUp(limit=Limit.ATTEMPTS, last=last, asked=asked)
    if not state.budget_left:
        return GiveUp(limit=Limit.BUDGET, last=last, asked=asked)
    # Never less than the usual pause: "0" or a date in the past is no reason to hurry.
    after = max(asked or 0.0, backoff(state.attempt, state.random))
    if after >= state.remaining:
        return GiveUp(limit=Limit.TIME, last=last, asked=asked)
    return Retry(after=after, pause_all=pause_all or asked is not None)


def is_transient(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def is_rate_limited(answer: Answer) -> bool:
    """Return whether Bitbucket refused to process a request because there were too many."""
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS


def may_have_worked(outcome: AttemptOutcome[T]) -> bool:
    """Return whether the request may have taken effect."""
    match outcome:
        case Failed(answer):
            return is_transient(answer.status) and not is_rate_limited(answer)
        case Understood() | NoResponse() | Unparseable():
            return True
        case NotSent():
            return False


def says_expired(answer: Answer) -> bool:
    """Return whether a token was refused because it expired."""
    return answer.status == HTTPStatus.UNAUTHORIZED and b"expired" in answer.body.lower()


def backoff(attempt: int, random: float) -> float:
    """Return the seconds to wait after an attempt: exponential, with full jitter."""
    seconds = _BASE_SECONDS * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS)
    return random * min(_MAX_BACKOFF_SECONDS, seconds)


def asked_to_wait(answer: Answer, now: datetime) -> float | None:
    """Return the seconds that Bitbucket asked to wait, `None` if it did not.

    `Retry-After` is in seconds or a date (never seen live; standard). `X-RateLimit-Reset` of a 429
    is in seconds to wait, not the time of the reset (seen on anonymous calls).
    """
    value = answer.headers.get("retry-after", "").strip()
    if value:
        seconds = _seconds(value)
        wait = _seconds_until(value, now) if seconds is None else seconds
        if wait is not None:
            return wait
    if is_rate_limited(answer):
        return _seconds(answer.headers.get("x-ratelimit-reset", "").strip())
    return None


def allowed_retries(requests: int, max_attempts: int) -> int:
    """Return how many retries a run may have made after `requests` first attempts.

    Ten requests may fail at every attempt, so that a run survives a bad minute and a few broken
    repositories; beyond these, one retry for five requests, so that evenly spread failures do not
    end a long run. A fleet does not overload a service that fails nearly always.
    """
    return _RESERVED_REQUESTS * (max_attempts - 1) + math.floor(_RETRY_SHARE * requests)


def _seconds(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text) else None


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
