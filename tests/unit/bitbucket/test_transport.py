"""P2, P5, P6: who may write, what is repeated, and how long anybody waits."""

import threading
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from pipe.bitbucket.objects import deletion, whole
from pipe.bitbucket.protocol import (
    FateUnknown,
    Method,
    Post,
    Quota,
    Rejected,
    Repeatable,
    Vanished,
)
from pipe.bitbucket.transport import Counts, Policy, WriteRefusedError
from pipe.errors import ExitCode, PipeError, Problem, RunOverError
from tests.unit.bitbucket.doubles import HTML, TOKEN, Clock, Line, Reply, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE: Final = whole(lambda value: value)
GET: Final = Repeatable(method=Method.GET, path="/2.0/x", parse=VALUE)
PUT: Final = Repeatable(method=Method.PUT, path="/2.0/x", parse=VALUE)
DELETE: Final = deletion("/2.0/x")
POST: Final = Post(path="/2.0/x", parse=VALUE)


def ok() -> httpx.Response:
    return httpx.Response(200, json="fine")


def slow_down(**headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(429, text="Rate limit for this resource has been exceeded", headers=told)


def problem_of(line: Line, request: Repeatable[object] | Post[object], kind: type) -> Problem:
    with pytest.raises(PipeError) as caught:
        line.transport.send(request)
    assert type(caught.value) is kind
    return caught.value.problem


NOT_SENT: Final[list[Exception]] = [
    httpx.ConnectError("[Errno 111] Connection refused"),
    httpx.ConnectTimeout("timed out"),
    httpx.PoolTimeout("no connection free"),
    httpx.ProxyError("407 Proxy Authentication Required"),
    UnicodeError("label empty or too long"),
]
LOST: Final[list[Exception]] = [
    httpx.ReadTimeout("timed out"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.WriteTimeout("timed out"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.DecodingError("not gzip"),
]


def test_an_answer_is_read() -> None:
    line = connect([ok()])

    assert line.transport.send(GET) == "fine"
    assert line.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_rejection_is_returned_and_not_repeated() -> None:
    line = connect([httpx.Response(409, json={"error": {"message": "taken"}})])

    assert line.transport.send(POST) == Rejected(status=409, message="taken")
    assert len(line.requests) == 1


@pytest.mark.parametrize("request_", [PUT, DELETE, POST], ids=["PUT", "DELETE", "POST"])
def test_a_read_only_transport_refuses_to_write(
    request_: Repeatable[object] | Post[object],
) -> None:
    line = connect([ok()], read_only=True)

    with pytest.raises(WriteRefusedError, match=r"^(POST|PUT|DELETE) "):
        line.transport.send(request_)
    assert line.requests == []
    assert line.transport.send(GET) == "fine"


def passing_replies() -> list[Reply]:
    return [
        *NOT_SENT,
        *LOST,
        slow_down(),
        *(httpx.Response(status, text=HTML) for status in (408, 425, 500, 502, 503, 504)),
        httpx.Response(200, text=HTML),
        httpx.Response(200, content=b'{"half":'),
        httpx.Response(999, json="fine"),
    ]


@pytest.mark.parametrize("index", range(len(passing_replies())))
@pytest.mark.parametrize("request_", [GET, PUT], ids=["GET", "PUT"])
def test_what_passes_is_waited_out(request_: Repeatable[object], index: int) -> None:
    line = connect([passing_replies()[index], ok()])

    assert line.transport.send(request_) == "fine"
    assert line.clock.slept == [0.5]


@pytest.mark.parametrize("index", range(len(passing_replies())))
def test_a_post_is_never_blindly_repeated(index: int) -> None:
    reply = passing_replies()[index]
    line = connect([reply, ok()])

    answer = line.transport.send(POST)

    if reply in NOT_SENT or (isinstance(reply, httpx.Response) and reply.status_code == 429):
        assert answer == "fine"
    else:
        assert isinstance(answer, FateUnknown)
        assert answer.reason
        assert len(line.requests) == 1


def test_a_deletion_that_is_repeated_and_finds_nothing_may_have_worked() -> None:
    line = connect([httpx.ReadError("reset"), httpx.Response(404)])

    assert line.transport.send(DELETE) == Vanished()


def test_a_deletion_that_can_not_have_worked_and_finds_nothing_is_rejected() -> None:
    line = connect([slow_down(), httpx.ConnectError("refused"), httpx.Response(404)])

    assert line.transport.send(DELETE) == Rejected(status=404)


def test_another_request_that_finds_nothing_is_rejected() -> None:
    line = connect([httpx.ReadError("reset"), httpx.Response(404)])

    assert line.transport.send(PUT) == Rejected(status=404)


def test_pauses_grow() -> None:
    line = connect([*(httpx.Response(503) for _ in range(4)), ok()])

    line.transport.send(GET)

    assert line.clock.slept == [0.5, 1, 2, 4]


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "17"},
        {"retry_after": "Tue, 01 Sep 2026 12:00:17 GMT"},
        {"x_ratelimit_reset": "17"},
    ],
)
def test_the_service_says_how_long_to_wait(headers: dict[str, str]) -> None:
    line = connect([slow_down(**headers), ok()])

    assert line.transport.send(GET) == "fine"
    assert line.clock.slept == [17]


