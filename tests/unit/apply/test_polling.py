from __future__ import annotations

import pytest

from pipe.apply.reader import LOOKS, ApplyContext
from pipe.models.errors import RunOverError
from tests.support.world import World


def _waits(world: World, service: ApplyContext) -> list[float]:
    world.clock.slept.clear()
    numbers = list(service.looks())
    assert numbers == list(range(LOOKS))
    return list(world.clock.slept)


def test_looks_are_further_and_further_apart() -> None:
    world = World()
    assert _waits(world, world.service()) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]


def test_the_first_try_comes_at_once() -> None:
    world = World()
    tries = world.service().tries()
    assert next(tries) == 0
    assert world.clock.slept == []
    assert [*tries] == [1, 2, 3, 4, 5, 6]
    assert sum(world.clock.slept) == 15.75


@pytest.mark.promise("P6")
def test_patience_never_goes_past_the_deadline() -> None:
    world = World()
    service = world.service()
    world.clock.seconds += 595
    with pytest.raises(RunOverError):
        list(service.looks())
    assert sum(world.clock.slept) < 5
