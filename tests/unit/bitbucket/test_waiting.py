"""Pauses, the deadline, and what is counted and recorded."""

import threading
from collections.abc import Iterator
from http import HTTPMethod

import httpx
import pytest

from pipe.bitbucket.requests import IdempotentRequest, NonIdempotentRequest
from pipe.bitbucket.transport import RetryPolicy
from pipe.models.errors import ExitCode, PipeError, RunOverError
from pipe.models.results import Counts
from tests.support.clock import FakeClock
from tests.unit.bitbucket.doubles import (
    DELETE,
    GET,
    POST,
    PUT,
    TOKEN,
    VALUE,
    Line,
    Reply,
    connect,
    ok,
    problem_of,
    rate_limited,
)

pytestmark = pytest.mark.promise("P5", "P6")


def test_a_pause_never_exceeds_the_deadline() -> None:
    line = connect([rate_limited(retry_after="700")])

    problem = problem_of(line, GET, RunOverError)

    assert (problem.key, problem.code) == ("out-of-time", ExitCode.GAVE_UP)
    assert "700 seconds" in problem.why
    assert line.clock.slept == []


@pytest.mark.parametrize(("request_", "is_unknown"), [(GET, False), (PUT, True), (POST, True)])
def test_a_write_without_time_for_another_attempt_is_reported_as_unknown(
    request_: IdempotentRequest[object] | NonIdempotentRequest[object],
    is_unknown: bool,
) -> None:
    line = connect([httpx.Response(503, headers={"Retry-After": "700"})])

    problem = problem_of(line, request_, RunOverError)

    assert problem.key == "out-of-time"
    assert ("Whether it took effect is unknown." in problem.what) is is_unknown


def test_the_backoff_never_exceeds_the_deadline() -> None:
    line = connect([httpx.Response(503)], policy=RetryPolicy(deadline_seconds=0.4))

    problem = problem_of(line, GET, RunOverError)

    assert problem.key == "out-of-time"
    assert "asked" not in problem.why


def test_nothing_is_sent_after_the_deadline() -> None:
    line = connect([ok()])
    line.clock.advance(600)

    problem = problem_of(line, GET, RunOverError)

    assert problem.key == "out-of-time"
    assert "600-second deadline" in problem.what
    assert line.requests == []


def test_nothing_is_sent_after_a_stop() -> None:
    line = connect([ok()])
    line.stop.request("SIGTERM")

    problem = problem_of(line, GET, RunOverError)

    assert (problem.key, problem.code, problem.why) == ("stopped", ExitCode.GAVE_UP, "SIGTERM")
    assert line.requests == []


def test_a_stop_during_a_pause_ends_the_retries() -> None:
    line = connect([httpx.Response(503), ok()])
    line.clock.slept = StopsAtFirstPause(line)

    assert problem_of(line, GET, RunOverError).key == "stopped"
    assert len(line.requests) == 1


