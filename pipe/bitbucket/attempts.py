"""Attempt one request until its outcome is final; `retry` decides, `throttle` bounds."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Generic, TypeVar, cast

from msgspec import Struct
from tenacity import RetryCallState, Retrying, retry_if_result

from pipe.bitbucket import problems
from pipe.bitbucket.auth import Authorizer
from pipe.bitbucket.http import HttpExchange
from pipe.bitbucket.requests import IdempotentRequest, Request
from pipe.bitbucket.retry import (
    Attempts,
    AttemptState,
    CheckState,
    Decision,
    Failed,
    FinalDecision,
    GiveUp,
    NoResponse,
    NotSent,
    Outcome,
    Retry,
    Understood,
    Unparseable,
    decide,
    is_rate_limited,
    may_have_worked,
    retry_or_give_up,
)
from pipe.bitbucket.throttle import CircuitBreaker, Deadline, RequestCounter, RollingWindow
from pipe.context import Clock
from pipe.models.errors import RunOverError

T = TypeVar("T")


class AttemptRecord(Struct, frozen=True, kw_only=True):
    """One attempt, as a log may show it: without bodies.

    Attributes:
        method: The HTTP method.
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

    exchange: HttpExchange
    deadline: Deadline
    counter: RequestCounter
    window: RollingWindow
    breaker: CircuitBreaker
    clock: Clock
    max_attempts: int
    observe: Callable[[AttemptRecord], None]


class RequestAttempts(Generic[T]):
    """The attempts at one request; used by one thread.

    Args:
        shared: What all requests share.
        request: What to send.
        authorizer: Makes the `Authorization` header.
        attempts: Counts the attempts; those of earlier sends of the request are in it.
        counted: Whether the request counts towards the hourly limit and the report.
    """

    def __init__(
        self,
        shared: Shared,
        request: Request[T],
        authorizer: Authorizer,
        attempts: Attempts,
        *,
        counted: bool,
    ) -> None:
        self._shared = shared
        self._request = request
        self._authorizer = authorizer
        self._attempts = attempts
        self._counted = counted
        self._header = ""
        self._renewed = False

    def run(self) -> FinalDecision[T]:
        """Send the request until the outcome is final.

        A request that was sent before is sent again after the usual pause, if that is allowed.

        Raises:
            RunOverError: The deadline or the hourly limit was reached between two attempts, or the
                run was asked to stop.
            PipeError: No `Authorization` header could be made.
        """
        if self._attempts.last is not None:
            resend = retry_or_give_up(self._attempts.last, self._state())
            if isinstance(resend, GiveUp):
                return resend
            self._shared.deadline.wait(resend.after)
        retrying = Retrying(
            retry=retry_if_result(lambda decision: isinstance(decision, Retry)),
            wait=lambda state: _retry(state).after,
            before_sleep=lambda state: self._prepare(_retry(state)),
            sleep=self._shared.deadline.wait,
        )
        return cast("FinalDecision[T]", retrying(self._attempt))

    def _attempt(self) -> Decision[T]:
        self._attempts.made += 1
        self._shared.deadline.wait_while_paused()
        self._header = self._authorizer.header()
        self._shared.deadline.check()  # fetching a token takes time
        if self._counted:
            self._reserve_slot()
        outcome = self._send()
        decision = decide(outcome, self._state())
        self._attempts.may_have_worked |= may_have_worked(outcome)
        if isinstance(outcome, Failed):
            self._attempts.last = outcome
        if isinstance(decision, CheckState | GiveUp):
            self._attempts.last = decision.last
            self._shared.deadline.pause_all(decision.asked or 0)
        return decision

    def _prepare(self, retry: Retry) -> None:
        """Act on a retry before the pause."""
        if retry.renew:
            self._renewed = True
            self._authorizer.invalidate(self._header)
        if retry.pause_all:
            self._shared.deadline.pause_all(retry.after)

    def _reserve_slot(self) -> None:
        """Wait until the hourly limit allows one more request."""
        window, deadline = self._shared.window, self._shared.deadline
        stated = self._shared.counter.quota.limit
        while (seconds := window.reserve(stated)) > 0:
            if seconds >= deadline.remaining:
                limit = window.limit(stated) or 0
                raise RunOverError(problems.hourly_limit_reached(limit, seconds))
            deadline.wait(seconds)

    def _send(self) -> Outcome[T]:
        monotonic = self._shared.clock.monotonic
        started = monotonic()
        outcome = self._shared.exchange.exchange(
            self._request, self._header, self._shared.deadline.remaining
        )
        self._shared.observe(
            AttemptRecord(
                method=self._request.method,
                path=self._request.target,
                result=_result(outcome),
                milliseconds=round((monotonic() - started) * 1000),
                attempt=self._attempts.made,
            )
        )
        self._count(outcome)
        return self._accept_deleted(outcome)

    def _count(self, outcome: Outcome[T]) -> None:
        counter, window = self._shared.counter, self._shared.window
        if isinstance(outcome, Understood | Failed):
            counter.read_quota(outcome.answer)
        if not self._counted:
            return
        was_sent = not isinstance(outcome, NotSent)
        counter.add(self._request.method, is_retry=self._attempts.made > 1, was_sent=was_sent)
        if not was_sent:
            window.release()
        elif isinstance(outcome, Failed) and is_rate_limited(outcome.answer):
            window.reject()

    def _accept_deleted(self, outcome: Outcome[T]) -> Outcome[T]:
        """Let `parse` read a 404 where an earlier attempt may have deleted what is not found."""
        if (
            isinstance(outcome, Failed)
            and outcome.answer.status == HTTPStatus.NOT_FOUND
            and self._request.method is HTTPMethod.DELETE
            and self._attempts.may_have_worked
        ):
            return Understood(self._request.parse(outcome.answer), outcome.answer)
        return outcome

    def _state(self) -> AttemptState:
        shared = self._shared
        return AttemptState(
            idempotent=isinstance(self._request, IdempotentRequest),
            attempt=self._attempts.made,
            max_attempts=shared.max_attempts,
            remaining=shared.deadline.remaining,
            budget_left=shared.counter.budget_left,
            renewable=self._authorizer.renewable and not self._renewed,
            now=shared.clock.now(),
            random=shared.clock.random(),
        )


def _retry(state: RetryCallState) -> Retry:
    """Return the decision that tenacity acts on."""
    return cast("Retry", state.outcome.result() if state.outcome else None)


def _result(outcome: Outcome[T]) -> int | str:
    match outcome:
        case Understood(answer=answer) | Failed(answer):
            return answer.status
        case Unparseable(status=status):
            return status
        case NotSent(reason) | NoResponse(reason):
            return reason.partition(":")[0]
