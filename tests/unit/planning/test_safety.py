import pytest

from pipe.models.changes import (
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
    SetName,
    Totals,
    Update,
    UpdateVariable,
    existing_of,
)
from pipe.models.declaration import EnvironmentType
from pipe.planning.safety import (
    changed_type,
    deletion_problem,
    exceeded_limits,
    review,
    review_replanned,
)
from tests.support.values import FAILURE, PRODUCTION, SHOP, STAGING, TEST, env, plain, secret, var


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
    reviewed = _reviewed(*plans, existing=existing)
    assert _keys(reviewed) == [*wanted, None, None]
    for before, after in zip(plans, reviewed, strict=True):
        if isinstance(after, Refuse):
            assert after.existing == existing_of(before)
            assert f"{pruned} of {existing} environments" in after.problem.what
            assert "30 %" in after.problem.why
    assert _reviewed(*plans, existing=existing, force=True) == plans


@pytest.mark.promise("P10")
@pytest.mark.parametrize(
    ("deleted", "unchanged", "refusals"),
    [(4, 0, []), (2, 1, ["2 of 5"]), (1, 2, []), (2, 5, [])],
)
def test_pruning_variables_has_a_limit(deleted: int, unchanged: int, refusals: list[str]) -> None:
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
    reviewed = _reviewed(plan)
    assert [each.problem.what for each in reviewed if isinstance(each, Refuse)] == [
        f"Pruning would delete {each} variables of 'Live'." for each in refusals
    ]
    assert _keys(reviewed) == (["too-many-deletions"] if refusals else [None])
    assert all("30 %" in each.problem.why for each in reviewed if isinstance(each, Refuse))
    assert _reviewed(plan, force=True) == (plan,)


def test_everything_else_passes() -> None:
    refusal = Refuse(name="x", existing=None, problem=FAILURE)
    plan = Update(existing=env("Live"), changes=(SetName("Live", "New"),))
    assert _reviewed(refusal, plan) == (refusal, plan)


@pytest.mark.promise("P28")
def test_a_deletion_is_checked_again_by_what_was_read_last() -> None:
    plan = Delete(existing=env("f1", TEST), reason=DeleteReason.DECLARED)
    again = deletion_problem(plan, env("f1", PRODUCTION), pruned=0, existing_count=1)
    assert again is not None
    assert again.key == "production-deletion"
    pruned = Delete(existing=env("f1", TEST), reason=DeleteReason.PRUNED)
    assert deletion_problem(pruned, env("f1", TEST), pruned=3, existing_count=10) is None
    fewer = deletion_problem(pruned, env("f1", TEST), pruned=3, existing_count=6)
    assert fewer is not None
    assert fewer.key == "too-many-deletions"


@pytest.mark.promise("P28")
def test_what_is_planned_anew_is_refused_by_its_name() -> None:
    plan = Update(existing=env("Live"), changes=(SetAdminOnly(before=True, after=False),))
    for reviewed, key in [(True, "not-reviewed"), (False, "not-counted")]:
        refused = review_replanned(plan, (), reviewed=reviewed, counted=True)
        assert isinstance(refused, Refuse)
        assert refused.problem.key == key
        assert "'Live'" in refused.problem.what
    assert review_replanned(plan, (plan,), reviewed=True, counted=True) == plan


@pytest.mark.promise("P28")
def test_a_limit_over_several_repositories_names_what_it_counts() -> None:
    (excess,) = exceeded_limits(Totals(environments=10, deletions=4, loosenings=3))
    assert excess.problem.what == "The plan would delete 4 of 10 environments."
    assert "30 %" in excess.problem.why
    few = Totals(environments=4, deletions=4)
    assert exceeded_limits(few) == ()
    assert len(exceeded_limits(few, parallel_steps=2)) == 1


def test_another_type_than_declared_is_named() -> None:
    plan = Delete(existing=env("f1"), reason=DeleteReason.DECLARED, declared_type=TEST)
    differs = changed_type(plan, env("f1", STAGING))
    assert differs is not None
    assert "it has type Staging, but Test is declared" in differs.what
    assert changed_type(plan, env("f1", TEST)) is None


@pytest.mark.promise("P10")
def test_pruning_variables_of_the_repository_has_the_same_limit() -> None:
    pruned = tuple(DeleteVariable(var(f"D{number}", "1")) for number in range(2))
    named = tuple(DeleteVariable(var(f"N{number}"), DeleteReason.DECLARED) for number in range(9))
    plan = RepositoryPlan(repository=SHOP, changes=pruned, unchanged_variables=3)
    refused = review(plan, existing_count=0, force=False)
    assert refused.refusal is not None
    assert refused.refusal.what == "Pruning would delete 2 of 5 variables of the repository."
    assert review(plan, existing_count=0, force=True).refusal is None
    allowed = RepositoryPlan(repository=SHOP, changes=named, unchanged_variables=1)
    assert review(allowed, existing_count=0, force=False).refusal is None
