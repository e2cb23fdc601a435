"""Faults that can be scheduled: which, for which requests, how many times."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from simulator.behaviour.switches import RateLimitBody, RetryAfter
from simulator.http import (
    Cut,
    Dropped,
    Headers,
    Reply,
    Request,
    Response,
    html_response,
    json_response,
    text_response,
)


class Answer(Struct, frozen=True, kw_only=True):
    """This answer instead of the right one; the request has no effect unless `after_effect`."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    after_effect: bool = False


class RateLimited(Struct, frozen=True, kw_only=True):
    """A 429, with or without the headers that say how long to wait.

    Attributes:
        wait: Seconds to wait.
        retry_after: Whether it has `Retry-After`, and in which form.
        reset: Whether it has `x-ratelimit-reset`.
        body: Bare text or JSON.
    """

    wait: int = 1
    retry_after: RetryAfter = "absent"
    reset: bool = False
    body: RateLimitBody = "text"


class Delay(Struct, frozen=True):
    """The right answer, late."""

    seconds: float


class SlowBody(Struct, frozen=True):
    """The right answer, with a pause of some seconds before each piece of the body."""

    seconds: float


class HalfBody(Struct, frozen=True):
    """The effect, and half the body that `Content-Length` announces."""


class DropConnection(Struct, frozen=True, kw_only=True):
    """No answer: the connection is closed, before the effect or after it.

    Attributes:
        after_effect: Whether the request takes effect.
        reset: Reset (RST) instead of closed in order.
    """

    after_effect: bool = False
    reset: bool = False


class NoAnswer(Struct, frozen=True, kw_only=True):
    """No answer, over a connection that stays open."""

    after_effect: bool = False


class RefuseConnection(Struct, frozen=True):
    """Connection refused; a running server can only reset the connection."""


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
    """Return a gateway's HTML page."""
    return _answer(html_response(status, "Bad Gateway"), after_effect=after_effect)


def passing_400() -> Answer:
    """Return a 400 without a reason, as quick creations met."""
    return _answer(json_response(400, {"type": "error", "error": {"message": "Bad request"}}))


def garbage(body: bytes = b"\x00\xff{]", status: int = 200, *, after_effect: bool = True) -> Answer:
    """Return bytes that are declared to be JSON and are not."""
    headers: Headers = (("Content-Type", "application/json"),)
    return Answer(status=status, body=body, headers=headers, after_effect=after_effect)


def empty_page() -> Answer:
    """Return a page of a list that shows nothing, whatever exists."""
    return _answer(json_response(200, {"page": 1, "pagelen": 100, "size": 0, "values": []}))


def _answer(response: Response, *, after_effect: bool = False) -> Answer:
    return Answer(
        status=response.status,
        body=response.body,
        headers=response.headers,
        after_effect=after_effect,
    )


def rate_limit_response(fault: RateLimited, now: float) -> Response:
    """Return the 429 that a fault describes.

    Args:
        fault: Its headers and body.
        now: Time in seconds since the epoch.
    """
    headers: list[tuple[str, str]] = []
    match fault.retry_after:
        case "absent":
            pass
        case "seconds":
            headers.append(("Retry-After", str(fault.wait)))
        case "date":
            headers.append(("Retry-After", formatdate(now + fault.wait, usegmt=True)))
    if fault.reset:
        headers.append(("x-ratelimit-reset", str(fault.wait)))
    status = HTTPStatus.TOO_MANY_REQUESTS
    if fault.body == "text":
        response = text_response(status, LIMIT_TEXT)
    else:
        response = json_response(status, {"type": "error", "error": {"message": LIMIT_TEXT}})
    return replace(response, headers=(*response.headers, *headers))


def apply_fault(fault: Fault, serve: Callable[[], Response], now: float) -> Reply:
    """Return what a request gets that meets a fault.

    Args:
        fault: The fault.
        serve: Handles the request, with its effect, and returns the right answer.
        now: Time in seconds since the epoch.
    """
    if isinstance(fault, Delay | SlowBody | HalfBody):
        return _alter(serve(), fault)
    if isinstance(fault, Answer | DropConnection | NoAnswer) and fault.after_effect:
        serve()
    return _replace(fault, now)


def _alter(response: Response, fault: Delay | SlowBody | HalfBody) -> Response:
    match fault:
        case Delay():
            return replace(response, delay=fault.seconds)
        case SlowBody():
            return replace(response, pause=fault.seconds)
        case HalfBody():
            body = response.body or b"{}"  # where there is nothing to halve, announce something
            return replace(response, body=body, sent=len(response.body) // 2)


def _replace(
    fault: Answer | RateLimited | DropConnection | NoAnswer | RefuseConnection, now: float
) -> Reply:
    match fault:
        case Answer():
            return Response(status=fault.status, headers=fault.headers, body=fault.body)
        case RateLimited():
            return rate_limit_response(fault, now)
        case DropConnection():
            return Dropped(Cut.RESET if fault.reset else Cut.CLOSED)
        case NoAnswer():
            return Dropped(Cut.UNANSWERED)
        case RefuseConnection():
            return Dropped(Cut.REFUSED)


@dataclass(slots=True, kw_only=True)
class ScheduledFault:
    """A fault and the requests that meet it.

    Of the requests from now on that match `method` and `path`, the first `skip` are spared, then
    `times` meet the fault.

    Attributes:
        fault: The fault.
        skip: How many matching requests are spared first.
        times: How many requests meet the fault.
        method: Only this method.
        path: Only paths like this; `*` matches any characters, slashes too.
        matched: How many requests matched so far.
        applied: How many requests met the fault so far.
    """

    fault: Fault
    skip: int = 0
    times: int = 1
    method: str = "*"
    path: str = "*"
    matched: int = 0
    applied: int = 0

    def is_due(self, request: Request) -> bool:
        """Count a matching request; return whether this fault applies to it."""
        if not (
            fnmatchcase(request.method, self.method.upper())
            and fnmatchcase(request.path, self.path)
        ):
            return False
        self.matched += 1
        return self.matched > self.skip and self.applied < self.times


@dataclass(slots=True)
class Schedule:
    """All scheduled faults, in the order in which they were added."""

    scheduled: list[ScheduledFault] = field(default_factory=list)

    def add(
        self,
        fault: Fault,
        *,
        skip: int = 0,
        times: int = 1,
        method: str = "*",
        path: str = "*",
    ) -> None:
        """Schedule a fault; `ScheduledFault` explains the arguments."""
        self.scheduled.append(
            ScheduledFault(fault=fault, skip=skip, times=times, method=method, path=path)
        )

    def clear(self) -> None:
        """Remove all scheduled faults."""
        self.scheduled.clear()

    def take(self, request: Request) -> Fault | None:
        """Return the fault that applies to this request.

        It is the first that is due; the others keep their turn.
        """
        due = [each for each in self.scheduled if each.is_due(request)]
        if not due:
            return None
        due[0].applied += 1
        return due[0].fault
