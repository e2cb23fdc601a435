import pytest

from pipe.apply.context import POLLS
from pipe.models.errors import RunOverError
from tests.support.world import World


def test_polls_are_further_and_further_apart() -> None:
    world = World()
    assert [*world.service().poll()] == list(range(POLLS))
    assert list(world.clock.slept) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]


def test_the_first_attempt_is_immediate() -> None:
    world = World()
    attempts = world.service().poll_at_once()
    assert next(attempts) == 0
    assert world.clock.slept == []
    assert [*attempts] == [1, 2, 3, 4, 5, 6]
    assert sum(world.clock.slept) == 15.75


@pytest.mark.promise("P6")
def test_polling_never_exceeds_the_deadline() -> None:
    world = World()
    context = world.service()
    world.clock.seconds += 595
    with pytest.raises(RunOverError):
        list(context.poll())
    assert sum(world.clock.slept) < 5
