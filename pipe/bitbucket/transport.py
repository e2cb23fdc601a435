"""Sends requests, as small as can be: what to do with an outcome is decided in `retry`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar, assert_never, overload

from pipe import problems
from pipe.bitbucket.auth import (
    AccessToken,
    ApiToken,
    Authorizer,
    Fixed,
    OAuthConsumer,
    Renewing,
    Token,
    basic,
    bearer,
    token_request,
)
from pipe.bitbucket.effort import Effort, Exchange, Shared
from pipe.bitbucket.failures import gave_up, redirected, seen
from pipe.bitbucket.pace import Pace
from pipe.bitbucket.protocol import FateUnknown, Method, Quota, Rejected
from pipe.bitbucket.retry import Accept, GiveUp, LeaveOpen, Refuse
from pipe.bitbucket.tally import Counts, Tally
from pipe.bitbucket.window import Window
from pipe.bitbucket.wire import Wire, open_client
from pipe.bitbucket.words import rejected
from pipe.errors import PipeError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from pipe.bitbucket.auth import Credentials
    from pipe.bitbucket.protocol import Post, Repeatable, Request
    from pipe.redact import Redactor
    from pipe.runtime import Runtime, Stop

__all__ = ["Counts", "Exchange", "Policy", "Transport", "WriteRefusedError", "open_client"]

T = TypeVar("T")

_FIRST_REJECTION: Final = 400


class WriteRefusedError(Exception):
    """A write in a run that must not write: a bug in this program, caught before it harms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
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
        runtime: Time, waiting and chance.
        policy: How long to insist; the deadline counts from now.
        read_only: Refuse everything but GET.
        stop: Asks the run to end.
        observe: Is told of every attempt, from the thread that made it.
        redactor: Knows the secrets that the service could echo; learns the credentials here.
    """

    client: httpx.Client
    credentials: Credentials
    runtime: Runtime
    policy: Policy
    read_only: bool
    stop: Stop
    observe: Callable[[Exchange], None]
    redactor: Redactor
    _shared: Shared = field(init=False)
    _authorizer: Authorizer = field(init=False)

    def __post_init__(self) -> None:
        self._shared = Shared(
            wire=Wire(client=self.client, monotonic=self.runtime.monotonic),
            pace=Pace(
                runtime=self.runtime,
                stop=self.stop,
                deadline_seconds=self.policy.deadline_seconds,
            ),
            tally=Tally(self.policy.max_attempts),
            window=Window(self.runtime.monotonic),
            runtime=self.runtime,
            max_attempts=self.policy.max_attempts,
            observe=self.observe,
        )
        self._authorizer = self._authorizer_for(self.credentials)

    @overload
    def send(self, request: Repeatable[T]) -> T | Rejected: ...
    @overload
    def send(self, request: Post[T]) -> T | Rejected | FateUnknown: ...
    def send(self, request: Request[T]) -> T | Rejected | FateUnknown:
        """Send a request, again where that is right, until there is something to say.

        Raises:
            WriteRefusedError: This transport is read-only and the request is not.
            PipeError: The request could not be completed, or its answer makes no sense.
            RunOverError: Time, tries or quota ran out, or the run was asked to stop.
        """
        if self.read_only and request.method is not Method.GET:
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
        self, request: Repeatable[T], authorizer: Authorizer, *, counted: bool
    ) -> T | Rejected: ...
    @overload
    def _settle(
        self, request: Post[T], authorizer: Authorizer, *, counted: bool
    ) -> T | Rejected | FateUnknown: ...
    def _settle(
        self, request: Request[T], authorizer: Authorizer, *, counted: bool
    ) -> T | Rejected | FateUnknown:
        effort = Effort(self._shared, request, authorizer, counted=counted)
        settled = effort.settle()
        redact = self.redactor.clean
        match settled:
            case Accept(value):
                return value
            case Refuse(answer):
                if answer.status < _FIRST_REJECTION:
                    raise PipeError(redirected(request, answer, redact))
                return rejected(answer, redact)
            case LeaveOpen(last):
                return FateUnknown(seen(last, redact))
            case GiveUp():
                raise gave_up(request, settled, effort.attempts, redact)
            case _:
                assert_never(settled)

    def _authorizer_for(self, credentials: Credentials) -> Authorizer:
        match credentials:
            case ApiToken(email=email, token=token):
                header = self._basic(email, token.get_secret_value())
                return Fixed(lambda: header)
            case AccessToken(token=token):
                secret = token.get_secret_value()
                self.redactor.add(secret)
                return Fixed(lambda: bearer(secret))
            case OAuthConsumer():
                return Renewing(lambda: self._fetch_token(credentials), self.runtime.monotonic)
            case _:
                assert_never(credentials)

    def _fetch_token(self, consumer: OAuthConsumer) -> Token:
        header = self._basic(consumer.client_id, consumer.client_secret.get_secret_value())
        token = self._settle(token_request(consumer), Fixed(lambda: header), counted=False)
        if isinstance(token, Rejected):
            raise PipeError(problems.oauth_refused(token))
        self.redactor.add(token.value)
        return token

    def _basic(self, user: str, secret: str) -> str:
        """Return the header, and make sure that no message shows what is in it."""
        self.redactor.add(secret)
        self.redactor.add(f"{user}:{secret}")
        return basic(user, secret)
