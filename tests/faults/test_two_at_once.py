"""Two runs at once, as of two pipelines that were pushed together."""

import random
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import httpx
import pytest

from simulator.behaviour.profiles import OBSERVED
from simulator.server import Server
from tests.faults.cases import Case, finish_without_faults
from tests.faults.observer import Observer
from tests.faults.process_kill import start
from tests.faults.repository_state import Env, read_state
from tests.faults.scenario import Scenario, plant
from tests.faults.scenarios import PROFILES, SCENARIOS, every_scenario
from tests.support.promises import FULL, Cases
from tests.support.world import World, listed, run_with

pytestmark = pytest.mark.promise("P22")

ORDERS = 200 if FULL else 2
TIMES = 10 if FULL else 1
REAL_IN_CI = ("create, admin-only", "rename", "everything, tightened")


UNSEEN = {
    # A deleted environment stays in the list under another name, as if somebody had renamed it.
    "absent",
    # Each write of one run makes the list lag anew. The other run is told that a variable exists,
    # but not its uuid, and may not find it in the list as long as it waits.
    "variables of the repository",
}
"""Scenarios in which the hostile service hides from one run what the other does."""


class Turns:
    """Lets the requests of two runs through in a given order, so that a case can be repeated."""

    def __init__(self, order: Sequence[int]) -> None:
        self._order = list(order)
        self._finished: set[int] = set()
        self._changed = threading.Condition()

    def wait(self, who: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._turn() in (who, None))
            if self._order:
                self._order.pop(0)
            self._changed.notify_all()

    def finish(self, who: int) -> None:
        with self._changed:
            self._finished.add(who)
            self._changed.notify_all()

    def _turn(self) -> int | None:
        while self._order and self._order[0] in self._finished:
            self._order.pop(0)
        return self._order[0] if self._order else None


class SharedWorld(World):
    """A world whose requests take turns; every run has a connection of its own."""

    turns = Turns(())
    runs: Mapping[int, int] = MappingProxyType({})

    def carrier(self) -> httpx.BaseTransport:
        handle, who = super().carrier().handle_request, self.runs.get(threading.get_ident(), 0)

        def handle_in_turn(request: httpx.Request) -> httpx.Response:
            self.turns.wait(who)
            return handle(request)

        return httpx.MockTransport(handle_in_turn)


def _together(
    world: SharedWorld, declarations: tuple[Mapping[str, str], Mapping[str, str]], seed: int
) -> list[int]:
    """Run both declarations, in an order of requests drawn from the seed; return exit codes."""
    chance = random.Random(seed)
    world.turns = Turns([chance.randrange(2) for _ in range(100)])
    codes = [-1, -1]

    world.runs = runs = {}

    def one(who: int) -> None:
        runs[threading.get_ident()] = who
        try:
            codes[who] = run_with(world, declarations[who]).exit_code
        finally:
            world.turns.finish(who)

    threads = [threading.Thread(target=one, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


@pytest.mark.promise("P1", "P7", "P8", "P22")
@every_scenario
@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_declaration_twice_in_many_orders(
    scenario: Scenario, profile: str, cases: Cases
) -> None:
    """Both say that all is well, or that they can't see whether it is; and it is."""
    fine = {0, 5} if profile == "hostile" and scenario.name in UNSEEN else {0}
    for seed in range(ORDERS):
        world = scenario.world(PROFILES[profile], SharedWorld)
        observer = Observer.on(scenario, world.simulator)
        codes = _together(world, (scenario.declared, scenario.declared), seed)
        world.turns = Turns(())
        problems = [
            *finish_without_faults(world, Case(scenario=scenario, at={}), observer),
            *observer.broken,
        ]
        assert not problems, f"order {seed}: {problems}"
        assert set(codes) <= fine, f"order {seed}: {codes}"
        cases.add()


_WANTED = Env(
    variables={"DECLARED": ("before", False), "DECLARED_TOO": ("before", True)}, formerly="Wanted"
)
_FIRST = {
    "ENVIRONMENT_NAME": "Wanted",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "true",
    **listed("BRANCHES", "main"),
    **listed("VARIABLES", "DECLARED=first", "DECLARED_FIRST=first"),
    **listed("SECURED_VARIABLES", "DECLARED_TOO=first"),
}
_SECOND = {
    "ENVIRONMENT_NAME": "Wanted",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "false",
    **listed("BRANCHES", "main", "release/*"),
    **listed("VARIABLES", "DECLARED=second", "DECLARED_SECOND=second"),
    **listed("SECURED_VARIABLES", "DECLARED_TOO=second"),
}


def _one_of_the_two(world: World) -> None:
    """Each field is as one of the two declares it, or in both; nothing is there twice."""
    state = read_state(world.shop, {})
    assert state.keys() == {"Wanted"}
    wanted = state["Wanted"]
    assert wanted.branches in ({"main"}, {"main", "release/*"})
    assert wanted.variables["DECLARED"] in (("first", False), ("second", False))
    assert wanted.variables["DECLARED_TOO"] in (("first", True), ("second", True))
    own = {key: value for key, (value, _) in wanted.variables.items()}
    assert own["DECLARED_FIRST"] == "first"
    assert own["DECLARED_SECOND"] == "second"
    assert len(own) == 4


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("exists", [False, True], ids=["to be created", "existing"])
def test_different_declarations_in_many_orders(
    profile: str,
    exists: bool,
    cases: Cases,
) -> None:
    """Each field is as one of the two declares it, and neither run crashes."""
    for seed in range(2 * ORDERS):
        world = SharedWorld(PROFILES[profile])
        if exists:
            plant(world.shop, "Wanted", _WANTED)
        codes = _together(world, (_FIRST, _SECOND), seed)
        world.simulator.settle()
        assert set(codes) <= {0, 5}, f"order {seed}: {codes}"
        _one_of_the_two(world)
        cases.add()


def _really_together(world: World, declarations: Sequence[Mapping[str, str]]) -> list[int]:
    with Server(world.simulator) as server:
        processes = [start(server.url, each) for each in declarations]
        logs = [each.communicate()[1] for each in processes]
    assert not any("Traceback" in log for log in logs), logs
    return [each.returncode for each in processes]


@pytest.mark.promise("P1", "P7", "P8", "P22")
@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if FULL or each.name in REAL_IN_CI],
    ids=lambda each: each.name,
)
def test_the_same_declaration_in_two_real_processes(scenario: Scenario, cases: Cases) -> None:
    for _ in range(TIMES):
        world = scenario.world(OBSERVED)
        observer = Observer.on(scenario, world.simulator)
        assert _really_together(world, (scenario.declared, scenario.declared)) == [0, 0]
        problems = [
            *finish_without_faults(world, Case(scenario=scenario, at={}), observer),
            *observer.broken,
        ]
        assert not problems, problems
        cases.add()


def test_different_declarations_in_two_real_processes(cases: Cases) -> None:
    for _ in range(TIMES):
        world = World()
        assert set(_really_together(world, (_FIRST, _SECOND))) <= {0, 5}
        _one_of_the_two(world)
        cases.add()
