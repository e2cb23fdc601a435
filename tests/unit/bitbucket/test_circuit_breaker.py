"""A run ends when many requests in a row fail at every attempt."""

from typing import Final

import httpx
import pytest
from pydantic import SecretStr

from pipe.bitbucket.auth import OAuthConsumer
from pipe.bitbucket.throttle import MAX_FAILURES
from pipe.bitbucket.transport import RetryPolicy
from pipe.models.errors import ExitCode, PipeError, RunOverError
from tests.unit.bitbucket.doubles import GET, PUT, Line, Reply, connect, ok, problem_of

ONCE: Final = RetryPolicy(max_attempts=1)


def fail(line: Line, times: int) -> None:
    for _ in range(times):
        assert problem_of(line, GET, PipeError).key == "service-unavailable"


@pytest.mark.promise("P27")
def test_the_tenth_failed_request_in_a_row_ends_the_run() -> None:
    line = connect(lambda _: httpx.Response(503), policy=ONCE)
    fail(line, MAX_FAILURES - 1)

    tenth = problem_of(line, GET, RunOverError)
    further = problem_of(line, PUT, RunOverError)

    assert tenth == further
    assert (tenth.key, tenth.code) == ("service-failing", ExitCode.GAVE_UP)
    assert tenth.ends_run
    assert "Last response: HTTP 503" in tenth.why
    assert len(line.requests) == MAX_FAILURES


@pytest.mark.promise("P27")
@pytest.mark.parametrize("status", [200, 404])
def test_an_answered_request_ends_the_row(status: int) -> None:
    replies: list[Reply] = [httpx.Response(503) for _ in range(MAX_FAILURES * 2 - 2)]
    replies.insert(MAX_FAILURES - 1, httpx.Response(status, json=1))
    line = connect(replies, policy=ONCE)

    fail(line, MAX_FAILURES - 1)
    line.transport.send(GET)
    fail(line, MAX_FAILURES - 1)


@pytest.mark.promise("P27")
def test_reads_that_succeed_do_not_hide_writes_that_fail() -> None:
    line = connect(
        lambda request: ok() if request.method == "GET" else httpx.Response(503), policy=ONCE
    )
    for _ in range(MAX_FAILURES - 1):
        line.transport.send(GET)
        assert problem_of(line, PUT, PipeError).key == "service-unavailable"
    line.transport.send(GET)

    assert problem_of(line, PUT, RunOverError).key == "service-failing"


@pytest.mark.promise("P27")
def test_a_token_service_that_is_down_ends_the_run() -> None:
    consumer = OAuthConsumer(
        client_id="client",
        client_secret=SecretStr("secret-of-the-client"),
        token_url="https://bitbucket.example/token",
    )
    line = connect(lambda _: httpx.ConnectError("refused"), policy=ONCE, credentials=consumer)
    for _ in range(MAX_FAILURES - 1):
        assert problem_of(line, GET, PipeError).key == "service-unreachable"

    assert problem_of(line, GET, RunOverError).key == "service-failing"


def test_a_request_without_time_for_another_attempt_is_no_failure_of_the_service() -> None:
    line = connect(
        lambda _: httpx.Response(503, headers={"Retry-After": "700"}),
        policy=RetryPolicy(max_attempts=2),
    )

    assert problem_of(line, GET, RunOverError).key == "out-of-time"
    assert problem_of(line, GET, RunOverError).key == "out-of-time"
    assert len(line.requests) == 1
