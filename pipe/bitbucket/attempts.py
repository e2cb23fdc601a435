"""Attempt one request until its outcome is final; `retry` decides, `throttle` bounds."""

from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Generic, TypeVar, cast

from msgspec import Struct
from tenacity import RetryCallState, Retrying, retry_if_result

from pipe.bitbucket import problems
from pipe.bitbucket.auth import Authorizer
from pipe.bitbucket.exchange import exchange
from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.requests import IdempotentRequest, Request
from pipe.bitbucket.retry import (
    AttemptOutcome,
    Attempts,
    AttemptState,
    CheckState,
    Decision,
    Failed,
    FinalDecision,
    GiveUp,
    NoResponse,
    NotSent,
    Retry,
    Understood,
    Unparseable,
    decide,
    is_rate_limited,
    may_have_worked,
    retry_or_give_up,
)
from pipe.bitbucket.throttle import Deadline, RequestCounter, RollingWindow
from pipe.models.errors import RunOverError
from pipe.process.context import Clock

T = TypeVar("T")


class AttemptRecord(Struct, frozen=True, kw_only=True):
    """One attempt, as a log may show it: without bodies.

    Attributes:
        path: Path and query.
        result: The HTTP status, or the kind of failure.
        milliseconds: From sending to the end of the response.
        attempt: The number of the attempt, from 1.
    """

    method: str
    path: str
    result: int | str
    milliseconds: int
    attempt: int


class Shared(Struct, frozen=True, kw_only=True):
    """What all requests of a run share."""

    client: HttpClient
    deadline: Deadline
    counter: RequestCounter
    window: RollingWindow
    clock: Clock
    observe: Callable[[AttemptRecord], None]


class RequestAttempts(Struct, Generic[T], kw_only=True, eq=False):
    """The attempts at one request; used by one thread.

    Attributes:
        attempts: Counts the attempts; those of earlier sends of the request are in it.
        counted: Whether the request counts towards the hourly limit and the report.
    """

    shared: Shared
    request: Request[T]
    authorizer: Authorizer
    attempts: Attempts
    counted: bool
    _header: str = ""
    _renewed: bool = False

    def __repr__(self) -> str:
        """Return the request's method, without the `Authorization` header."""
        return f"RequestAttempts({self.request.method})"

    def run(self) -> FinalDecision[T]:
        """Send the request until the outcome is final.

        A request that was sent before is sent again after the usual pause, if that is allowed.

        Raises:
            RunOverError: The deadline or the hourly limit was reached between two attempts, or the
                run was asked to stop.
            PipeError: No `Authorization` header could be made.
        """
        if self.attempts.last is not None:
            resend = retry_or_give_up(self.attempts.last, self._state())
            if isinstance(resend, GiveUp):
                return resend
            self.shared.deadline.wait(resend.after)
        retrying = Retrying(
            retry=retry_if_result(lambda decision: isinstance(decision, Retry)),
            wait=lambda state: _retry(state).after,
            before_sleep=lambda state: self._prepare(_retry(state)),
            sleep=self.shared.deadline.wait,
        )
        return cast("FinalDecision[T]", retrying(self._attempt))

    def _attempt(self) -> Decision[T]:
        self.attempts.made += 1
        self.shared.deadline.wait_while_paused()
        self._header = self.authorizer.header()
        self.shared.deadline.check()  # fetching a token takes time
        if self.counted:
            self._reserve_slot()
        outcome = self._send()
        decision = decide(outcome, self._state())
        self.attempts.may_have_worked |= may_have_worked(outcome)
        if isinstance(outcome, Failed):
            self.attempts.last = outcome
        if isinstance(decision, CheckState | GiveUp):
            self.attempts.last = decision.last
            self.shared.deadline.pause_all(decision.asked or 0)
        return decision

    def _prepare(self, retry: Retry) -> None:
        """Act on a retry before the pause."""
        if retry.renew:
            self._renewed = True
            self.authorizer.invalidate(self._header)
        if retry.pause_all:
            self.shared.deadline.pause_all(retry.after)

    def _reserve_slot(self) -> None:
        """Wait until the hourly limit allows one more request."""
        window, deadline = self.shared.window, self.shared.deadline
        while (seconds := window.reserve()) > 0:
            if seconds >= deadline.remaining:
                raise RunOverError(problems.hourly_limit_reached(window.limit or 0, seconds))
            deadline.wait(seconds)

    def _send(self) -> AttemptOutcome[T]:
        monotonic = self.shared.clock.monotonic
        started = monotonic()
        outcome = exchange(
            self.shared.client, self.request, self._header, self.shared.deadline.remaining
        )
        seconds = monotonic() - started
        self.shared.observe(
            AttemptRecord(
                method=self.request.method,
                path=self.request.target,
                result=_result(outcome),
                milliseconds=round(seconds * 1000),
                attempt=self.attempts.made,
            )
        )
        if self.counted:
            self._count(outcome, seconds)
        return self._accept_deleted(outcome)

    def _count(self, outcome: AttemptOutcome[T], seconds: float) -> None:
        window = self.shared.window
        if isinstance(outcome, Understood | Failed):
            window.read_limit(outcome.answer)
        was_sent = not isinstance(outcome, NotSent)
        self.shared.counter.add(
            self.request.method,
            seconds,
            is_retry=self.attempts.made > 1,
            was_sent=was_sent,
        )
        if not was_sent:
            window.release()
        elif isinstance(outcome, Failed) and is_rate_limited(outcome.answer):
            window.reject()

    def _accept_deleted(self, outcome: AttemptOutcome[T]) -> AttemptOutcome[T]:
        """Let `parse` read a 404 where an earlier attempt may have deleted what is not found."""
        if (
            isinstance(outcome, Failed)
            and outcome.answer.status == HTTPStatus.NOT_FOUND
            and self.request.method is HTTPMethod.DELETE
            and self.attempts.may_have_worked
        ):
            return Understood(self.request.parse(outcome.answer), outcome.answer)
        return outcome

    def _state(self) -> AttemptState:
        shared = self.shared
        return AttemptState(
            idempotent=isinstance(self.request, IdempotentRequest),
            attempt=self.attempts.made,
            max_attempts=self.attempts.max_attempts,
            remaining=shared.deadline.remaining,
            budget_left=shared.counter.budget_left,
            renewable=self.authorizer.renewable and not self._renewed,
            now=shared.clock.now(),
            random=shared.clock.random(),
        )


def _retry(state: RetryCallState) -> Retry:
    """Return the decision that tenacity acts on."""
    return cast("Retry", state.outcome.result() if state.outcome else None)


def _result(outcome: AttemptOutcome[T]) -> int | str:
    match outcome:
        case Understood(answer=answer) | Failed(answer):
            return answer.status
        case Unparseable(status=status):
            return status
        case NotSent(reason) | NoResponse(reason):
            return reason.partition(":")[0]
