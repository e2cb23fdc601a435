"""Which requests are refused, retried, or given up."""

from typing import Final

import httpx
import pytest

from pipe.bitbucket.attempts import RequestAttempts
from pipe.bitbucket.requests import (
    AlreadyGone,
    IdempotentRequest,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
)
from pipe.bitbucket.transport import RetryPolicy, WriteRefusedError
from pipe.models.errors import ExitCode, PipeError, RunOverError
from tests.unit.bitbucket.doubles import (
    DELETE,
    GET,
    HTML,
    POST,
    PUT,
    TOKEN,
    Reply,
    connect,
    ok,
    problem_of,
    rate_limited,
)

pytestmark = pytest.mark.promise("P2", "P5", "P6")

NOT_SENT: Final[list[Exception]] = [
    httpx.ConnectError("[Errno 111] Connection refused"),
    httpx.ConnectTimeout("timed out"),
    httpx.ProxyError("407 Proxy Authentication Required"),
]
NO_RESPONSE: Final[list[Exception]] = [
    httpx.ReadTimeout("timed out"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.WriteTimeout("timed out"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.DecodingError("not gzip"),
]


def test_a_response_is_parsed() -> None:
    line = connect([ok()])

    assert line.transport.send(GET) == "fine"
    assert line.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.promise("P9")
def test_the_attempts_do_not_show_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    send = RequestAttempts._send  # noqa: SLF001 - where the header is known

    def sent(attempts: RequestAttempts[object]) -> object:
        seen.append(repr(attempts))
        return send(attempts)

    monkeypatch.setattr(RequestAttempts, "_send", sent)
    connect([ok()]).transport.send(GET)
    assert seen == ["RequestAttempts(GET)"]


def test_a_rejection_is_returned_and_not_retried() -> None:
    line = connect([httpx.Response(409, json={"error": {"message": "taken"}})])

    assert line.transport.send(POST) == Rejected(status=409, message="taken")
    assert len(line.requests) == 1


@pytest.mark.parametrize("request_", [PUT, DELETE, POST], ids=["PUT", "DELETE", "POST"])
def test_a_read_only_transport_refuses_to_write(
    request_: IdempotentRequest[object] | NonIdempotentRequest[object],
) -> None:
    line = connect([ok()], read_only=True)

    with pytest.raises(WriteRefusedError, match=r"^(POST|PUT|DELETE) "):
        line.transport.send(request_)
    assert line.requests == []
    assert line.transport.send(GET) == "fine"


def transient_replies() -> list[Reply]:
    return [
        *NOT_SENT,
        *NO_RESPONSE,
        rate_limited(),
        *(httpx.Response(status, text=HTML) for status in (408, 425, 500, 502, 503, 504)),
        httpx.Response(200, text=HTML),
        httpx.Response(200, content=b'{"half":'),
        httpx.Response(999, json="fine"),
    ]


@pytest.mark.parametrize("index", range(len(transient_replies())))
@pytest.mark.parametrize("request_", [GET, PUT], ids=["GET", "PUT"])
def test_a_transient_failure_is_retried_after_a_pause(
    request_: IdempotentRequest[object], index: int
) -> None:
    line = connect([transient_replies()[index], ok()])

    assert line.transport.send(request_) == "fine"
    assert line.clock.slept == [0.5]


@pytest.mark.parametrize("index", range(len(transient_replies())))
def test_a_post_is_never_blindly_repeated(index: int) -> None:
    reply = transient_replies()[index]
    line = connect([reply, ok()])

    answer = line.transport.send(POST)

    if reply in NOT_SENT or (isinstance(reply, httpx.Response) and reply.status_code == 429):
        assert answer == "fine"
    else:
        assert isinstance(answer, OutcomeUnknown)
        assert answer.reason
        assert len(line.requests) == 1


def test_a_retried_deletion_that_finds_nothing_may_have_worked() -> None:
    line = connect([httpx.ReadError("reset"), httpx.Response(404)])

    assert line.transport.send(DELETE) == AlreadyGone()


def test_a_deletion_that_finds_nothing_is_rejected_if_no_attempt_can_have_worked() -> None:
    line = connect([rate_limited(), httpx.ConnectError("refused"), httpx.Response(404)])

    assert line.transport.send(DELETE) == Rejected(status=404)


def test_a_404_rejects_other_requests() -> None:
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
        {"retry_after": "Fri, 15 Jan 2027 08:00:17 GMT"},
        {"x_ratelimit_reset": "17"},
    ],
)
def test_the_pause_that_the_service_asks_for_is_made(headers: dict[str, str]) -> None:
    line = connect([rate_limited(**headers), ok()])

    assert line.transport.send(GET) == "fine"
    assert line.clock.slept == [17]


def test_attempts_run_out() -> None:
    line = connect(lambda _: httpx.Response(502, text=HTML), policy=RetryPolicy(max_attempts=3))

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("service-unavailable", ExitCode.GAVE_UP)
    assert "GET /2.0/x failed (3 attempts)." in problem.what
    assert problem.why == "Last response: HTTP 502: Bad Gateway"
    assert len(line.requests) == 3


def test_a_single_attempt_is_reported_as_one() -> None:
    line = connect([httpx.Response(500)], policy=RetryPolicy(max_attempts=1))

    problem = problem_of(line, GET, PipeError)

    assert "(1 attempt)" in problem.what
    assert problem.why == "Last response: HTTP 500"
    assert line.clock.slept == []


def test_a_failed_write_is_reported_as_unknown() -> None:
    line = connect(lambda _: httpx.ReadError("reset"))

    assert "unknown" in problem_of(line, PUT, PipeError).what
    assert "unknown" not in problem_of(line, GET, PipeError).what


def test_a_refused_connection_is_reported_as_unreachable() -> None:
    line = connect(lambda _: httpx.ConnectError("[Errno 111] Connection refused"))

    problem = problem_of(line, POST, PipeError)

    assert (problem.key, problem.code) == ("service-unreachable", ExitCode.GAVE_UP)
    assert "Connection refused" in problem.why
    assert "(5 attempts)" in problem.what


def test_an_unparseable_answer_ends_in_an_error_after_all_attempts() -> None:
    line = connect(lambda _: httpx.Response(200, text="<html>login</html>"))

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("unexpected-response", ExitCode.INCOMPLETE)
    assert "HTTP 200, but the body is not JSON" in problem.why


def test_a_rate_limit_that_persists_ends_the_run() -> None:
    line = connect(lambda _: rate_limited())

    problem = problem_of(line, POST, RunOverError)

    assert (problem.key, problem.code) == ("rate-limited", ExitCode.GAVE_UP)
    assert "Rate limit for this resource has been exceeded" in problem.why


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/steal", "A:0", "http://elsewhere.example:port/"]
)
def test_a_redirection_is_not_followed(location: str) -> None:
    line = connect([httpx.Response(302, headers={"Location": location}), httpx.Response(301)])

    problem = problem_of(line, GET, PipeError)

    assert (problem.key, problem.code) == ("redirected", ExitCode.INCOMPLETE)
    assert "elsewhere.example" not in repr(problem)
    assert problem_of(line, POST, PipeError).key == "redirected"
    assert len(line.requests) == 2
