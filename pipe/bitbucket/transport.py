"""Send requests with authentication and retries; `retry` decides, `throttle` bounds all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import Generic, TypeVar, cast, overload

import httpx
from msgspec import Struct
from msgspec.structs import replace
from tenacity import RetryCallState, Retrying, retry_if_result

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
from pipe.bitbucket.error_messages import describe, gave_up, redirected, rejected
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
    Attempts,
    AttemptState,
    CheckState,
    Decision,
    Failed,
    FinalDecision,
    GiveUp,
    Limit,
    NoResponse,
    NotSent,
    Outcome,
    Refuse,
    Retry,
    Understood,
    Unparseable,
    decide,
    is_rate_limited,
    may_have_worked,
    retry_or_give_up,
)
from pipe.bitbucket.throttle import CircuitBreaker, Deadline, RequestCounter, RollingWindow
from pipe.context import Clock, Stop
from pipe.models.errors import PipeError, RunOverError
from pipe.models.results import Counts
from pipe.redaction import Redactor

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


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How long to retry.

    Attributes:
        max_attempts: Maximum attempts per request, at least 1.
        deadline_seconds: For all requests together, from the creation of the transport.
    """

    max_attempts: int = 5
    deadline_seconds: float = 600


class WriteRefusedError(Exception):
    """A write in a run that must not write: a bug in this program, caught before it does harm."""


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


def _kind(request: Request[T], *, counted: bool) -> str:
    """Return which requests may fail together."""
    if not counted:
        return "token"
    return "read" if request.method is HTTPMethod.GET else "write"


def _result(outcome: Outcome[T]) -> int | str:
    match outcome:
        case Understood(answer=answer) | Failed(answer):
            return answer.status
        case Unparseable(status=status):
            return status
        case NotSent(reason) | NoResponse(reason):
            return reason.partition(":")[0]


@dataclass(kw_only=True, eq=False, repr=False)
class Transport:
    """Sends requests to Bitbucket. Safe to share between threads.

    Attributes:
        client: The HTTP client.
        credentials: What authenticates the requests.
        clock: Time, waiting and randomness.
        policy: How long to retry; the deadline counts from now on.
        read_only: Whether to refuse everything but GET.
        stop: Asks the run to end.
        observe: Called after each attempt, in the thread that made it.
        redactor: Knows the secrets that a response could repeat; the credentials are added to it.
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
            exchange=HttpExchange(self.client),
            deadline=Deadline(
                clock=self.clock,
                stop=self.stop,
                deadline_seconds=self.policy.deadline_seconds,
            ),
            counter=RequestCounter(self.policy.max_attempts),
            window=RollingWindow(self.clock.monotonic),
            breaker=CircuitBreaker(),
            clock=self.clock,
            max_attempts=self.policy.max_attempts,
            observe=self.observe,
        )
        self._authorizer = self._authorizer_for(self.credentials)

    @overload
    def send(self, request: IdempotentRequest[T]) -> T | Rejected: ...
    @overload
    def send(
        self, request: NonIdempotentRequest[T], attempts: Attempts | None = None
    ) -> T | Rejected | OutcomeUnknown: ...
    def send(
        self, request: Request[T], attempts: Attempts | None = None
    ) -> T | Rejected | OutcomeUnknown:
        """Send a request until the outcome is final, and return it.

        Args:
            request: What to send.
            attempts: Counts the attempts over several sends of the same request.

        Raises:
            WriteRefusedError: This transport is read-only and the request is a write.
            PipeError: The request could not be completed, or its response is unparseable.
            RunOverError: Time, attempts or quota ran out, or the run was asked to stop.
        """
        if self.read_only and request.method is not HTTPMethod.GET:
            message = f"{request.method} {request.path}"
            raise WriteRefusedError(message)
        return self._complete(request, self._authorizer, attempts, counted=True)

    def attempts(self) -> Attempts:
        """Return a counter for a request that may be sent several times, with reads in between."""
        return Attempts(self.policy.max_attempts)

    def wait(self, seconds: float) -> None:
        """Wait between two reads of a state.

        Raises:
            RunOverError: That would exceed the deadline, or the run was asked to stop.
        """
        self._shared.deadline.wait(seconds)

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self._shared.deadline.remaining

    @property
    def counts(self) -> Counts:
        """The requests sent so far."""
        return self._shared.counter.counts

    @property
    def quota(self) -> Quota:
        """What is known about the hourly limit, stated or observed."""
        quota = self._shared.counter.quota
        return replace(quota, limit=self._shared.window.limit(quota.limit))

    @overload
    def _complete(
        self,
        request: IdempotentRequest[T],
        authorizer: Authorizer,
        attempts: Attempts | None = None,
        *,
        counted: bool,
    ) -> T | Rejected: ...
    @overload
    def _complete(
        self,
        request: Request[T],
        authorizer: Authorizer,
        attempts: Attempts | None = None,
        *,
        counted: bool,
    ) -> T | Rejected | OutcomeUnknown: ...
    def _complete(
        self,
        request: Request[T],
        authorizer: Authorizer,
        attempts: Attempts | None = None,
        *,
        counted: bool,
    ) -> T | Rejected | OutcomeUnknown:
        attempts = attempts or self.attempts()
        breaker, kind = self._shared.breaker, _kind(request, counted=counted)
        breaker.check()
        runner = RequestAttempts(self._shared, request, authorizer, attempts, counted=counted)
        decision = runner.run()
        redact = self.redactor.mask_words
        if isinstance(decision, Accept | Refuse):
            breaker.add_success(kind)
        match decision:
            case Accept(value):
                return value
            case Refuse(answer) if answer.status < HTTPStatus.BAD_REQUEST:
                raise PipeError(redirected(request, answer, redact))
            case Refuse(answer):
                return replace(rejected(request, answer, redact), hint=self.credentials.hint)
            case CheckState(last=last):
                given_up = GiveUp(limit=Limit.ATTEMPTS, last=last)
                error = gave_up(request, given_up, attempts, redact)
                return OutcomeUnknown(describe(request, last, redact), error.problem)
            case GiveUp():
                self._shared.deadline.check_stop()
                error = gave_up(request, decision, attempts, redact)
                if decision.limit is not Limit.TIME:
                    breaker.add_failure(kind, error.problem)
                    breaker.check()
                raise error

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

    def _fetch_token(self, consumer: OAuthConsumer) -> Token:
        header = self._basic(consumer.client_id, consumer.client_secret.get_secret_value())
        authorizer = StaticAuthorizer(lambda: header)
        token = self._complete(token_request(consumer), authorizer, counted=False)
        if isinstance(token, Rejected):
            raise PipeError(problems.oauth_refused(token))
        self.redactor.add(token.value)
        return token

    def _basic(self, user: str, secret: str) -> str:
        """Return a header for Basic authentication, and keep what it holds out of messages."""
        header = basic(user, secret)
        self.redactor.add(secret, f"{user}:{secret}", header.removeprefix("Basic "))
        return header
