"""What is planned for environments that a rule means, or nothing, and for Pipelines."""

import pytest

from pipe.models.changes import (
    CreateVariable,
    Delete,
    DeleteReason,
    FoundBy,
    Keep,
    Refuse,
    SetAdminOnly,
    Update,
)
from pipe.models.declaration import (
    Declaration,
    Desired,
    Rule,
)
from pipe.models.errors import ExitCode
from pipe.models.existing import ExistingContents
from tests.support.values import (
    PRODUCTION,
    declared,
    desired,
    env,
    plain,
    var,
)
from tests.unit.planning.plans import plan_for


def test_rules_hold_for_what_nothing_else_means() -> None:
    declaration = Declaration(
        environments=(
            declared("Live", admin_only=False),
            declared("New", rename_from="Old"),
            declared("Which"),
        ),
        rules=(
            Rule(name_pattern="p*", desired=Desired(admin_only=True)),
            Rule(desired=desired(plain("A"))),
        ),
        prune_environments=True,
    )
    existing = (
        env("zeta"),
        env("Prod"),
        env("Live"),
        env("New"),
        env("Old"),
        env("WHICH"),
        env("which"),
    )
    plan = plan_for(declaration, *existing)
    assert [each.name for each in plan.environments] == ["Live", "New", "Which", "Prod", "zeta"]
    assert plan.environments[3:] == (
        Update(
            existing=env("Prod"),
            changes=(SetAdminOnly(before=False, after=True),),
            found_by=FoundBy.RULE,
        ),
        Update(
            existing=env("zeta"),
            changes=(CreateVariable(plain("A")),),
            found_by=FoundBy.RULE,
        ),
    )


def test_a_rule_compares_with_what_the_environment_holds() -> None:
    rules = Declaration(rules=(Rule(desired=desired(plain("A", "1"))),))
    contents = {"{Live}": ExistingContents(variables=(var("A", "1"),))}
    assert plan_for(rules, env("Live"), contents=contents).environments == (
        Keep(name="Live", existing=env("Live"), unchanged_variables=1, found_by=FoundBy.RULE),
    )


def test_a_rule_for_a_type_refuses_an_environment_of_unknown_type() -> None:
    rules = Declaration(rules=(Rule(type=PRODUCTION, desired=Desired(admin_only=True)),))
    (refusal,) = plan_for(rules, env("Live", None)).environments
    assert isinstance(refusal, Refuse)
    assert (refusal.name, refusal.existing) == ("Live", env("Live", None))
    assert (refusal.problem.key, refusal.problem.code) == ("type-unknown", ExitCode.INCOMPLETE)
    assert "'Live'" in refusal.problem.what
    assert "Production" in refusal.problem.what + refusal.problem.why + refusal.problem.remedy


@pytest.mark.promise("P10")
def test_pruning_takes_what_neither_a_name_nor_a_rule_means() -> None:
    declaration = Declaration(
        environments=(declared("Live"),),
        rules=(Rule(name_pattern="p*"),),
        prune_environments=True,
    )
    held = {"{a}": ExistingContents(variables=(var("LOST"),))}
    plan = plan_for(declaration, env("b"), env("a"), env("Live"), env("Prod"), contents=held)
    assert [each for each in plan.environments if isinstance(each, Delete)] == [
        Delete(existing=env("a"), reason=DeleteReason.PRUNED, variables=(var("LOST"),)),
        Delete(existing=env("b"), reason=DeleteReason.PRUNED),
    ]
    spared = plan_for((declared("Live"),), env("a"), env("Live"))
    assert not [each for each in spared.environments if isinstance(each, Delete)]


@pytest.mark.parametrize(
    ("wanted", "found", "needed"),
    [(True, False, True), (True, True, False), (False, False, False), (True, None, False)],
)
def test_pipelines_is_turned_on_only_where_it_is_off(
    *, wanted: bool, found: bool | None, needed: bool
) -> None:
    declaration = Declaration(enable_pipelines=wanted)
    assert plan_for(declaration, pipelines=found).enable_pipelines is needed
