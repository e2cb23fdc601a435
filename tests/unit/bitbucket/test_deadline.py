import pytest

from pipe.bitbucket.throttle import Deadline
from pipe.context import Stop
from pipe.models.errors import RunOverError
from tests.unit.bitbucket.doubles import FakeClock


def pace_of(clock: FakeClock, stop: Stop | None = None) -> Deadline:
    return Deadline(clock=clock.clock(), stop=stop or Stop(), deadline_seconds=60)


def test_who_has_time_may_go() -> None:
    clock = FakeClock()
    pace = pace_of(clock)

    pace.ready()

    assert clock.slept == []
    assert pace.remaining == 60


def test_the_longest_pause_that_was_asked_for_holds() -> None:
    clock = FakeClock()
    pace = pace_of(clock)
    pace.slow_down(20)
    pace.slow_down(10)

    pace.ready()
    pace.ready()

    assert clock.slept == [20]


def test_a_pause_that_is_made_longer_meanwhile_is_kept() -> None:
    clock = FakeClock()
    pace = pace_of(clock)

    class MadeLonger(list[float]):
        def append(self, pause: float) -> None:
            super().append(pause)
            if len(self) == 1:
                pace.slow_down(30)

    clock.slept = MadeLonger()
    pace.slow_down(10)

    pace.ready()

    assert clock.slept == [10, 20]


def test_a_pause_past_the_deadline_is_not_begun() -> None:
    clock = FakeClock()
    pace = pace_of(clock)
    pace.slow_down(60)

    with pytest.raises(RunOverError) as over:
        pace.ready()

    assert over.value.problem.key == "out-of-time"
    assert clock.slept == []


def test_a_stop_ends_the_pause_of_others_too() -> None:
    clock, stop = FakeClock(), Stop()
    pace = pace_of(clock, stop)
    pace.slow_down(10)
    stop.request("SIGTERM")

    with pytest.raises(RunOverError) as over:
        pace.ready()

    assert over.value.problem.key == "stopped"
    assert clock.slept == []
