"""A POST that is sent again after a read is the same request: its bounds hold for all its sends."""

from typing import Final

import httpx
import pytest

from pipe.bitbucket.requests import OutcomeUnknown, Rejected
from pipe.bitbucket.transport import RetryPolicy
from pipe.models.errors import ExitCode, PipeError, RunOverError
from pipe.models.results import Counts
from tests.unit.bitbucket.doubles import POST, Line, connect, ok, rate_limited

pytestmark = pytest.mark.promise("P5", "P6", "P27")

LOST: Final = httpx.ReadError("reset")


def unavailable(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


def error_of(line: Line, sends: int) -> PipeError:
    attempts = line.transport.attempts()
    for _ in range(sends - 1):
        assert isinstance(line.transport.send(POST, attempts), OutcomeUnknown)
    with pytest.raises(PipeError) as caught:
        line.transport.send(POST, attempts)
    return caught.value


def test_sends_of_one_post_share_its_attempts() -> None:
    line = connect(unavailable, policy=RetryPolicy(max_attempts=3))

    problem = error_of(line, 4).problem

    assert (problem.key, problem.code) == ("service-unavailable", ExitCode.GAVE_UP)
    assert "(3 attempts). Whether it took effect is unknown." in problem.what
    assert line.transport.counter.counts == Counts(total=3, writes=3, retries=2)


def test_attempts_within_a_send_count_too() -> None:
    line = connect([rate_limited(), LOST, rate_limited(), ok()], policy=RetryPolicy(max_attempts=4))
    attempts = line.transport.attempts()

    assert isinstance(line.transport.send(POST, attempts), OutcomeUnknown)
    assert (attempts.made, attempts.exhausted) == (2, False)
    assert line.transport.send(POST, attempts) == "fine"
    assert (attempts.made, attempts.exhausted) == (4, True)


def test_an_outcome_that_stays_unknown_has_its_problem_ready() -> None:
    line = connect([LOST])

    answer = line.transport.send(POST)

    assert isinstance(answer, OutcomeUnknown)
    assert answer.problem.key == "service-unavailable"
    assert "(1 attempt)" in answer.problem.what


def test_a_post_is_sent_again_after_the_usual_pause() -> None:
    line = connect([LOST, LOST, ok()])
    attempts = line.transport.attempts()

    for _ in range(3):
        line.transport.send(POST, attempts)

    assert line.clock.slept == [0.5, 1]


def test_a_requested_pause_holds_before_the_read_that_follows() -> None:
    line = connect([httpx.Response(503, headers={"Retry-After": "17"}), ok(), ok()])
    attempts = line.transport.attempts()

    line.transport.send(POST, attempts)
    line.transport.send(POST)

    assert line.clock.slept == [17]


def test_a_requested_pause_beyond_the_deadline_holds_for_other_requests_too() -> None:
    line = connect(
        [httpx.Response(503, headers={"Retry-After": "700"})], policy=RetryPolicy(max_attempts=1)
    )
    error_of(line, 1)

    error = error_of(line, 1)

    assert isinstance(error, RunOverError)
    assert "Bitbucket asked to wait 700 seconds" in error.problem.what
    assert len(line.requests) == 1


def test_a_rejected_post_may_be_sent_again_as_a_further_attempt() -> None:
    line = connect([httpx.Response(400), ok()], policy=RetryPolicy(max_attempts=2))
    attempts = line.transport.attempts()

    assert line.transport.send(POST, attempts) == Rejected(status=400)
    assert line.transport.send(POST, attempts) == "fine"
    assert line.transport.counter.counts.retries == 1