class StopsAtFirstPause(list[float]):
    """Records pauses; the run is asked to stop during the first."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def append(self, pause: float) -> None:
        super().append(pause)
        self._line.stop.request("SIGTERM")


def limited() -> httpx.Response:
    return httpx.Response(200, json=1, headers={"X-RateLimit-Limit": "1"})


def test_a_request_waits_until_the_hourly_limit_allows_it() -> None:
    line = connect([limited(), ok()], policy=RetryPolicy(deadline_seconds=3602))
    line.transport.send(GET)

    assert line.transport.send(GET) == "fine"
    assert line.clock.slept == [3601]


def test_a_request_that_the_hourly_limit_allows_too_late_is_not_sent() -> None:
    line = connect([limited()])
    line.transport.send(GET)

    problem = problem_of(line, GET, RunOverError)

    assert problem.key == "hourly-limit-reached"
    assert len(line.requests) == 1


def test_callers_wait_under_the_same_bounds() -> None:
    line = connect([])

    line.transport.deadline.wait(0.25)
    assert line.clock.slept == [0.25]

    with pytest.raises(RunOverError) as late:
        line.transport.deadline.wait(600)
    assert late.value.problem.key == "out-of-time"

    line.stop.request("SIGTERM")
    with pytest.raises(RunOverError) as stopped:
        line.transport.deadline.wait(0.25)
    assert stopped.value.problem.key == "stopped"
    assert line.clock.slept == [0.25]


def test_a_stop_during_a_wait_is_noticed() -> None:
    line = connect([])
    line.clock.slept = StopsAtFirstPause(line)

    with pytest.raises(RunOverError) as stopped:
        line.transport.deadline.wait(0.25)

    assert stopped.value.problem.key == "stopped"


def test_one_retry_budget_for_the_whole_run() -> None:
    def service(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if request.url.path == GET.path else ok()

    fine = IdempotentRequest(method=HTTPMethod.GET, path="/2.0/fine", parse=VALUE)
    line = connect(service, policy=RetryPolicy(max_attempts=2))
    for number in range(13):
        assert problem_of(line, GET, PipeError).key == "service-unavailable"
        if number % 5 == 4:
            line.transport.send(fine)

    problem = problem_of(line, GET, PipeError)
    assert (problem.key, problem.code) == ("retry-budget-spent", ExitCode.GAVE_UP)
    assert not problem.ends_run
    assert line.transport.counter.counts.retries == 13


def test_requests_are_counted() -> None:
    line = connect(
        [
            ok(),
            httpx.ConnectError("refused"),
            httpx.Response(503),
            ok(),
            httpx.ReadError("reset"),
            httpx.Response(204),
            rate_limited(),
            ok(),
        ]
    )

    line.transport.send(GET)
    line.transport.send(GET)
    line.transport.send(DELETE)
    line.transport.send(POST)

    assert line.transport.counter.counts == Counts(total=7, reads=3, writes=4, retries=4)


def test_every_attempt_is_recorded_without_its_body() -> None:
    clock = FakeClock()
    replies: Iterator[Reply] = iter([httpx.Response(503), httpx.ReadError("reset"), ok()])

    def service(_: httpx.Request) -> Reply:
        clock.advance(0.0123)
        return next(replies)

    line = connect(service, clock=clock)
    line.transport.send(
        IdempotentRequest(method=HTTPMethod.GET, path="/2.0/x", query=(("page", "2"),), parse=VALUE)
    )

    recorded = [(each.result, each.attempt) for each in line.exchanges]
    assert recorded == [(503, 1), ("ReadError", 2), (200, 3)]
    assert {(each.method, each.path, each.milliseconds) for each in line.exchanges} == {
        ("GET", "/2.0/x?page=2", 12)
    }


def test_failures_without_a_text_are_recorded_too() -> None:
    line = connect([httpx.Response(200, text="<p>"), httpx.ReadTimeout(""), ok()])

    line.transport.send(GET)

    assert [each.result for each in line.exchanges] == [200, "ReadTimeout", 200]


def test_the_stated_limit_is_remembered() -> None:
    line = connect(
        [
            httpx.Response(200, json=1, headers={"X-RateLimit-Limit": "1000"}),
            httpx.Response(404),
            httpx.Response(200, json=1, headers={"X-RateLimit-Limit": "9" * 99}),
        ]
    )
    seen = [line.transport.window.limit]

    for _ in range(3):
        line.transport.send(GET)
        seen.append(line.transport.window.limit)

    assert seen == [None, 1000, 1000, 1000]


def test_all_threads_pause_together() -> None:
    """While one thread waits as the service asked, another sends nothing."""
    first_waits = threading.Event()
    go_on = threading.Event()
    sent_at: list[float] = []

    class HeldClock(FakeClock):
        def sleep(self, seconds: float) -> None:
            if not first_waits.is_set():
                first_waits.set()
                assert go_on.wait(timeout=60)
            super().sleep(seconds)

    clock = HeldClock()

    def service(_: httpx.Request) -> httpx.Response:
        sent_at.append(clock.seconds)
        return rate_limited(retry_after="17") if len(sent_at) == 1 else ok()

    line = connect(service, clock=clock)

    first = threading.Thread(target=line.transport.send, args=(GET,), daemon=True)
    first.start()
    assert first_waits.wait(timeout=60)

    line.transport.send(GET)
    go_on.set()
    first.join(timeout=60)

    assert sent_at[1] == sent_at[0] + 17
    assert clock.slept[:2] == [17, 17]


def test_a_thread_that_comes_during_a_pause_waits_for_its_rest() -> None:
    line = connect([rate_limited(retry_after="50"), ok(), ok()])
    line.transport.send(GET)
    line.clock.seconds -= 30

    assert line.transport.send(GET) == "fine"
    assert line.clock.slept == [50, 30]


def test_secrets_that_the_service_echoes_are_masked() -> None:
    echo = f"you sent Bearer {TOKEN}"
    line = connect(
        [
            httpx.Response(400, json={"message": echo, "key": TOKEN}),
            httpx.Response(302, headers={"Location": f"https://x.example/?token={TOKEN}"}),
            httpx.Response(500, text=echo),
        ],
        policy=RetryPolicy(max_attempts=1),
    )

    shown = [
        repr(line.transport.send(POST)),
        repr(problem_of(line, GET, PipeError)),
        repr(line.transport.send(POST)),
    ]

    assert not any(TOKEN in each for each in shown)
    assert "you sent Bearer ***" in shown[0]
