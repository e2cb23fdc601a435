"""What is too much over many repositories, though each looks harmless."""

import pytest

from pipe.models.changes import (
    Create,
    Delete,
    DeleteReason,
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    SetAdminOnly,
    SetBranches,
    SetType,
    Totals,
    Update,
    refuse,
)
from pipe.planning.safety import Excess, exceeded_limits, review, review_replanned
from tests.support.values import FAILURE, PRODUCTION, SHOP, TEST, branch, declared, env

KEEP = Keep(name="Test", existing=env("Test"))
DELETE = Delete(existing=env("Old"), reason=DeleteReason.DECLARED)
LOOSEN = Update(
    existing=env("Live", admin_only=True), changes=(SetAdminOnly(before=True, after=False),)
)
LIFT = Update(existing=env("Live"), changes=(SetBranches((branch("main"),), ()),))
TIGHTEN = Update(existing=env("Live"), changes=(SetAdminOnly(before=False, after=True),))
CREATE = Create(
    declared=declared("New", TEST),
    type=TEST,
    changes=(SetType(TEST), SetAdminOnly(before=None, after=False)),
)


LET_IN = Update(existing=env("Live"), changes=(SetBranches((branch("main"),), ("**",)),))
BESIDE = Update(existing=env("Live"), changes=(SetBranches((branch("main"),), ("main", "**")),))
FEWER = Update(
    existing=env("Live"), changes=(SetBranches((branch("main"), branch("dev")), ("main",)),)
)
RESTRICT = Update(existing=env("Live"), changes=(SetBranches((), ("main",)),))


def _plan(*environments: EnvironmentPlan, existing: int | None = None) -> RepositoryPlan:
    plan = RepositoryPlan(repository=SHOP, environments=environments)
    count = len(environments) if existing is None else existing
    return review(plan, existing_count=count, force=False)


def _exceeded(*environments: EnvironmentPlan, steps: int = 1) -> tuple[Excess, ...]:
    """Check repositories of one environment each."""
    totals = sum((_plan(each).totals for each in environments), Totals())
    return exceeded_limits(totals, parallel_steps=steps)


@pytest.mark.parametrize(
    ("count", "of", "refused"),
    [
        (4, 4, False),
        (4, 5, True),
        (2, 5, True),
        (1, 5, False),
        (5, 17, False),
        (6, 20, False),
        (7, 20, True),
    ],
)
@pytest.mark.parametrize("kind", [DELETE, LOOSEN, LIFT, LET_IN, BESIDE])
def test_more_than_30_percent_of_five_or_more(
    kind: EnvironmentPlan, count: int, of: int, *, refused: bool
) -> None:
    assert bool(_exceeded(*[kind] * count, *[KEEP] * (of - count))) is refused


@pytest.mark.parametrize("kind", [KEEP, TIGHTEN, FEWER, RESTRICT, CREATE])
def test_nothing_else_exceeds_a_limit(kind: EnvironmentPlan) -> None:
    assert _exceeded(*[kind] * 50) == ()


def test_parallel_steps_multiply_what_they_see() -> None:
    shared: list[EnvironmentPlan] = [DELETE, *[KEEP] * 2]
    assert _exceeded(*shared) == ()
    (excess,) = _exceeded(*shared, steps=2)
    assert excess.problem.key == "fleet-limit"


def test_all_environments_that_exist_are_counted_and_what_is_refused_too() -> None:
    production = Delete(existing=env("Live", PRODUCTION), reason=DeleteReason.DECLARED)
    plan = _plan(production, CREATE, existing=7)
    assert isinstance(plan.environments[0], Refuse)
    assert plan.totals == Totals(environments=7, deletions=1, loosenings=0)


def test_only_what_exceeds_the_limit_is_refused() -> None:
    (excess,) = _exceeded(*[DELETE] * 5, LOOSEN)
    assert excess.problem.key == "fleet-limit"
    assert excess.problem.what == "The plan would delete 5 of 6 environments."
    kept, refused, loosened = excess.refuse_in(_plan(KEEP, DELETE, LOOSEN)).environments
    assert (kept, loosened) == (KEEP, LOOSEN)
    assert refused == Refuse(
        name="Old", existing=DELETE.existing, problem=excess.problem, plan=DELETE
    )


def test_both_limits_can_be_exceeded() -> None:
    assert [each.problem.what for each in _exceeded(*[DELETE] * 5, *[LOOSEN] * 5)] == [
        "The plan would delete 5 of 10 environments.",
        "The plan would loosen the protection of 5 of 10 environments.",
    ]


DELETE_LIVE = Delete(existing=LOOSEN.existing, reason=DeleteReason.PRUNED)
IMPOSSIBLE = Refuse("Live", LOOSEN.existing, FAILURE)
KEEP_LIVE = Keep(name="Live", existing=LOOSEN.existing)


@pytest.mark.promise("P28")
@pytest.mark.parametrize(
    ("first", "replanned", "problem"),
    [
        (LOOSEN, LOOSEN, None),
        (LOOSEN, LIFT, None),
        (LOOSEN, DELETE_LIVE, "not-counted"),
        (DELETE_LIVE, DELETE_LIVE, None),
        (DELETE_LIVE, LOOSEN, "not-counted"),
        (KEEP_LIVE, LOOSEN, "not-counted"),
        (TIGHTEN, LOOSEN, "not-counted"),
        (refuse(LOOSEN, FAILURE), LOOSEN, FAILURE.key),
        (refuse(TIGHTEN, FAILURE), LOOSEN, "not-counted"),
        (IMPOSSIBLE, LOOSEN, "not-counted"),
        (CREATE, LOOSEN, "not-counted"),
        (DELETE, DELETE_LIVE, "not-counted"),
        (KEEP_LIVE, TIGHTEN, None),
        (KEEP_LIVE, CREATE, None),
    ],
)
def test_a_second_plan_deletes_and_loosens_only_what_the_first_permits(
    first: EnvironmentPlan, replanned: EnvironmentPlan, problem: str | None
) -> None:
    """Where it is counted, and all that the first one had where that was reviewed."""

    def key(*, reviewed: bool, counted: bool) -> str | None:
        again = review_replanned(replanned, (first,), reviewed=reviewed, counted=counted)
        assert again == replanned or isinstance(again, Refuse)
        return again.problem.key if isinstance(again, Refuse) else None

    assert key(reviewed=False, counted=False) is None
    assert key(reviewed=False, counted=True) == problem
    for counted in (False, True):
        wanted = None if first == replanned else "not-reviewed"
        assert key(reviewed=True, counted=counted) == wanted


@pytest.mark.promise("P28")
@pytest.mark.parametrize("replanned", [KEEP_LIVE, IMPOSSIBLE])
def test_a_second_plan_that_writes_nothing_passes(replanned: EnvironmentPlan) -> None:
    assert review_replanned(replanned, (), reviewed=True, counted=True) == replanned
