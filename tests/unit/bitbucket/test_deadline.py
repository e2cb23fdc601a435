import re

import pytest

from pipe.bitbucket.throttle import Deadline
from pipe.models.errors import RunOverError
from pipe.process.context import Stop
from tests.support.clock import FakeClock


def deadline_of(clock: FakeClock, stop: Stop | None = None) -> Deadline:
    return Deadline(clock=clock.clock(), stop=stop or Stop(), deadline_seconds=60)


def test_a_request_may_be_sent_before_the_deadline() -> None:
    clock = FakeClock()
    deadline = deadline_of(clock)

    deadline.wait_while_paused()

    assert clock.slept == []
    assert deadline.remaining == 60


def test_the_longest_requested_pause_applies() -> None:
    clock = FakeClock()
    deadline = deadline_of(clock)
    deadline.pause_all(20)
    deadline.pause_all(10)

    deadline.wait_while_paused()
    deadline.wait_while_paused()

    assert clock.slept == [20]


def test_a_pause_may_be_extended_while_a_thread_waits() -> None:
    clock = FakeClock()
    deadline = deadline_of(clock)

    class Extending(list[float]):
        def append(self, pause: float) -> None:
            super().append(pause)
            if len(self) == 1:
                deadline.pause_all(30)

    clock.slept = Extending()
    deadline.pause_all(10)

    deadline.wait_while_paused()

    assert clock.slept == [10, 20]


def test_a_wait_that_would_exceed_the_deadline_is_not_started() -> None:
    clock = FakeClock()
    deadline = deadline_of(clock)
    clock.advance(deadline.remaining - 10)

    with pytest.raises(RunOverError) as caught:
        deadline.wait(16)

    problem = caught.value.problem
    assert problem.key == "out-of-time"
    assert re.fullmatch(
        r"Waiting 16\.0 seconds would exceed the [0-9]+-second deadline \(10\.0 left\)\.",
        problem.what,
    )
    assert clock.slept == []


def test_a_pause_that_exceeds_the_deadline_is_not_started() -> None:
    clock = FakeClock()
    deadline = deadline_of(clock)
    deadline.pause_all(60)

    with pytest.raises(RunOverError) as caught:
        deadline.wait_while_paused()

    assert caught.value.problem.key == "out-of-time"
    assert clock.slept == []


def test_a_stop_ends_a_pause_of_all_threads() -> None:
    clock, stop = FakeClock(), Stop()
    deadline = deadline_of(clock, stop)
    deadline.pause_all(10)
    stop.request("SIGTERM")

    with pytest.raises(RunOverError) as caught:
        deadline.wait_while_paused()

    assert caught.value.problem.key == "stopped"
    assert clock.slept == []
