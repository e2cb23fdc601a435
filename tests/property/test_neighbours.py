"""Worlds, declarations, behaviours and faults at random, with other people in them.

Whatever happened before, once the faults end one run brings about what is declared (or refuses it
for a reason that it gives), and the next has nothing to do.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipe.apply.repository import apply_one, plan_one
from pipe.bitbucket.transport import RetryPolicy
from pipe.models.results import RepositoryResult
from simulator.faults import Schedule
from simulator.simulator import Simulator
from tests.faults.cases import a_minute_later
from tests.faults.fault_kinds import KINDS, Planned, kinds
from tests.faults.repository_state import Env
from tests.faults.scenario import plant
from tests.property.strategies import (
    KEYS,
    NAMES,
    PATTERNS,
    REFUSALS,
    Experiment,
    experiments,
    is_settled,
)
from tests.support.promises import FULL
from tests.support.values import SHOP
from tests.support.world import World

pytestmark = pytest.mark.promise("P1", "P3", "P5", "P8")

FAULTS = st.dictionaries(st.integers(0, 15), st.sampled_from(sorted(KINDS)), min_size=1, max_size=5)


class Edit:
    """Something that other people do, drawn as numbers so that it fits any world."""

    def __init__(self, what: int, which: int, name: str, key: str) -> None:
        self.what, self.which, self.name, self.key = what, which, name, key

    def __repr__(self) -> str:
        """Show what to repeat."""
        return f"Edit({self.what}, {self.which}, {self.name!r}, {self.key!r})"

    def make(self, world: World) -> None:
        shop = world.shop
        environments = list(shop.environments.values())
        taken = {each.name.casefold() for each in environments}
        if self.what == 0 and self.name.casefold() not in taken:
            plant(shop, self.name, Env())
        if not environments:
            return
        environment = environments[self.which % len(environments)]
        match self.what:
            case 1:
                environment.restrict(admin_only=not environment.admin_only)
            case 2 if self.name.casefold() not in taken:
                environment.rename(self.name)
            case 3:
                shop.delete_environment(environment)
            case 4:
                environment.set_variable(self.key, "theirs", secured=self.which % 2 == 0)
            case 5 if self.key in environment.variables:
                environment.remove_variable(self.key)
            case 6:
                environment.add_branch(PATTERNS[self.which % len(PATTERNS)])
            case 7 if environment.branches:
                environment.remove_branch(next(iter(environment.branches)))
            case _:
                return


EDITS = st.builds(
    Edit, st.integers(0, 7), st.integers(0, 9), st.sampled_from(NAMES), st.sampled_from(KEYS)
)


class Neighbours(RuleBasedStateMachine):
    """One repository and everybody who changes it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(experiment=experiments())
    def begin(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.world = experiment.world()

    @rule(experiment=experiments())
    def declare_something_else(self, experiment: Experiment) -> None:
        self.experiment = experiment

    @rule(experiment=experiments())
    def behave_otherwise(self, experiment: Experiment) -> None:
        self.world.simulator.switches = experiment.switches

    @rule(edit=EDITS)
    def somebody_changes_something(self, edit: Edit) -> None:
        edit.make(self.world)

    @rule(faults=FAULTS, attempts=st.sampled_from([1, 2, 5]))
    def run_with_faults(self, faults: dict[int, str], attempts: int) -> None:
        Planned.on(self.world.simulator, kinds(faults))
        self._run(attempts)
        self.world.simulator.faults = Schedule()

    @rule(edits=st.dictionaries(st.integers(1, 10), EDITS, min_size=1, max_size=3))
    def run_while_others_change_something(self, edits: dict[int, Edit]) -> None:
        waiting = dict(edits)
        began = len(self.world.simulator.requests)

        def watch(simulator: Simulator) -> None:
            edit = waiting.pop(len(simulator.requests) - began, None)
            if edit is not None:
                edit.make(self.world)

        self.world.simulator.observers.append(watch)
        self._run(5)
        self.world.simulator.observers.remove(watch)

    @rule()
    def run_in_peace(self) -> None:
        a_minute_later(self.world)
        problems = set(self._run(5))
        assert problems <= REFUSALS
        a_minute_later(self.world)
        service = self.world.service(secrets=self.experiment.policy, force=self.experiment.force)
        planned = plan_one(service, SHOP, self.experiment.declaration)
        assert not isinstance(planned, RepositoryResult)
        if not problems:  # what was refused may have become possible by what was done
            assert all(is_settled(each) for each in planned.environments), planned

    @invariant()
    def nothing_is_there_twice(self) -> None:
        names = self.world.shop.names()
        assert len(set(names)) == len(names)

    def _run(self, attempts: int) -> list[str]:
        """Carry out what is declared; return the keys of the problems."""
        service = self.world.service(
            secrets=self.experiment.policy,
            force=self.experiment.force,
            policy=RetryPolicy(max_attempts=attempts),
        )
        plan = plan_one(service, SHOP, self.experiment.declaration)
        if isinstance(plan, RepositoryResult):
            return [each.key for each in plan.problems]
        result = apply_one(service, plan, self.experiment.declaration)
        return [each.key for each in result.problems]


Neighbours.TestCase.settings = settings(
    max_examples=settings().max_examples // 4, stateful_step_count=15 if FULL else 8
)
TestNeighbours = Neighbours.TestCase
