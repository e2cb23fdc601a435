"""What is planned is what can still be carried out."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipe.fleet.batches import affordable
from pipe.models.declaration import Repository
from pipe.planning.estimates import RemainingBudget

PART: Final = tuple(Repository("acme", f"svc-{number}") for number in range(10))
LEFT: Final = RemainingBudget(sent=30, limit=60, elapsed=60, remaining=600, mean=0.1)


@pytest.mark.parametrize(
    ("left", "handled", "number"),
    [
        (LEFT, 10, 10),
        (replace(LEFT, limit=45), 10, 5),
        (replace(LEFT, limit=44), 10, 4),
        (replace(LEFT, limit=30), 10, 0),
        (replace(LEFT, limit=20), 10, 0),
        (replace(LEFT, limit=45), 0, 10),  # nothing is known of what one takes
        (replace(LEFT, limit=None), 10, 10),
        (replace(LEFT, limit=45, remaining=3600), 10, 10),  # the hour rolls on
        (replace(LEFT, limit=45, sent=0), 10, 10),
    ],
)
def test_as_many_as_what_is_left_will_do_for(
    left: RemainingBudget, handled: int, number: int
) -> None:
    assert affordable(PART, handled=handled, left=left) == number


@given(sent=st.integers(0, 2000), limit=st.integers(0, 2000), handled=st.integers(0, 100))
def test_never_more_than_there_are_or_than_the_hour_grants(
    sent: int, limit: int, handled: int
) -> None:
    left = replace(LEFT, sent=sent, limit=limit)
    number = affordable(PART, handled=handled, left=left)

    assert 0 <= number <= len(PART)
    if handled and sent >= handled:
        assert number * sent <= handled * max(0, limit - sent)
