"""The hourly limit of requests."""

from __future__ import annotations

import pytest

from pipe.bitbucket.throttle import HOUR, RollingWindow
from tests.support.clock import FakeClock

MIN_OBSERVED = 500


def window(clock: FakeClock) -> RollingWindow:
    return RollingWindow(clock.clock().monotonic)


def test_requests_are_not_delayed_while_no_limit_is_known() -> None:
    hour = window(FakeClock())

    assert [hour.reserve(None) for _ in range(5000)] == [0.0] * 5000
    assert hour.limit(None) is None


def test_a_slot_is_free_an_hour_after_it_was_reserved() -> None:
    clock = FakeClock()
    hour = window(clock)
    assert hour.reserve(2) == 0
    clock.advance(100)
    assert hour.reserve(2) == 0

    assert hour.reserve(2) == HOUR - 100 + 1  # and a second of margin
    clock.advance(HOUR - 100 + 1)
    assert hour.reserve(2) == 0
    assert hour.reserve(2) == 100


def test_a_request_that_was_not_sent_uses_no_slot() -> None:
    hour = window(FakeClock())
    hour.reserve(1)
    hour.release()

    assert hour.reserve(1) == 0


def test_releasing_without_a_reserved_slot_changes_nothing() -> None:
    hour = window(FakeClock())
    hour.release()
    hour.reject()

    assert hour.limit(None) is None
    assert hour.reserve(1) == 0


def test_an_observed_limit_applies_like_a_stated_one() -> None:
    hour = window(FakeClock())
    for _ in range(MIN_OBSERVED + 3):  # three of them exceed the limit, sent at the same time
        hour.reserve(None)
    for _ in range(3):
        hour.reject()

    assert hour.limit(None) == MIN_OBSERVED
    assert hour.reserve(None) > 0


@pytest.mark.parametrize(("stated", "known"), [(None, 600), (700, 600), (550, 550)])
def test_the_lower_of_the_stated_and_the_observed_limit_applies(
    stated: int | None, known: int
) -> None:
    hour = window(FakeClock())
    for _ in range(601):
        hour.reserve(None)
    hour.reject()

    assert hour.limit(stated) == known


def test_a_run_that_shares_its_credential_observes_no_limit() -> None:
    hour = window(FakeClock())
    for _ in range(MIN_OBSERVED):
        hour.reserve(None)
    hour.reject()

    assert hour.limit(None) is None


def test_a_limit_of_zero_still_allows_one_request() -> None:
    assert window(FakeClock()).reserve(0) == 0
