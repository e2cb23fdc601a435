"""Trouble that can be scheduled: which, at which requests, how many times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import Final, TypeAlias, assert_never

from simulator.api.errors import html_page
from simulator.behaviour.choices import LimitBody, RetryAfter
from simulator.http import (
    HTML,
    TEXT,
    Cut,
    Dropped,
    Headers,
    Reply,
    Request,
    Response,
    json_response,
    text_response,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """This answer in place of the right one; the effect is lost, unless it comes first."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    after_effect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """The status 429, with or without the headers that say how long to wait.

    Attributes:
        wait: Seconds to wait.
        retry_after: Whether `Retry-After` is there, and in which form.
        reset: Whether `x-ratelimit-reset` is there.
        body: JSON or bare text.
    """

    wait: int = 1
    retry_after: RetryAfter = RetryAfter.ABSENT
    reset: bool = False
    body: LimitBody = LimitBody.JSON


@dataclass(frozen=True, slots=True)
class Delay:
    """The right answer, late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The right answer, with a pause before each piece of the body."""

    pause: float


@dataclass(frozen=True, slots=True)
class HalfBody:
    """The effect, and half the body of an answer that promised the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConnection:
    """No answer: the connection is closed, before the effect or after it.

    Attributes:
        after_effect: Whether the request takes effect.
        reset: Reset (RST) rather than closed in order.
    """

    after_effect: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No answer ever, over a connection that stays open."""

    after_effect: bool = False


@dataclass(frozen=True, slots=True)
class RefuseConnection:
    """Nobody listens; a server that runs can only reset the connection."""


Fault: TypeAlias = (
    Answer
    | RateLimited
    | Delay
    | SlowBody
    | HalfBody
    | DropConnection
    | NoAnswer
    | RefuseConnection
)

LIMIT_TEXT: Final = "Rate limit for this resource has been exceeded"


def server_error(status: int = 502, *, after_effect: bool = False) -> Answer:
    """A gateway's page of HTML."""
    return Answer(
        status=status,
        body=html_page(status, "Bad Gateway").encode(),
        headers=(("Content-Type", HTML),),
        after_effect=after_effect,
    )


def passing_400() -> Answer:
    """A 400 without a reason, as quick creations met."""
    response = json_response(400, {"type": "error", "error": {"message": "Bad request"}})
    return Answer(status=400, body=response.body, headers=response.headers)


def garbage(body: bytes = b"\x00\xff{]", status: int = 200, *, after_effect: bool = True) -> Answer:
    """Bytes that make no sense, said to be JSON."""
    headers: Headers = (("Content-Type", "application/json"),)
    return Answer(status=status, body=body, headers=headers, after_effect=after_effect)


def empty_page() -> Answer:
    """A page of a list that shows nothing, whatever there is."""
    response = json_response(200, {"page": 1, "pagelen": 100, "size": 0, "values": []})
    return Answer(status=200, body=response.body, headers=response.headers)


def limited(fault: RateLimited, now: float) -> Response:
    """Write a 429 down."""
    headers: list[tuple[str, str]] = []
    match fault.retry_after:
        case RetryAfter.ABSENT:
            pass
        case RetryAfter.SECONDS:
            headers.append(("Retry-After", str(fault.wait)))
        case RetryAfter.DATE:
            headers.append(("Retry-After", formatdate(now + fault.wait, usegmt=True)))
        case _:
            assert_never(fault.retry_after)
    if fault.reset:
        headers.append(("x-ratelimit-reset", str(fault.wait)))
    if fault.body is LimitBody.TEXT:
        response = text_response(429, LIMIT_TEXT, TEXT)
        return replace(response, headers=(*response.headers, *headers))
    return json_response(429, {"type": "error", "error": {"message": LIMIT_TEXT}}, tuple(headers))


def strike(fault: Fault, serve: Callable[[], Response], now: float) -> Reply:
    """Let a fault strike a request.

    Args:
        fault: Which.
        serve: Handles the request, with its effect, and returns the right answer.
        now: Time in seconds since the epoch.
    """
    if isinstance(fault, Delay | SlowBody | HalfBody):
        return _spoil(fault, serve())
    if isinstance(fault, Answer | DropConnection | NoAnswer) and fault.after_effect:
        serve()
    return _instead(fault, now)


def _spoil(fault: Delay | SlowBody | HalfBody, response: Response) -> Response:
    match fault:
        case Delay():
            return replace(response, delay=fault.seconds)
        case SlowBody():
            return replace(response, pause=fault.pause)
        case HalfBody():
            if not response.body:  # there is nothing to halve: promise something
                return replace(response, body=b"{}", sent=0)
            return replace(response, sent=len(response.body) // 2)
        case _:
            assert_never(fault)


def _instead(
    fault: Answer | RateLimited | DropConnection | NoAnswer | RefuseConnection, now: float
) -> Reply:
    match fault:
        case Answer():
            return Response(status=fault.status, headers=fault.headers, body=fault.body)
        case RateLimited():
            return limited(fault, now)
        case DropConnection():
            return Dropped(Cut.RESET if fault.reset else Cut.CLOSED)
        case NoAnswer():
            return Dropped(Cut.UNANSWERED)
        case RefuseConnection():
            return Dropped(Cut.REFUSED)
        case _:
            assert_never(fault)


@dataclass(slots=True, kw_only=True)
class Scheduled:
    """A fault and when it strikes.

    Of the requests from now on that match `method` and `path`, the first `skip` are spared, then
    `times` are struck.

    Attributes:
        fault: What strikes.
        skip: How many matching requests are spared first.
        times: How many are struck.
        method: Only this method.
        path: Only paths like this; `*` stands for any run of characters, slashes too.
        seen: How many matched so far.
        struck: How many were struck so far.
    """

    fault: Fault
    skip: int = 0
    times: int = 1
    method: str = "*"
    path: str = "*"
    seen: int = 0
    struck: int = 0

    def turn(self, request: Request) -> bool:
        """Count a request; say whether this fault wants to strike it."""
        if not (
            fnmatchcase(request.method, self.method.upper())
            and fnmatchcase(request.path, self.path)
        ):
            return False
        self.seen += 1
        return self.seen > self.skip and self.struck < self.times


@dataclass(slots=True)
class Schedule:
    """Every fault that is planned, in the order in which they were added."""

    planned: list[Scheduled] = field(default_factory=list)

    def add(
        self,
        fault: Fault,
        *,
        skip: int = 0,
        times: int = 1,
        method: str = "*",
        path: str = "*",
    ) -> Scheduled:
        """Plan a fault; see `Scheduled` for when it strikes."""
        scheduled = Scheduled(fault=fault, skip=skip, times=times, method=method, path=path)
        self.planned.append(scheduled)
        return scheduled

    def clear(self) -> None:
        """Plan nothing more."""
        self.planned.clear()

    def take(self, request: Request) -> Fault | None:
        """Return the fault that strikes this request.

        At most one does: the first whose turn it is. The others keep their turn.
        """
        due = [each for each in self.planned if each.turn(request)]
        if not due:
            return None
        due[0].struck += 1
        return due[0].fault
