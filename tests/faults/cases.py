"""One case: a scenario, trouble at chosen requests, then a run in peace; and what must hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches
from simulator.faults import Schedule
from simulator.state.lagging_list import LaggingList
from tests.faults.scenarios import Scenario
from tests.faults.state import read_state
from tests.faults.trouble import KINDS, Planned, can_strike, kinds, told
from tests.faults.truth import lies
from tests.faults.watch import Watch
from tests.support.world import Ran, World, run_with

A_MINUTE: Final = 60.0


class BrokenPromiseError(AssertionError):
    """A case in which a promise does not hold, and how to find it again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A scenario and the trouble in its first run.

    Attributes:
        scenario: What is declared.
        at: The name of the trouble at each request, counted from 0.
        attempts: How often a request is tried.
        profile: How Bitbucket behaves besides.
    """

    scenario: Scenario
    at: Mapping[int, str]
    attempts: int = 5
    profile: Switches = OBSERVED

    @property
    def _identity(self) -> tuple[object, ...]:
        return self.scenario.name, *sorted(self.at.items()), self.attempts, self.profile

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __str__(self) -> str:
        """Tell how to find this case again."""
        return f"{self.scenario.name}, attempts={self.attempts}, at={told(self.at)}"


def play(case: Case) -> None:
    """Run a case to its end.

    Raises:
        BrokenPromiseError: Something does not hold.
    """
    world = case.scenario.world(case.profile)
    watch = Watch.on(case.scenario, world.simulator)
    planned = Planned.on(world.simulator, kinds(case.at))
    try:
        first = attempt(world, case)
        problems = [*lies(first, deceived=planned.lied)]
        if first.exit_code == 0 and not planned.lied:
            problems += wrong(world, watch, "exit code 0, and")
        problems += end_in_peace(world, case, watch)
    except Exception as error:
        message = f"{case}: {error!r}"
        raise BrokenPromiseError(message) from error
    if problems or watch.broken:
        message = f"{case}:\n" + "\n".join([*problems, *watch.broken, first.log])
        raise BrokenPromiseError(message)
    assert len(planned.struck) == len(case.at), f"{case}: not all of the trouble struck"


@lru_cache(maxsize=4096)
def _first_run(case: Case) -> tuple[tuple[str, str], ...]:
    """Return method and path of every request of the first run of a case."""
    world = case.scenario.world(case.profile)
    Planned.on(world.simulator, kinds(case.at))
    return tuple((each.method, each.path) for each in attempt(world, case).requests)


def requests_of(case: Case) -> int:
    """Count the requests of its first run."""
    return len(_first_run(case))


def applies(case: Case) -> bool:
    """Whether its last fault can strike: a list can lie only where one is read, for example."""
    last = max(case.at)
    before = {number: name for number, name in case.at.items() if number != last}
    method, path = _first_run(replace(case, at=before))[last]
    return can_strike(KINDS[case.at[last]], method, path)


def attempt(world: World, case: Case) -> Ran:
    return run_with(world, {"MAX_ATTEMPTS": str(case.attempts), **case.scenario.declared})


def end_in_peace(world: World, case: Case, watch: Watch) -> Iterator[str]:
    """Run once more without faults, and once more to see that nothing is left to do."""
    world.simulator.faults = Schedule()
    a_minute_later(world)
    again = attempt(world, case)
    yield from lies(again)
    if again.exit_code != 0:
        yield f"P3: the run without faults ended with {again.exit_code}:\n{again.log}"
    yield from wrong(world, watch, "P3: after a run without faults")
    a_minute_later(world)
    last = attempt(world, case)
    writes = {method for method in last.methods if method != "GET"}
    if last.exit_code != 0 or not writes <= ({"PUT"} if case.scenario.rewrites else set()):
        yield f"P1: one more run: {last.exit_code}, {last.writes}\n{last.log}"


def a_minute_later(world: World) -> None:
    """Let all that lags catch up."""
    world.clock.sleep(A_MINUTE)
    world.simulator.settle()
    world.shop.environment_list = LaggingList()
    for environment in world.shop.environments.values():
        environment.variable_list = LaggingList()


def wrong(world: World, watch: Watch, when: str) -> Iterator[str]:
    """Tell how the world differs from what is declared."""
    now = read_state(world.shop, watch.names)
    wanted = watch.scenario.expected
    if now != wanted:
        yield f"{when} there is\n  {now}, not\n  {wanted}"