def test_tries_run_out() -> None:
    line = connect(lambda _: httpx.Response(502, text=HTML), policy=Policy(max_attempts=3))

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("service-unavailable", ExitCode.GAVE_UP)
    assert "GET /2.0/x failed, 3 times." in problem.what
    assert problem.why == "Last answer: HTTP 502: Bad Gateway"
    assert len(line.requests) == 3


def test_a_single_try_is_told_as_one() -> None:
    line = connect([httpx.Response(500)], policy=Policy(max_attempts=1))

    problem = problem_of(line, GET, PipeError)

    assert "at the only try" in problem.what
    assert problem.why == "Last answer: HTTP 500"
    assert line.clock.slept == []


def test_a_write_that_failed_may_have_worked() -> None:
    line = connect(lambda _: httpx.ReadError("reset"))

    assert "unknown" in problem_of(line, PUT, PipeError).what
    assert "unknown" not in problem_of(line, GET, PipeError).what


def test_nobody_there() -> None:
    line = connect(lambda _: httpx.ConnectError("[Errno 111] Connection refused"))

    problem = problem_of(line, POST, PipeError)

    assert (problem.key, problem.code) == ("service-unreachable", ExitCode.GAVE_UP)
    assert "Connection refused" in problem.why
    assert "5 times" in problem.what


def test_what_makes_no_sense_stays_senseless() -> None:
    line = connect(lambda _: httpx.Response(200, text="<html>login</html>"))

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("answer-makes-no-sense", ExitCode.INCOMPLETE)
    assert "HTTP 200, but an answer that is not JSON" in problem.why


def test_a_quota_that_stays_spent_ends_the_run() -> None:
    line = connect(lambda _: slow_down())

    problem = problem_of(line, POST, RunOverError)

    assert (problem.key, problem.code) == ("rate-limited", ExitCode.GAVE_UP)
    assert "Rate limit for this resource has been exceeded" in problem.why


def test_a_redirect_is_not_followed() -> None:
    target = {"Location": "https://elsewhere.example/steal"}
    line = connect([httpx.Response(302, headers=target), httpx.Response(301)])

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("redirected", ExitCode.INCOMPLETE)
    assert "https://elsewhere.example/steal" in problem.why
    assert "nowhere" in problem_of(line, POST, PipeError).why
    assert len(line.requests) == 2


@pytest.mark.parametrize("location", ["A:0", "http://x:port/"])
def test_a_redirect_to_what_is_no_address_is_trouble_like_any_other(location: str) -> None:
    line = connect([httpx.Response(307, headers={"Location": location}), ok()])

    assert line.transport.send(GET) == "fine"


def test_waiting_never_goes_past_the_deadline() -> None:
    line = connect([slow_down(retry_after="700")])

    problem = problem_of(line, GET, RunOverError)

    assert (problem.key, problem.code) == ("out-of-time", ExitCode.GAVE_UP)
    assert "700 seconds" in problem.why
    assert line.clock.slept == []


def test_pauses_that_nobody_asked_for_keep_to_the_deadline_too() -> None:
    line = connect([httpx.Response(503)], policy=Policy(deadline_seconds=0.4))

    problem = problem_of(line, GET, RunOverError)

    assert problem.key == "out-of-time"
    assert "asked" not in problem.why


def test_nothing_is_sent_after_the_deadline() -> None:
    line = connect([ok()])
    line.clock.advance(600)

    problem = problem_of(line, GET, RunOverError)

    assert problem.key == "out-of-time"
    assert "600 seconds" in problem.what
    assert line.requests == []


def test_nothing_is_sent_after_a_stop() -> None:
    line = connect([ok()])
    line.stop.request("SIGTERM")

    problem = problem_of(line, GET, RunOverError)

    assert (problem.key, problem.code, problem.why) == ("stopped", ExitCode.GAVE_UP, "SIGTERM")
    assert line.requests == []


def test_a_stop_during_a_pause_ends_the_trying() -> None:
    line = connect([httpx.Response(503), ok()])
    line.clock.slept = StopsAtThePause(line)

    assert problem_of(line, GET, RunOverError).key == "stopped"
    assert len(line.requests) == 1


