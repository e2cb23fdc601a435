"""All attempts at one request; `retry` decides about each, tenacity turns the wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar, assert_never

from tenacity import Retrying, retry_if_exception_type

from pipe import problems
from pipe.bitbucket.protocol import Method, Repeatable
from pipe.bitbucket.retry import (
    Failed,
    Garbled,
    Lost,
    NotSent,
    Repeat,
    Situation,
    Understood,
    decide,
    is_slow_down,
    may_have_worked,
)
from pipe.errors import RunOverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.bitbucket.auth import Authorizer
    from pipe.bitbucket.pace import Pace
    from pipe.bitbucket.protocol import Request
    from pipe.bitbucket.retry import Outcome, Settled
    from pipe.bitbucket.tally import Tally
    from pipe.bitbucket.window import Window
    from pipe.bitbucket.wire import Wire
    from pipe.runtime import Runtime

T = TypeVar("T")

_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One attempt, as a log may tell it: never a body.

    Attributes:
        method: The HTTP method.
        path: With its query.
        result: The status, or what went wrong.
        milliseconds: From sending to the end of the answer.
        attempt: From 1.
    """

    method: str
    path: str
    result: int | str
    milliseconds: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all efforts of a run have in common."""

    wire: Wire
    pace: Pace
    tally: Tally
    window: Window
    runtime: Runtime
    max_attempts: int
    observe: Callable[[Exchange], None]


class _AgainError(Exception):
    """Asks for another attempt."""


class Effort(Generic[T]):
    """The attempts at one request, made by one thread."""

    def __init__(
        self, shared: Shared, request: Request[T], authorizer: Authorizer, *, counted: bool
    ) -> None:
        self._shared = shared
        self._request = request
        self._authorizer = authorizer
        self._counted = counted
        self._attempts = 0
        self._pause = 0.0
        self._renewed = False
        self._may_have_worked = False

    @property
    def attempts(self) -> int:
        """How many there were."""
        return self._attempts

    def settle(self) -> Settled[T]:
        """Try until there is something to say.

        Raises:
            RunOverError: Time ran out between attempts, or the run was asked to stop.
            PipeError: There is nobody to call as.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(_AgainError),
            wait=lambda _: self._pause,
            sleep=self._shared.pace.wait,
        )
        return attempts(self._attempt)

    def _attempt(self) -> Settled[T]:
        self._attempts += 1
        self._shared.pace.ready()
        header = self._authorizer.header()
        self._shared.pace.check()  # fetching a token takes time
        if self._counted:
            self._enter()
        outcome = self._sent(header)
        decision = decide(outcome, self._situation())
        if not isinstance(decision, Repeat):
            return decision
        self._may_have_worked |= may_have_worked(outcome)
        if decision.renew:
            self._renewed = True
            self._authorizer.forget(header)
        if decision.together:
            self._shared.pace.slow_down(decision.after)
        self._pause = decision.after
        raise _AgainError

    def _enter(self) -> None:
        """Wait until one more request fits into the hour."""
        window, pace = self._shared.window, self._shared.pace
        told = self._shared.tally.quota.limit
        while (pause := window.enter(told)) > 0:
            if pause >= pace.remaining:
                raise RunOverError(problems.hour_spent(window.limit(told) or 0, pause))
            pace.wait(pause)

    def _sent(self, header: str) -> Outcome[T]:
        clock = self._shared.runtime.monotonic
        started = clock()
        remaining = self._shared.pace.remaining
        outcome = self._shared.wire.exchange(self._request, header, remaining)
        self._shared.observe(
            Exchange(
                method=self._request.method,
                path=self._request.target,
                result=_result(outcome),
                milliseconds=round((clock() - started) * 1000),
                attempt=self._attempts,
            )
        )
        if isinstance(outcome, Understood | Failed):
            self._shared.tally.hear(outcome.answer)
        if self._counted:
            self._settle_place(outcome)
            self._shared.tally.note(
                self._request.method,
                is_repeat=self._attempts > 1,
                was_sent=not isinstance(outcome, NotSent),
            )
        return self._as_deleted(outcome)

    def _settle_place(self, outcome: Outcome[T]) -> None:
        if isinstance(outcome, NotSent):
            self._shared.window.leave()
        elif isinstance(outcome, Failed) and is_slow_down(outcome.answer):
            self._shared.window.refused()

    def _as_deleted(self, outcome: Outcome[T]) -> Outcome[T]:
        """Let a 404 be read where an earlier attempt may have deleted what is not found."""
        if (
            isinstance(outcome, Failed)
            and outcome.answer.status == _NOT_FOUND
            and self._request.method is Method.DELETE
            and self._may_have_worked
        ):
            return Understood(self._request.parse(outcome.answer), outcome.answer)
        return outcome

    def _situation(self) -> Situation:
        return Situation(
            repeatable=isinstance(self._request, Repeatable),
            attempt=self._attempts,
            max_attempts=self._shared.max_attempts,
            remaining=self._shared.pace.remaining,
            budget_left=self._shared.tally.budget_left,
            renewable=self._authorizer.renewable and not self._renewed,
            now=self._shared.runtime.now(),
            chance=self._shared.runtime.random(),
        )


def _result(outcome: Outcome[T]) -> int | str:
    match outcome:
        case Understood(answer=answer) | Failed(answer):
            return answer.status
        case Garbled(status=status):
            return status
        case NotSent(reason) | Lost(reason):
            return reason.partition(":")[0]  # the rest may quote what the service sent
        case _:
            assert_never(outcome)
