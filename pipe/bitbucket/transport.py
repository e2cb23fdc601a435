"""Sends requests, as small as can be: what to do with an outcome is decided in `retry`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from pipe.bitbucket.auth import Credentials
    from pipe.bitbucket.protocol import FateUnknown, Post, Quota, Rejected, Repeatable, Request
    from pipe.redact import Redactor
    from pipe.runtime import Runtime, Stop

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The requests sent to the API so far; those for an OAuth token are not among them.

    Attributes:
        total: All, repeats included.
        reads: Those with GET.
        writes: The others.
        retries: How many of the total were repeats.
    """

    total: int = 0
    reads: int = 0
    writes: int = 0
    retries: int = 0


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
        redactor: Knows the secrets that the service could echo.
    """

    client: httpx.Client
    credentials: Credentials
    runtime: Runtime
    policy: Policy
    read_only: bool
    stop: Stop
    observe: Callable[[Exchange], None]
    redactor: Redactor

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
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        """Wait, for callers that look again.

        Raises:
            RunOverError: That would go past the deadline, or the run was asked to stop.
        """
        raise NotImplementedError

    @property
    def counts(self) -> Counts:
        """What was sent so far."""
        raise NotImplementedError

    @property
    def quota(self) -> Quota:
        """What the service last said about the hourly limit."""
        raise NotImplementedError


def open_client(*, base_url: str, workers: int) -> httpx.Client:
    """Return a client for `base_url` with as many connections as there are workers."""
    raise NotImplementedError
