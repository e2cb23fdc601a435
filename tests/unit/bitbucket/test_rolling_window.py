"""How many requests fit into an hour."""

from __future__ import annotations

import pytest

from pipe.bitbucket.throttle import HOUR, RollingWindow
from tests.unit.bitbucket.doubles import FakeClock

ENOUGH = 500


def window(clock: FakeClock) -> RollingWindow:
    return RollingWindow(clock.clock().monotonic)


def test_nothing_is_held_back_while_no_limit_is_known() -> None:
    some = window(FakeClock())

    assert [some.enter(None) for _ in range(5000)] == [0.0] * 5000
    assert some.limit(None) is None


def test_a_place_is_free_again_an_hour_after_it_was_taken() -> None:
    clock = FakeClock()
    some = window(clock)
    assert some.enter(2) == 0
    clock.advance(100)
    assert some.enter(2) == 0

    assert some.enter(2) == HOUR - 100 + 1  # and a second, for the way to the service
    clock.advance(HOUR - 100 + 1)
    assert some.enter(2) == 0
    assert some.enter(2) == 100


def test_a_request_that_was_never_sent_takes_no_place() -> None:
    some = window(FakeClock())
    some.enter(1)
    some.leave()

    assert some.enter(1) == 0


def test_nothing_is_left_of_what_was_never_there() -> None:
    some = window(FakeClock())
    some.leave()
    some.refused()

    assert some.limit(None) is None
    assert some.enter(1) == 0


def test_a_limit_that_was_met_is_kept_as_one_that_was_told() -> None:
    some = window(FakeClock())
    for _ in range(ENOUGH + 3):  # three of them are one too many, and under way together
        some.enter(None)
    for _ in range(3):
        some.refused()

    assert some.limit(None) == ENOUGH
    assert some.enter(None) > 0


@pytest.mark.parametrize(("told", "known"), [(None, 600), (700, 600), (550, 550)])
def test_the_lower_of_what_was_told_and_met_counts(told: int | None, known: int) -> None:
    some = window(FakeClock())
    for _ in range(601):
        some.enter(None)
    some.refused()

    assert some.limit(told) == known


def test_whoever_shares_the_hour_with_others_learns_nothing_from_them() -> None:
    some = window(FakeClock())
    for _ in range(ENOUGH):
        some.enter(None)
    some.refused()

    assert some.limit(None) is None


def test_a_limit_of_none_at_all_still_lets_one_try() -> None:
    assert window(FakeClock()).enter(0) == 0
