"""What is too much over many repositories, though each looks harmless."""

from __future__ import annotations

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
    Update,
)
from pipe.planning.safety_limits import Excess, Totals, exceeded_limits
from tests.support.values import SHOP, TEST, branch, declared, env

KEEP = Keep(name="Test", existing=env("Test"))
DELETE = Delete(existing=env("Old"), reason=DeleteReason.DECLARED)
LOOSEN = Update(
    existing=env("Live", admin_only=True), changes=(SetAdminOnly(before=True, after=False),)
)
LIFT = Update(existing=env("Live"), changes=(SetBranches((branch("main"),), ()),))
TIGHTEN = Update(existing=env("Live"), changes=(SetAdminOnly(before=False, after=True),))
OTHER_BRANCHES = Update(existing=env("Live"), changes=(SetBranches((branch("main"),), ("dev",)),))
CREATE = Create(
    declared=declared("New", TEST),
    type=TEST,
    changes=(SetType(TEST), SetAdminOnly(before=None, after=False)),
)


def _plan(*environments: EnvironmentPlan) -> RepositoryPlan:
    return RepositoryPlan(repository=SHOP, environments=environments)


def _seen(*environments: EnvironmentPlan) -> tuple[Excess, ...]:
    """Judge repositories of one environment each."""
    seen = Totals()
    for each in environments:
        seen = seen.plus(_plan(each))
    return exceeded_limits(seen)


@pytest.mark.parametrize(
    ("count", "of", "refused"),
    [(4, 4, False), (5, 5, True), (5, 16, True), (5, 17, False), (6, 20, False), (7, 20, True)],
)
@pytest.mark.parametrize("kind", [DELETE, LOOSEN, LIFT])
def test_more_than_30_percent_of_five_or_more(
    kind: EnvironmentPlan, count: int, of: int, *, refused: bool
) -> None:
    assert bool(_seen(*[kind] * count, *[KEEP] * (of - count))) is refused


@pytest.mark.parametrize("kind", [KEEP, TIGHTEN, OTHER_BRANCHES, CREATE])
def test_nothing_else_can_be_too_much(kind: EnvironmentPlan) -> None:
    assert _seen(*[kind] * 50) == ()


def test_environments_to_be_created_are_not_counted() -> None:
    assert Totals().plus(_plan(CREATE, KEEP, DELETE)) == Totals(2, 1, 0)


def test_only_what_is_too_much_is_refused() -> None:
    (excess,) = _seen(*[DELETE] * 5, LOOSEN)
    assert excess.problem.key == "fleet-limit"
    assert excess.problem.what == "The plan would delete 5 of 6 environments."
    kept, refused, loosened = excess.refuse_in(_plan(KEEP, DELETE, LOOSEN)).environments
    assert (kept, loosened) == (KEEP, LOOSEN)
    assert refused == Refuse(name="Old", existing=DELETE.existing, problem=excess.problem)


def test_both_can_be_too_much() -> None:
    assert [each.problem.what for each in _seen(*[DELETE] * 5, *[LOOSEN] * 5)] == [
        "The plan would delete 5 of 10 environments.",
        "The plan would loosen the protection of 5 of 10 environments.",
    ]
