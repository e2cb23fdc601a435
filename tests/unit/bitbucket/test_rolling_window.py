"""The hourly limit of requests."""

import pytest

from pipe.bitbucket.requests import Answer
from pipe.bitbucket.throttle import HOUR, RollingWindow
from tests.support.clock import FakeClock

MIN_OBSERVED = 500


def window(clock: FakeClock, stated: int | None = None) -> RollingWindow:
    hour = RollingWindow(clock.clock().monotonic)
    state(hour, stated)
    return hour


def state(hour: RollingWindow, limit: int | None) -> None:
    headers = {} if limit is None else {"x-ratelimit-limit": str(limit)}
    hour.read_limit(Answer(200, headers, b""))


def test_requests_are_not_delayed_while_no_limit_is_known() -> None:
    hour = window(FakeClock())

    assert [hour.reserve() for _ in range(5000)] == [0.0] * 5000
    assert hour.limit is None


def test_a_slot_is_free_an_hour_after_it_was_reserved() -> None:
    clock = FakeClock()
    hour = window(clock, 2)
    assert hour.reserve() == 0
    clock.advance(100)
    assert hour.reserve() == 0

    assert hour.reserve() == HOUR - 100 + 1  # and a second of margin
    clock.advance(HOUR - 100 + 1)
    assert hour.reserve() == 0
    assert hour.reserve() == 100


def test_a_request_that_was_not_sent_uses_no_slot() -> None:
    hour = window(FakeClock(), 1)
    hour.reserve()
    hour.release()

    assert hour.reserve() == 0


def test_releasing_without_a_reserved_slot_changes_nothing() -> None:
    hour = window(FakeClock())
    hour.release()
    hour.reject()

    assert hour.limit is None
    assert hour.reserve() == 0


def test_an_observed_limit_applies_like_a_stated_one() -> None:
    hour = window(FakeClock())
    for _ in range(MIN_OBSERVED + 3):  # three of them exceed the limit, sent at the same time
        hour.reserve()
    for _ in range(3):
        hour.reject()

    assert hour.limit == MIN_OBSERVED
    assert hour.reserve() > 0


@pytest.mark.parametrize(("stated", "known"), [(None, 600), (700, 600), (550, 550)])
def test_the_lower_of_the_stated_and_the_observed_limit_applies(
    stated: int | None, known: int
) -> None:
    hour = window(FakeClock())
    for _ in range(601):
        hour.reserve()
    hour.reject()
    state(hour, stated)

    assert hour.limit == known


def test_a_run_that_shares_its_credential_observes_no_limit() -> None:
    hour = window(FakeClock())
    for _ in range(MIN_OBSERVED):
        hour.reserve()
    hour.reject()

    assert hour.limit is None


def test_a_limit_of_zero_still_allows_one_request() -> None:
    assert window(FakeClock(), 0).reserve() == 0
