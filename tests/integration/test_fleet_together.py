"""Two runs over the same repositories at once."""

import json
import threading
from collections.abc import Callable

import httpx
import pytest

from tests.support.world import Ran, World, run_with

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover

SLUGS = [f"repo-{number}" for number in range(3)]
WANTED = {
    "ENVIRONMENT_NAME": "Live",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
    "VARIABLES": '["A=1", "B=2"]',
    "REPOSITORIES": json.dumps(SLUGS),
    "WORKERS": "2",
}
REQUESTS = 14
"""What one run takes if nothing comes in between."""


class Interrupted(World):
    """A Bitbucket beside which something else is done before one request."""

    def __init__(self) -> None:
        super().__init__(name_clash="exact")
        self.at = -1
        self._handled = 0
        self.do: Callable[[], object] = lambda: None
        self._turn = threading.Lock()

    def carrier(self) -> httpx.BaseTransport:
        inner = super().carrier()

        def handle(request: httpx.Request) -> httpx.Response:
            with self._turn:
                due = self._handled == self.at
                self._handled += 1
                if due:
                    self.at = -1
            if due:
                self.do()
            return inner.handle_request(request)

        return httpx.MockTransport(handle)


def _world() -> Interrupted:
    world = Interrupted()
    for slug in SLUGS:
        world.simulator.add_repository("acme", slug)
    world.simulator.repository("acme/repo-1").add_environment("Live", "Production")
    return world


def test_there_is_a_case_for_every_moment() -> None:
    assert len(run_with(_world(), WANTED).requests) == REQUESTS


@pytest.mark.promise("P22")
@pytest.mark.parametrize("at", range(REQUESTS))
def test_a_run_within_another_ends_in_the_declared_state(at: int) -> None:
    """The whole of one run at every moment of another."""
    world, inner = _world(), list[Ran]()
    world.at, world.do = at, lambda: inner.append(run_with(world, WANTED))
    outer = run_with(world, WANTED)
    assert len(inner) == 1
    assert (outer.exit_code, inner[0].exit_code) == (0, 0), outer.log + inner[0].log
    for slug in SLUGS:
        (live,) = world.simulator.repository(f"acme/{slug}").environments.values()
        assert live.admin_only
        assert {each.key: each.value for each in live.variables.values()} == {"A": "1", "B": "2"}
    assert run_with(world, WANTED | {"MODE": "check"}).exit_code == 0