class StopsAtThePause(list[float]):
    """Notes pauses; somebody asks to stop during the first."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def append(self, pause: float) -> None:
        super().append(pause)
        self._line.stop.request("SIGTERM")


def test_callers_wait_by_the_same_rules() -> None:
    line = connect([])

    line.transport.wait(0.25)
    assert line.clock.slept == [0.25]

    with pytest.raises(RunOverError) as late:
        line.transport.wait(600)
    assert late.value.problem.key == "out-of-time"

    line.stop.request("SIGTERM")
    with pytest.raises(RunOverError) as stopped:
        line.transport.wait(0.25)
    assert stopped.value.problem.key == "stopped"
    assert line.clock.slept == [0.25]


def test_a_stop_during_a_wait_is_noticed() -> None:
    line = connect([])
    line.clock.slept = StopsAtThePause(line)

    with pytest.raises(RunOverError) as stopped:
        line.transport.wait(0.25)

    assert stopped.value.problem.key == "stopped"


def test_one_budget_of_repeats_for_the_whole_run() -> None:
    line = connect(lambda _: httpx.Response(503), policy=Policy(max_attempts=2))
    for _ in range(12):
        assert problem_of(line, GET, PipeError).key == "service-unavailable"

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("retry-budget-spent", ExitCode.GAVE_UP)
    assert not problem.ends_run
    assert line.transport.counts == Counts(total=25, reads=25, writes=0, retries=12)


def test_what_was_sent_is_counted() -> None:
    line = connect(
        [
            ok(),
            httpx.ConnectError("refused"),
            httpx.Response(503),
            ok(),
            httpx.ReadError("reset"),
            httpx.Response(204),
            slow_down(),
            ok(),
        ]
    )

    line.transport.send(GET)
    line.transport.send(GET)
    line.transport.send(DELETE)
    line.transport.send(POST)

    assert line.transport.counts == Counts(total=7, reads=3, writes=4, retries=4)


def test_every_attempt_is_told_without_its_body() -> None:
    clock = Clock()
    replies: Iterator[Reply] = iter([httpx.Response(503), httpx.ReadError("reset"), ok()])

    def service(_: httpx.Request) -> Reply:
        clock.advance(0.0123)
        return next(replies)

    line = connect(service, clock=clock)
    line.transport.send(
        Repeatable(method=Method.GET, path="/2.0/x", query=(("page", "2"),), parse=VALUE)
    )

    told = [(each.result, each.attempt) for each in line.exchanges]
    assert told == [(503, 1), ("ReadError", 2), (200, 3)]
    assert {(each.method, each.path, each.milliseconds) for each in line.exchanges} == {
        ("GET", "/2.0/x?page=2", 12)
    }


def test_senseless_and_nameless_trouble_is_told_too() -> None:
    line = connect([httpx.Response(200, text="<p>"), httpx.ReadTimeout(""), ok()])

    line.transport.send(GET)

    assert [each.result for each in line.exchanges] == [200, "ReadTimeout", 200]


def test_what_the_service_says_of_the_quota_is_kept() -> None:
    line = connect(
        [
            httpx.Response(
                200, json=1, headers={"X-RateLimit-Limit": "1000", "X-RateLimit-NearLimit": "true"}
            ),
            httpx.Response(404, headers={"X-RateLimit-NearLimit": "FALSE"}),
            httpx.Response(200, json=1, headers={"X-RateLimit-Limit": "9" * 99}),
        ]
    )
    seen = [line.transport.quota]

    for _ in range(3):
        line.transport.send(GET)
        seen.append(line.transport.quota)

    assert seen == [
        Quota(),
        Quota(limit=1000, near_limit=True),
        Quota(limit=1000, near_limit=False),
        Quota(limit=1000, near_limit=False),
    ]


def test_all_threads_slow_down_together() -> None:
    """While one thread waits as the service asked, another sends nothing."""
    clock = Clock()
    first_waits = threading.Event()
    go_on = threading.Event()
    sent_at: list[float] = []

    def service(_: httpx.Request) -> httpx.Response:
        sent_at.append(clock.seconds)
        return slow_down(retry_after="17") if len(sent_at) == 1 else ok()

    line = connect(service, clock=clock)

    class Held(list[float]):
        def append(self, pause: float) -> None:
            super().append(pause)
            if len(self) == 1:
                first_waits.set()
                go_on.wait(timeout=60)

    clock.slept = Held()
    first = threading.Thread(target=line.transport.send, args=(GET,), daemon=True)
    first.start()
    assert first_waits.wait(timeout=60)

    line.transport.send(GET)
    go_on.set()
    first.join(timeout=60)

    assert sent_at[1] == sent_at[0] + 17
    assert clock.slept[:2] == [17, 17]


def test_who_comes_in_the_middle_of_a_pause_waits_for_the_rest_of_it() -> None:
    line = connect([slow_down(retry_after="50"), ok(), ok()])
    line.transport.send(GET)
    line.clock.seconds -= 30

    assert line.transport.send(GET) == "fine"
    assert line.clock.slept == [50, 30]


def test_secrets_that_the_service_echoes_are_not_told() -> None:
    echo = f"you sent Bearer {TOKEN}"
    line = connect(
        [
            httpx.Response(400, json={"message": echo, "key": TOKEN}),
            httpx.Response(302, headers={"Location": f"https://x.example/?token={TOKEN}"}),
            httpx.Response(500, text=echo),
        ],
        policy=Policy(max_attempts=1),
    )

    told = [
        repr(line.transport.send(POST)),
        repr(problem_of(line, GET, PipeError)),
        repr(line.transport.send(POST)),
    ]

    assert all("***" in each and TOKEN not in each for each in told)
