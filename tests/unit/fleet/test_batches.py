"""How much work fits into the remaining quota and time."""

import dataclasses
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipe.apply.repository import apply_one, plan_one
from pipe.fleet.batches import (
    RemainingBudget,
    affordable,
    batch_size,
    reads_needed,
    requests_at_most,
)
from pipe.models.changes import RepositoryPlan
from pipe.models.declaration import Declaration, DeclaredEnvironment, Desired, Rule, State
from pipe.planning.variables import SecretsPolicy
from simulator.behaviour.profiles import OBSERVED
from tests.property.strategies import Experiment, desired, experiments, states
from tests.support.values import SHOP, declared, plain
from tests.support.world import World

BATCH: Final = 10
LEFT: Final = RemainingBudget(sent=30, limit=60, elapsed=60, remaining=600, mean=0.1)


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 2000))
def test_a_batch_holds_all_repositories_or_a_quarter_of_the_limit(
    count: int, reads: int, limit: int
) -> None:
    if count * reads * 2 <= limit:
        assert batch_size(count, reads, limit) == count
    else:
        assert batch_size(count, reads, limit) == max(1, limit // (reads * 4))


@pytest.mark.parametrize(
    ("left", "handled", "number"),
    [
        (LEFT, 10, 10),
        (replace(LEFT, limit=45), 10, 5),
        (replace(LEFT, limit=44), 10, 4),
        (replace(LEFT, limit=30), 10, 0),
        (replace(LEFT, limit=20), 10, 0),
        (replace(LEFT, limit=45), 0, 10),  # what a repository takes is not known yet
        (replace(LEFT, limit=None), 10, 10),
        (replace(LEFT, limit=45, remaining=3600), 10, 10),  # the run can wait for its next requests
        (replace(LEFT, limit=45, sent=0), 10, 10),
    ],
)
def test_a_batch_is_no_larger_than_the_remaining_quota_allows(
    left: RemainingBudget, handled: int, number: int
) -> None:
    assert affordable(BATCH, handled=handled, left=left) == number


@given(sent=st.integers(0, 2000), limit=st.integers(0, 2000), handled=st.integers(0, 100))
def test_an_affordable_batch_never_exceeds_the_quota(sent: int, limit: int, handled: int) -> None:
    left = replace(LEFT, sent=sent, limit=limit)
    number = affordable(BATCH, handled=handled, left=left)

    assert 0 <= number <= BATCH
    if handled and sent >= handled:
        assert number * sent <= handled * max(0, limit - sent)


@pytest.mark.parametrize(
    ("left", "needed", "why"),
    [
        (LEFT, 30, None),
        (LEFT, 31, "Requests that it needs, at most: 31; left: 30."),
        (replace(LEFT, limit=None), 5000, None),
        (replace(LEFT, limit=None), 6001, "Seconds that it needs, at most: 601; left: 600."),
        (replace(LEFT, remaining=-1), 1, "Seconds that it needs, at most: 1; left: 0."),
        (replace(LEFT, remaining=3600), 31, None),
    ],
)
def test_a_shortage_of_quota_or_time_is_a_problem(
    left: RemainingBudget, needed: int, why: str | None
) -> None:
    problem = left.shortage(needed)
    assert (problem and problem.why) == why


@given(
    environments=st.lists(st.tuples(states, desired), max_size=3),
    of_rules=st.lists(st.tuples(states, desired), max_size=2),
    own=desired,
    prune=st.booleans(),
    enable_pipelines=st.booleans(),
)
def test_planning_takes_the_reads_that_are_counted(
    environments: list[tuple[State, Desired]],
    of_rules: list[tuple[State, Desired]],
    own: Desired,
    *,
    prune: bool,
    enable_pipelines: bool,
) -> None:
    """Each rule matches one environment, and one may be pruned."""
    declaration = Declaration(
        environments=tuple(
            DeclaredEnvironment(name=f"E{number}", state=state, desired=wants)
            for number, (state, wants) in enumerate(environments)
        ),
        rules=tuple(
            Rule(name_pattern=f"R{number}", state=state, desired=wants)
            for number, (state, wants) in enumerate(of_rules)
        ),
        prune_environments=prune,
        enable_pipelines=enable_pipelines,
        repository=Desired(variables=own.variables, prune_variables=own.prune_variables),
    )
    world = World()
    for each in declaration.environments:
        world.shop.add_environment(each.name, "Test")
    for rule in declaration.rules:
        world.shop.add_environment(rule.name_pattern, "Test")
    world.shop.add_environment("Old", "Test")

    plan_one(world.service(), SHOP, declaration)

    assert len(world.simulator.requests) == reads_needed(declaration)


def sent_and_counted(
    world: World,
    declaration: Declaration,
    *,
    secrets: SecretsPolicy | None = None,
    force: bool = False,
) -> tuple[int, int]:
    """Apply a plan; return how many requests that took, and how many it may take at most."""
    context = world.service(secrets=secrets, force=force)
    plan = plan_one(context, SHOP, declaration)
    assert isinstance(plan, RepositoryPlan)
    before = len(world.simulator.requests)

    apply_one(context, plan, declaration)

    return len(world.simulator.requests) - before, requests_at_most(plan)


@pytest.mark.parametrize("enabled", [None, False])
def test_the_second_plan_after_enabling_pipelines_is_in_the_upper_bound(
    *, enabled: bool | None
) -> None:
    """Each request of this plan is needed, so that none hides one that was not counted."""
    world = World(enabling_creates_defaults=False)
    world.shop.pipelines_enabled = enabled
    live = world.shop.add_environment("Live", "Test")
    live.add_branch("main")
    live.set_variable("A", "v", secured=False)
    wants = Desired(variables=(plain("A"),), branches=("main",))
    declaration = Declaration(
        environments=(declared("Live", wants=wants),),
        enable_pipelines=True,
        repository=Desired(variables=()),
    )

    assert sent_and_counted(world, declaration) == (6, 6)


def test_the_read_that_verifies_branches_is_in_the_upper_bound() -> None:
    """Each request of this plan is needed, so that none hides one that was not counted."""
    world = World()
    live = world.shop.add_environment("Live", "Test")
    live.add_branch("main")
    live.set_variable("A", "1", secured=False)
    wants = Desired(branches=(), variables=(plain("B"),), prune_variables=True)
    declaration = Declaration(environments=(declared("Live", wants=wants),))

    assert sent_and_counted(world, declaration) == (5, 5)


@given(experiments())
def test_applying_a_plan_takes_no_more_requests_than_its_upper_bound(drawn: Experiment) -> None:
    experiment = dataclasses.replace(drawn, switches=OBSERVED)
    world = experiment.world()
    sent, counted = sent_and_counted(
        world, experiment.declaration, secrets=experiment.policy, force=experiment.force
    )

    assert sent <= counted, [f"{each.method} {each.path}" for each in world.simulator.requests]
