"""Whatever happens, tries and time are bounded, and a POST is not blindly repeated."""

from http import HTTPMethod

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.bitbucket.requests import (
    AlreadyGone,
    IdempotentRequest,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
)
from pipe.bitbucket.transport import RetryPolicy
from pipe.models.errors import PipeError, RunOverError
from tests.support.clock import FakeClock
from tests.unit.bitbucket.doubles import DELETE, GET, POST, PUT, Reply, connect

pytestmark = pytest.mark.promise("P5", "P6")

NOT_PROCESSED = "refused", "429"
EVENTS = st.sampled_from(["ok", "refused", "cut", "html", "429", "500", "503", "404", "silence"])
SECONDS = st.integers(0, 1000).map(str)


def reply(event: str, wait: str | None, clock: FakeClock) -> Reply:
    headers = {} if wait is None else {"Retry-After": wait}
    match event:
        case "refused":
            return httpx.ConnectError("refused")
        case "cut":
            return httpx.ReadError("reset")
        case "silence":
            clock.advance(30)
            return httpx.ReadTimeout("timed out")
        case "ok":
            return httpx.Response(200, json=1)
        case "html":
            return httpx.Response(200, text="<html>")
        case _:
            return httpx.Response(int(event), headers=headers)


@given(
    request=st.sampled_from([GET, PUT, DELETE, POST]),
    events=st.lists(st.tuples(EVENTS, st.none() | SECONDS), min_size=1, max_size=12),
    max_attempts=st.integers(1, 8),
    deadline=st.floats(0.1, 900),
    random=st.floats(0, 1, exclude_max=True),
)
def test_attempts_and_time_are_bounded(
    request: IdempotentRequest[object] | NonIdempotentRequest[object],
    events: list[tuple[str, str | None]],
    max_attempts: int,
    deadline: float,
    random: float,
) -> None:
    clock = FakeClock(chance=random)
    began = clock.seconds
    happened: list[str] = []

    def service(_: httpx.Request) -> Reply:
        event, wait = events[len(happened) % len(events)]
        happened.append(event)
        return reply(event, wait, clock)

    line = connect(
        service,
        clock=clock,
        policy=RetryPolicy(max_attempts=max_attempts, deadline_seconds=deadline),
    )
    answer: object = None
    error: PipeError | None = None
    try:
        answer = line.transport.send(request)
    except PipeError as raised:
        error = raised

    if isinstance(answer, OutcomeUnknown):
        assert isinstance(request, NonIdempotentRequest)
        assert happened[-1] not in (*NOT_PROCESSED, "ok", "404")
    if isinstance(answer, Rejected):
        assert happened[-1] == "404"
    if isinstance(answer, AlreadyGone):
        assert request.method is HTTPMethod.DELETE
        assert happened[-1] == "404"
        assert not set(happened[:-1]) <= {*NOT_PROCESSED, "404"}
    if isinstance(error, RunOverError):
        # Of a write, the last attempt may have worked: there was no time to look.
        assert error.problem.key in ("out-of-time", "rate-limited")
    elif error is not None:
        assert len(happened) == max_attempts
        if isinstance(request, NonIdempotentRequest):
            assert set(happened) <= set(NOT_PROCESSED)
    if isinstance(request, NonIdempotentRequest):
        assert set(happened[:-1]) <= set(NOT_PROCESSED)
    assert len(happened) <= max_attempts
    assert line.transport.counter.counts.total == sum(event != "refused" for event in happened)
    # The clock may pass the deadline only while a request is under way, not while we wait.
    assert clock.seconds <= began + deadline + 30
    assert sum(line.clock.slept) <= deadline
