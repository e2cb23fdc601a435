"""Send the requests of a run to Bitbucket: authentication, retries, and their shared bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPMethod, HTTPStatus
from typing import TypeVar, cast, overload

from msgspec import Struct
from msgspec.structs import replace

from pipe.bitbucket import problems
from pipe.bitbucket.attempts import AttemptRecord, RequestAttempts, Shared
from pipe.bitbucket.auth import (
    AccessToken,
    ApiToken,
    Authorizer,
    Credentials,
    Header,
    OAuthConsumer,
    basic,
    bearer,
    hint,
    token_request,
)
from pipe.bitbucket.error_responses import describe_failure, gave_up, redirection, rejected
from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.requests import (
    IdempotentRequest,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
    Request,
)
from pipe.bitbucket.retry import Accept, Attempts, CheckState, GiveUp, Limit, Reject
from pipe.bitbucket.throttle import CircuitBreaker, Deadline, RequestCounter, RollingWindow
from pipe.models.errors import PipeError
from pipe.process.context import Clock, Stop
from pipe.redaction import Redactor

T = TypeVar("T")


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


def _kind(request: Request[T], *, counted: bool) -> str:
    """Return which requests may fail together."""
    if not counted:
        return "token"
    return "read" if request.method is HTTPMethod.GET else "write"


@dataclass(kw_only=True, eq=False, repr=False)
class Transport:
    """Sends requests to Bitbucket. Safe to share between threads.

    Attributes:
        policy: How long to retry; the deadline counts from now on.
        observe: Called after each attempt, in the thread that made it.
        redactor: Knows the secrets that a response could repeat; the credentials are added to it.
        window: What is known about the hourly limit.
    """

    client: HttpClient
    credentials: Credentials
    clock: Clock
    policy: RetryPolicy
    read_only: bool
    stop: Stop
    observe: Callable[[AttemptRecord], None]
    redactor: Redactor
    deadline: Deadline = field(init=False)
    counter: RequestCounter = field(init=False)
    window: RollingWindow = field(init=False)
    _breaker: CircuitBreaker = field(init=False, default_factory=CircuitBreaker)
    _shared: Shared = field(init=False)
    _authorizer: Authorizer = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = Deadline(
            clock=self.clock, stop=self.stop, deadline_seconds=self.policy.deadline_seconds
        )
        self.counter = RequestCounter(self.policy.max_attempts)
        self.window = RollingWindow(self.clock.monotonic)
        self._shared = Shared(
            client=self.client,
            deadline=self.deadline,
            counter=self.counter,
            window=self.window,
            clock=self.clock,
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
            raise WriteRefusedError(f"{request.method} {request.path}")
        return self._complete(request, self._authorizer, attempts, counted=True)

    def attempts(self) -> Attempts:
        """Return a counter for a request that may be sent several times, with reads in between."""
        return Attempts(self.policy.max_attempts)

    def _complete(
        self,
        request: Request[T],
        authorizer: Authorizer,
        attempts: Attempts | None = None,
        *,
        counted: bool,
    ) -> T | Rejected | OutcomeUnknown:
        attempts = attempts or self.attempts()
        breaker, kind = self._breaker, _kind(request, counted=counted)
        breaker.check()
        decision = RequestAttempts(
            shared=self._shared,
            request=request,
            authorizer=authorizer,
            attempts=attempts,
            counted=counted,
        ).run()
        redact = self.redactor.mask_words
        if isinstance(decision, Accept | Reject):
            breaker.add_success(kind)
        match decision:
            case Accept(value):
                return value
            case Reject(answer) if answer.status < HTTPStatus.BAD_REQUEST:
                raise PipeError(redirection(request, answer, redact))
            case Reject(answer):
                return replace(
                    rejected(request, answer, redact),
                    hint=hint(self.credentials),
                    read_only=self.read_only,
                )
            case CheckState(last=last):
                given_up = GiveUp(limit=Limit.ATTEMPTS, last=last)
                error = gave_up(request, given_up, attempts, redact)
                return OutcomeUnknown(describe_failure(request, last, redact), error.problem)
            case GiveUp():
                self.deadline.check_stop()
                error = gave_up(request, decision, attempts, redact)
                if decision.limit is not Limit.TIME:
                    breaker.add_failure(kind, error.problem)
                    breaker.check()
                raise error

    def _authorizer_for(self, credentials: Credentials) -> Authorizer:
        match credentials:
            case ApiToken(email=email, token=token):
                return self._basic(email, token.get_secret_value())
            case AccessToken(token=token):
                secret = token.get_secret_value()
                self.redactor.add(secret)
                return Authorizer(lambda: bearer(secret), self.clock.monotonic, renewable=False)
            case OAuthConsumer(client_id=client_id, client_secret=secret):
                identity = self._basic(client_id, secret.get_secret_value())
                return Authorizer(
                    lambda: self._fetch_token(credentials, identity),
                    self.clock.monotonic,
                    renewable=True,
                )

    def _fetch_token(self, consumer: OAuthConsumer, identity: Authorizer) -> Header:
        answer = self._complete(token_request(consumer), identity, counted=False)
        if isinstance(answer, Rejected):
            raise PipeError(problems.oauth_refused(answer))
        header = cast("Header", answer)  # an idempotent request has no unknown outcome
        self.redactor.add(header.secret)
        return header

    def _basic(self, user: str, secret: str) -> Authorizer:
        """Return the header for Basic authentication, and keep what it holds out of messages."""
        header = basic(user, secret)
        self.redactor.add(secret, f"{user}:{secret}", header.secret)
        return Authorizer(lambda: header, self.clock.monotonic, renewable=False)
