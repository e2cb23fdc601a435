"""What a decision says of itself, and details that nothing else would notice were they lost."""

from pipe.models.changes import (
    Delete,
    DeleteReason,
    DeleteVariable,
    FoundBy,
    Keep,
    Refuse,
    RepositoryPlan,
    Update,
)
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    PlainVariable,
    Rule,
)
from pipe.models.existing import ExistingContents
from pipe.planning import fingerprints
from pipe.planning.planner import Observed, Planner
from pipe.planning.safety import review, review_environment
from tests.support.values import ALWAYS, SHOP, env, var


def _refusal(declaration: Declaration, *existing: str) -> Refuse:
    observed = Observed(environments=tuple(env(name, None) for name in existing), contents={})
    (plan,) = Planner(SHOP, ALWAYS).plan(declaration, observed).environments
    assert isinstance(plan, Refuse)
    return plan


def test_a_rule_for_a_type_refuses_an_environment_of_unknown_type() -> None:
    rule = Rule(type=EnvironmentType.PRODUCTION, desired=Desired(admin_only=True))
    refusal = _refusal(Declaration(rules=(rule,)), "Live")
    assert (refusal.name, refusal.existing) == ("Live", env("Live", None))
    assert refusal.problem.key == "type-unknown"
    assert "'Live'" in refusal.problem.what
    assert "Production" in refusal.problem.what + refusal.problem.why + refusal.problem.remedy


def test_what_needs_a_type_is_named() -> None:
    refusal = _refusal(Declaration(environments=(DeclaredEnvironment(name="New"),)))
    assert "'New'" in refusal.problem.what


def test_where_too_much_would_be_pruned_is_named() -> None:
    changes = tuple(DeleteVariable(var(f"K{number}", "v")) for number in range(6))
    refused = review_environment(Update(existing=env("Live"), changes=changes))
    assert isinstance(refused, Refuse)
    assert "6 of 6 variables of 'Live'" in refused.problem.what


def test_fingerprints_are_written_without_blanks() -> None:
    """The value of a variable is limited, and there is one fingerprint for each secret."""
    assert fingerprints.dump({"B": "2", "A": "1"}) == (
        '{"version":1,"hmac-sha256-128":{"A":"1","B":"2"}}'
    )


def test_two_declarations_of_one_environment_are_named() -> None:
    twice = Declaration(
        environments=(
            DeclaredEnvironment(name="live", type=EnvironmentType.TEST),
            DeclaredEnvironment(name="New", rename_from="Live", type=EnvironmentType.TEST),
        )
    )
    there = Observed(environments=(env("Live"),), contents={})
    plans = Planner(SHOP, ALWAYS).plan(twice, there).environments
    for plan, name in zip(plans, ("live", "New"), strict=True):
        assert isinstance(plan, Refuse)
        assert (plan.name, plan.existing) == (name, env("Live"))
        assert "'Live'" in plan.problem.what


def test_a_name_declared_in_two_spellings_is_named() -> None:
    spelt = Declaration(
        environments=tuple(
            DeclaredEnvironment(name=name, type=EnvironmentType.TEST) for name in ("New", "NEW")
        )
    )
    nothing = Observed(environments=(), contents={})
    for plan, name in zip(
        Planner(SHOP, ALWAYS).plan(spelt, nothing).environments, ("New", "NEW"), strict=True
    ):
        assert isinstance(plan, Refuse)
        assert (plan.name, plan.existing) == (name, None)
        assert plan.problem.key == "declared-twice"
        assert f"'{name}'" in plan.problem.what


def test_a_rule_compares_with_what_the_environment_holds() -> None:
    rule = Rule(desired=Desired(variables=(PlainVariable("A", "1"),)))
    contents = {"{Live}": ExistingContents(variables=(var("A", "1"),))}
    observed = Observed(environments=(env("Live"),), contents=contents)
    plans = Planner(SHOP, ALWAYS).plan(Declaration(rules=(rule,)), observed).environments
    assert plans == (
        Keep(
            name="Live",
            existing=env("Live"),
            unchanged_variables=1,
            found_by=FoundBy.RULE,
        ),
    )


def test_a_type_that_differs_is_named() -> None:
    declared = DeclaredEnvironment(name="Live", type=EnvironmentType.STAGING)
    observed = Observed(environments=(env("Live"),), contents={})
    (plan,) = (
        Planner(SHOP, ALWAYS).plan(Declaration(environments=(declared,)), observed).environments
    )
    assert isinstance(plan, Refuse)
    assert "Test" in plan.problem.what
    assert "Staging" in plan.problem.what


def test_how_much_would_be_pruned_is_stated() -> None:
    deletions = tuple(
        Delete(existing=env(f"E{number}"), reason=DeleteReason.PRUNED) for number in range(3)
    )
    plan = RepositoryPlan(repository=SHOP, environments=deletions)
    reviewed = review(plan, existing_count=9, force=False)
    for before, after in zip(deletions, reviewed.environments, strict=True):
        assert isinstance(after, Refuse)
        assert after.existing == before.existing
        assert "3 of 9 environments" in after.problem.what
        assert "30 %" in after.problem.why
