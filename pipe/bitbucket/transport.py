"""Sends requests, as small as can be: what to do with an outcome is decided in `retry`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPMethod
from typing import Final, Generic, TypeVar, assert_never, overload

import httpx
from msgspec import Struct
from msgspec.structs import replace
from tenacity import Retrying, retry_if_exception_type

from pipe.bitbucket import problems
from pipe.bitbucket.auth import (
    AccessToken,
    ApiToken,
    Authorizer,
    Credentials,
    OAuthAuthorizer,
    OAuthConsumer,
    StaticAuthorizer,
    Token,
    basic,
    bearer,
    token_request,
)
from pipe.bitbucket.error_messages import gave_up, redirected, rejected, seen
from pipe.bitbucket.http import HttpExchange
from pipe.bitbucket.requests import (
    IdempotentRequest,
    NonIdempotentRequest,
    OutcomeUnknown,
    Quota,
    Rejected,
    Request,
)
from pipe.bitbucket.retry import (
    Accept,
    AttemptState,
    CheckState,
    Failed,
    FinalDecision,
    GiveUp,
    NoResponse,
    NotSent,
    Outcome,
    Refuse,
    Retry,
    Understood,
    Unparseable,
    decide,
    is_slow_down,
    may_have_worked,
)
from pipe.bitbucket.throttle import Deadline, RequestCounter, RollingWindow
from pipe.context import Clock, Stop
from pipe.models.errors import PipeError, RunOverError
from pipe.models.results import Counts
from pipe.redaction import Redactor

T = TypeVar("T")

_NOT_FOUND: Final = 404


class AttemptRecord(Struct, frozen=True, kw_only=True):
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


class Shared(Struct, frozen=True, kw_only=True):
    """What all efforts of a run have in common."""

    wire: HttpExchange
    pace: Deadline
    tally: RequestCounter
    window: RollingWindow
    clock: Clock
    max_attempts: int
    observe: Callable[[AttemptRecord], None]


class _AgainError(Exception):
    """Asks for another attempt."""


class RequestAttempts(Generic[T]):
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

    def settle(self) -> FinalDecision[T]:
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

    def _attempt(self) -> FinalDecision[T]:
        self._attempts += 1
        self._shared.pace.ready()
        header = self._authorizer.header()
        self._shared.pace.check()  # fetching a token takes time
        if self._counted:
            self._enter()
        outcome = self._sent(header)
        decision = decide(outcome, self._situation())
        if not isinstance(decision, Retry):
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
                raise RunOverError(problems.hourly_limit_reached(window.limit(told) or 0, pause))
            pace.wait(pause)

    def _sent(self, header: str) -> Outcome[T]:
        clock = self._shared.clock.monotonic
        started = clock()
        remaining = self._shared.pace.remaining
        outcome = self._shared.wire.exchange(self._request, header, remaining)
        self._shared.observe(
            AttemptRecord(
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
            and self._request.method is HTTPMethod.DELETE
            and self._may_have_worked
        ):
            return Understood(self._request.parse(outcome.answer), outcome.answer)
        return outcome

    def _situation(self) -> AttemptState:
        return AttemptState(
            repeatable=isinstance(self._request, IdempotentRequest),
            attempt=self._attempts,
            max_attempts=self._shared.max_attempts,
            remaining=self._shared.pace.remaining,
            budget_left=self._shared.tally.budget_left,
            renewable=self._authorizer.renewable and not self._renewed,
            now=self._shared.clock.now(),
            chance=self._shared.clock.random(),
        )


def _result(outcome: Outcome[T]) -> int | str:
    match outcome:
        case Understood(answer=answer) | Failed(answer):
            return answer.status
        case Unparseable(status=status):
            return status
        case NotSent(reason) | NoResponse(reason):
            return reason.partition(":")[0]  # the rest may quote what the service sent
        case _:
            assert_never(outcome)


_FIRST_REJECTION: Final = 400


class WriteRefusedError(Exception):
    """A write in a run that must not write: a bug in this program, caught before it harms."""


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How long to insist.

    Attributes:
        max_attempts: Tries for one request, at least 1.
        deadline_seconds: For everything from the making of the transport on.
    """

    max_attempts: int = 5
    deadline_seconds: float = 600


