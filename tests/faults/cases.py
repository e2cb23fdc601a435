"""Run one scenario with faults at chosen requests, then without, and check every promise."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches
from simulator.faults import Schedule
from simulator.state.lagging_list import LaggingList
from simulator.state.rate_limits import HOUR
from tests.faults.fault_kinds import KINDS, FalseList, Planned, describe, is_applicable, kinds
from tests.faults.observer import Observer
from tests.faults.report_checks import false_statements
from tests.faults.repository_state import State, read_state
from tests.faults.scenario import Scenario
from tests.support.world import Ran, World, run_with

A_MINUTE: Final = 60.0


class BrokenPromiseError(AssertionError):
    """A case in which a promise does not hold, and how to reproduce it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What runs without faults come to in the end."""

    exit_code: int
    state: State


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A scenario and the faults in its first run.

    Attributes:
        scenario: What is declared.
        at: The name of the fault at each request, counted from 0.
        attempts: Value of `MAX_ATTEMPTS`.
        workers: Value of `WORKERS`; with several the requests within a stage have no fixed order.
        profile: The switches of the simulator.
        end: What it must come to, where the profile may make the declaration impossible; `None`:
            what is declared.
    """

    scenario: Scenario
    at: Mapping[int, str]
    attempts: int = 5
    workers: int = 1
    profile: Switches = OBSERVED
    end: End | None = None

    @property
    def wanted(self) -> End:
        return self.end or End(exit_code=0, state=self.scenario.expected)

    @property
    def _identity(self) -> tuple[object, ...]:
        return (
            self.scenario.name,
            *sorted(self.at.items()),
            self.attempts,
            self.workers,
            self.profile,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __str__(self) -> str:
        """Return how to reproduce this case."""
        workers = f", workers={self.workers}" if self.workers > 1 else ""
        return f"{self.scenario.name}, attempts={self.attempts}{workers}, at={describe(self.at)}"


def run_case(case: Case) -> None:
    """Run a case and check it.

    Raises:
        BrokenPromiseError: Something does not hold.
    """
    world = case.scenario.world(case.profile)
    observer = Observer.on(case.scenario, world.simulator)
    planned = Planned.on(world.simulator, kinds(case.at))
    try:
        first = attempt(world, case)
        problems = [*false_statements(first, deceived=planned.list_was_false)]
        if first.exit_code == 0 and not planned.list_was_false:
            wanted = case.scenario.expected if case.wanted.exit_code else case.wanted.state
            problems += differences(world, observer, wanted, "exit code 0, and")
        problems += finish_without_faults(world, case, observer)
    except Exception as error:
        message = f"{case}: {error!r}"
        raise BrokenPromiseError(message) from error
    if problems or observer.broken:
        message = f"{case}:\n" + "\n".join([*problems, *observer.broken, first.log])
        raise BrokenPromiseError(message)
    # Several workers may send another request at that number, which this fault can't strike.
    assert case.workers > 1 or len(planned.injected) == len(case.at), f"{case}: faults are left"


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
    """Return whether its last fault applies there: only a read list can be stale, for example."""
    last = max(case.at)
    before = {number: name for number, name in case.at.items() if number != last}
    method, path = _first_run(replace(case, at=before))[last]
    kind = KINDS[case.at[last]]
    if isinstance(kind, FalseList) and "branch-restrictions" in path:
        # A list can't be false where the endpoint does not answer at all.
        return case.profile.branch_endpoint not in ("401", "404") and method == "GET"
    return is_applicable(kind, method, path)


def attempt(world: World, case: Case) -> Ran:
    options = {"MAX_ATTEMPTS": str(case.attempts), "WORKERS": str(case.workers)}
    return run_with(world, options | dict(case.scenario.declared))


def finish_without_faults(world: World, case: Case, observer: Observer) -> Iterator[str]:
    """Run once more without faults, and once more to see that nothing is left to do.

    Most faults leave one of a few states behind, and what follows depends on the state alone: each
    state is finished once.
    """
    world.simulator.faults = Schedule()
    a_minute_later(world)
    state = _state(world, case, observer)
    if state in _FINISHED:
        return
    problems = [*_finish(world, case, observer)]
    yield from problems
    if not problems and not observer.broken:
        _FINISHED.add(state)


_FINISHED: Final[set[tuple[object, ...]]] = set()
"""The states from which the declared state was reached."""


def _state(world: World, case: Case, observer: Observer) -> tuple[object, ...]:
    """Return everything on which the runs without faults depend, the order of lists aside."""
    shop = world.shop
    refusals = tuple(each.variable_refusals for each in shop.environments.values())
    settings = (case.scenario.name, case.attempts, case.profile)
    lenient = observer.branches_were_unavailable(world.simulator)
    return (*settings, lenient, refusals, json.dumps(world.snapshot()))


def _finish(world: World, case: Case, observer: Observer) -> Iterator[str]:
    wanted = case.wanted
    again = attempt(world, case)
    yield from false_statements(again)
    if again.exit_code != wanted.exit_code:
        yield f"P3: the run without faults ended with {again.exit_code}:\n{again.log}"
    yield from differences(world, observer, wanted.state, "P3: after a run without faults")
    a_minute_later(world)
    last = attempt(world, case)
    permitted = {"PUT"} if case.scenario.rewrites else set()
    writes = {method for method, _, _ in last.writes}
    if last.exit_code != wanted.exit_code or (last.exit_code == 0 and not writes <= permitted):
        yield f"P1: one more run: {last.exit_code}, {last.writes}\n{last.log}"
    yield from differences(world, observer, wanted.state, "P1: after one more run")


def end_without_faults(case: Case) -> End:
    """Return what two runs without faults come to."""
    world = case.scenario.world(case.profile)
    observer = Observer.on(case.scenario, world.simulator)
    attempt(world, case)
    a_minute_later(world)
    exit_code = attempt(world, case).exit_code
    return End(exit_code=exit_code, state=read_state(world.shop, observer.names))


def a_minute_later(world: World) -> None:
    """Let everything that lags become visible; an hour later where requests are limited."""
    world.clock.sleep(HOUR if world.simulator.switches.rate_limit else A_MINUTE)
    world.simulator.settle()
    world.shop.environment_list = LaggingList()
    world.shop.variable_list = LaggingList()
    for environment in world.shop.environments.values():
        environment.variable_list = LaggingList()


def differences(world: World, observer: Observer, wanted: State, when: str) -> Iterator[str]:
    """Yield how the repository differs from what it must be."""
    now = read_state(world.shop, observer.names)
    if now != wanted:
        yield f"{when} there is\n  {now}, not\n  {wanted}"
    if "ENABLE_PIPELINES" in observer.scenario.declared and not world.shop.pipelines_enabled:
        yield f"{when} Pipelines is disabled"
