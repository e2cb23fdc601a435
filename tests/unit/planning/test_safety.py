from __future__ import annotations

import pytest

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
    UpdateVariable,
    WriteFingerprints,
)
from pipe.models.declaration import EnvironmentType
from pipe.planning.safety import AddBranch, Fields, RemoveBranch, branch_steps, order, review
from tests.support.values import (
    PRODUCTION,
    SHOP,
    STAGING,
    TEST,
    TROUBLE,
    branch,
    env,
    plain,
    secret,
    var,
)


def _reviewed(
    *plans: EnvironmentPlan, existing: int = 0, force: bool = False
) -> tuple[EnvironmentPlan, ...]:
    plan = RepositoryPlan(repository=SHOP, environments=plans)
    return review(plan, existing_count=existing, force=force).environments


def _keys(plans: tuple[EnvironmentPlan, ...]) -> list[str | None]:
    return [each.problem.key if isinstance(each, Refuse) else None for each in plans]


@pytest.mark.promise("P10")
@pytest.mark.parametrize("reason", list(DeleteReason))
@pytest.mark.parametrize("kind", [PRODUCTION, None])
def test_production_is_deleted_only_by_force(
    kind: EnvironmentType | None, reason: DeleteReason
) -> None:
    """An environment whose type is not known could be one of Production."""
    plan = Delete(existing=env("Live", kind), reason=reason)
    assert _keys(_reviewed(plan)) == ["production-deletion"]
    assert _reviewed(plan, force=True) == (plan,)


@pytest.mark.promise("P10")
@pytest.mark.parametrize("kind", [TEST, STAGING])
def test_a_pattern_deletes_only_by_force_and_a_name_at_once(kind: EnvironmentType) -> None:
    by_rule = Delete(existing=env("f1", kind), reason=DeleteReason.RULE)
    assert _keys(_reviewed(by_rule)) == ["pattern-deletion"]
    assert _reviewed(by_rule, force=True) == (by_rule,)
    by_name = Delete(existing=env("f1", kind), reason=DeleteReason.DECLARED)
    assert _reviewed(by_name) == (by_name,)


@pytest.mark.promise("P10")
@pytest.mark.parametrize(
    ("pruned", "existing", "refused"),
    [(4, 4, False), (1, 5, False), (2, 5, True), (3, 10, False), (4, 10, True), (30, 100, False)],
)
def test_pruning_environments_has_a_limit(pruned: int, existing: int, *, refused: bool) -> None:
    """30 %, from five things on."""
    deletions = [
        Delete(existing=env(f"f{number}"), reason=DeleteReason.PRUNED) for number in range(pruned)
    ]
    named = Delete(existing=env("named"), reason=DeleteReason.DECLARED)
    kept = Keep(name="Live", existing=env("Live"))
    plans: tuple[EnvironmentPlan, ...] = (*deletions, named, kept)
    wanted = ["too-many-deletions" if refused else None] * pruned
    assert _keys(_reviewed(*plans, existing=existing)) == [*wanted, None, None]
    assert _reviewed(*plans, existing=existing, force=True) == plans


@pytest.mark.promise("P10")
@pytest.mark.parametrize(
    ("deleted", "unchanged", "refused"), [(4, 0, False), (2, 1, True), (1, 2, False), (2, 5, False)]
)
def test_pruning_variables_has_a_limit(deleted: int, unchanged: int, *, refused: bool) -> None:
    """Counted against what is there, which a variable to be created is not."""
    changes: tuple[Change, ...] = (
        *(DeleteVariable(var(f"D{number}", "1")) for number in range(deleted)),
        UpdateVariable(var("U", "1"), plain("U")),
        RewriteSecured(var("R"), secret("R")),
        *(CreateVariable(plain(f"C{number}")) for number in range(20)),
    )
    if (deleted, unchanged) == (4, 0):
        changes = changes[:4]
    plan = Update(existing=env("Live"), changes=changes, unchanged_variables=unchanged)
    assert _keys(_reviewed(plan)) == ["too-many-deletions" if refused else None]
    assert _reviewed(plan, force=True) == (plan,)


def test_everything_else_passes() -> None:
    refusal = Refuse(name="x", existing=None, problem=TROUBLE)
    plan = Update(existing=env("Live"), changes=(SetName("Live", "New"),))
    assert _reviewed(refusal, plan) == (refusal, plan)


@pytest.mark.promise("P7")
def test_the_order_is_tighten_write_loosen() -> None:
    writes = (
        CreateVariable(secret("A")),
        UpdateVariable(var("B", "1"), plain("B")),
        RewriteSecured(var("C"), secret("C")),
        DeleteVariable(var("D", "1")),
        WriteFingerprints(None, (), ()),
    )
    branches = SetBranches((branch("a"), branch("b")), ("b", "c"))
    rename = SetName("Live", "New")
    restrict, permit = (
        SetAdminOnly(before=False, after=True),
        SetAdminOnly(before=True, after=False),
    )
    tight = order((rename, restrict, branches, *writes))
    assert tight.tighten == Fields((rename, restrict))
    assert tight.loosen is None
    assert tight.variables == writes
    assert tight.tighten_branches == (RemoveBranch(branch("a")),)
    assert tight.loosen_branches == (AddBranch("c"),)
    loose = order((rename, permit))
    assert (loose.tighten, loose.loosen) == (None, Fields((rename, permit)))
    assert (loose.tighten_branches, loose.loosen_branches) == ((), ())
    nothing = order((SetType(TEST),))
    assert (nothing.tighten, nothing.loosen, nothing.unavailable) == (None, None, None)
    unavailable = BranchesUnavailable(("main",), TROUBLE)
    assert order((unavailable,)).unavailable == unavailable


@pytest.mark.promise("P7")
def test_the_first_new_pattern_stands_before_the_last_old_one_goes() -> None:
    """An empty set would let every branch deploy."""
    change = SetBranches((branch("a"), branch("b")), ("c", "d"))
    assert branch_steps(change) == (
        (AddBranch("c"), RemoveBranch(branch("a")), RemoveBranch(branch("b"))),
        (AddBranch("d"),),
    )
    assert branch_steps(SetBranches((), ("c", "d"))) == ((AddBranch("c"), AddBranch("d")), ())
    assert branch_steps(SetBranches((branch("a"),), ())) == ((), (RemoveBranch(branch("a")),))