@dataclass(kw_only=True, eq=False, repr=False)
class Transport:
    """Sends requests to Bitbucket. Safe to share between threads.

    Attributes:
        client: Made by `open_client`, or by a test.
        credentials: Who is calling.
        clock: Time, waiting and chance.
        policy: How long to insist; the deadline counts from now.
        read_only: Refuse everything but GET.
        stop: Asks the run to end.
        observe: Is told of every attempt, from the thread that made it.
        redactor: Knows the secrets that the service could echo; learns the credentials here.
    """

    client: httpx.Client
    credentials: Credentials
    clock: Clock
    policy: RetryPolicy
    read_only: bool
    stop: Stop
    observe: Callable[[AttemptRecord], None]
    redactor: Redactor
    _shared: Shared = field(init=False)
    _authorizer: Authorizer = field(init=False)

    def __post_init__(self) -> None:
        self._shared = Shared(
            wire=HttpExchange(self.client),
            pace=Deadline(
                clock=self.clock,
                stop=self.stop,
                deadline_seconds=self.policy.deadline_seconds,
            ),
            tally=RequestCounter(self.policy.max_attempts),
            window=RollingWindow(self.clock.monotonic),
            clock=self.clock,
            max_attempts=self.policy.max_attempts,
            observe=self.observe,
        )
        self._authorizer = self._authorizer_for(self.credentials)

    @overload
    def send(self, request: IdempotentRequest[T]) -> T | Rejected: ...
    @overload
    def send(self, request: NonIdempotentRequest[T]) -> T | Rejected | OutcomeUnknown: ...
    def send(self, request: Request[T]) -> T | Rejected | OutcomeUnknown:
        """Send a request, again where that is right, until there is something to say.

        Raises:
            WriteRefusedError: This transport is read-only and the request is not.
            PipeError: The request could not be completed, or its answer makes no sense.
            RunOverError: Time, tries or quota ran out, or the run was asked to stop.
        """
        if self.read_only and request.method is not HTTPMethod.GET:
            message = f"{request.method} {request.path}"
            raise WriteRefusedError(message)
        return self._settle(request, self._authorizer, counted=True)

    def wait(self, seconds: float) -> None:
        """Wait, for callers that look again.

        Raises:
            RunOverError: That would go past the deadline, or the run was asked to stop.
        """
        self._shared.pace.wait(seconds)

    @property
    def counts(self) -> Counts:
        """What was sent so far."""
        return self._shared.tally.counts

    @property
    def quota(self) -> Quota:
        """What is known about the hourly limit: told by the service, or met."""
        quota = self._shared.tally.quota
        return replace(quota, limit=self._shared.window.limit(quota.limit))

    @overload
    def _settle(
        self, request: IdempotentRequest[T], authorizer: Authorizer, *, counted: bool
    ) -> T | Rejected: ...
    @overload
    def _settle(
        self, request: NonIdempotentRequest[T], authorizer: Authorizer, *, counted: bool
    ) -> T | Rejected | OutcomeUnknown: ...
    def _settle(
        self, request: Request[T], authorizer: Authorizer, *, counted: bool
    ) -> T | Rejected | OutcomeUnknown:
        effort = RequestAttempts(self._shared, request, authorizer, counted=counted)
        settled = effort.settle()
        redact = self.redactor.clean
        match settled:
            case Accept(value):
                return value
            case Refuse(answer):
                if answer.status < _FIRST_REJECTION:
                    raise PipeError(redirected(request, answer, redact))
                return rejected(answer, redact)
            case CheckState(last):
                return OutcomeUnknown(seen(last, redact))
            case GiveUp():
                raise gave_up(request, settled, effort.attempts, redact)
            case _:
                assert_never(settled)

    def _authorizer_for(self, credentials: Credentials) -> Authorizer:
        match credentials:
            case ApiToken(email=email, token=token):
                header = self._basic(email, token.get_secret_value())
                return StaticAuthorizer(lambda: header)
            case AccessToken(token=token):
                secret = token.get_secret_value()
                self.redactor.add(secret)
                return StaticAuthorizer(lambda: bearer(secret))
            case OAuthConsumer():
                return OAuthAuthorizer(lambda: self._fetch_token(credentials), self.clock.monotonic)
            case _:
                assert_never(credentials)

    def _fetch_token(self, consumer: OAuthConsumer) -> Token:
        header = self._basic(consumer.client_id, consumer.client_secret.get_secret_value())
        token = self._settle(
            token_request(consumer), StaticAuthorizer(lambda: header), counted=False
        )
        if isinstance(token, Rejected):
            raise PipeError(problems.oauth_refused(token))
        self.redactor.add(token.value)
        return token

    def _basic(self, user: str, secret: str) -> str:
        """Return the header, and make sure that no message shows what is in it."""
        self.redactor.add(secret)
        self.redactor.add(f"{user}:{secret}")
        return basic(user, secret)
