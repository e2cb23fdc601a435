"""What is planned for environments that are declared by name."""

import pytest
from msgspec.structs import replace

from pipe.models.changes import (
    BranchesUnavailable,
    Create,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    FoundBy,
    Keep,
    Refuse,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
    UpdateVariable,
)
from pipe.models.declaration import (
    AbsentVariable,
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    ManagedSecret,
    Rule,
    State,
)
from pipe.models.errors import ExitCode
from pipe.models.existing import ExistingContents
from pipe.planning.planner import Observed, Planner
from tests.support.values import (
    ALWAYS,
    FAILURE,
    PRODUCTION,
    SHOP,
    STAGING,
    TEST,
    branch,
    declared,
    env,
    plain,
    secret,
    var,
)
from tests.unit.planning.plans import plan_for, plan_one


def test_what_is_missing_is_created_with_all_it_should_hold() -> None:
    wants = Desired(admin_only=False, branches=("main", "dev"), variables=(plain("A"), secret("B")))
    wanted = declared("Live", PRODUCTION, wants=wants)
    assert plan_one(wanted) == Create(
        declared=wanted,
        type=PRODUCTION,
        changes=(
            SetType(PRODUCTION),
            SetAdminOnly(None, after=False),
            SetBranches((), ("main", "dev")),
            CreateVariable(plain("A")),
            CreateVariable(secret("B")),
        ),
    )


@pytest.mark.promise("P8")
def test_what_is_not_mentioned_is_not_in_the_plan() -> None:
    wanted = declared("Live", TEST)
    assert plan_one(wanted) == Create(declared=wanted, type=TEST, changes=(SetType(TEST),))
    lifted = declared("Live", TEST, wants=Desired(branches=()))
    assert plan_one(lifted) == Create(declared=lifted, type=TEST, changes=(SetType(TEST),))
    contents = ExistingContents(variables=(var("A", "1"),), branches=(branch("main"),))
    live = env("Live", PRODUCTION, admin_only=True)
    assert plan_one(declared("Live"), live, contents=contents) == Keep(name="Live", existing=live)
    renamed = plan_one(declared("New", rename_from="Live"), live, contents=contents)
    assert renamed == Update(
        existing=live, changes=(SetName("Live", "New"),), found_by=FoundBy.FORMER_NAME
    )


def test_only_what_differs_is_in_the_plan() -> None:
    live = env("Live", PRODUCTION, admin_only=True)
    contents = ExistingContents(
        variables=(var("A", "1"), var("B", "2")), branches=(branch("main"), branch("dev"))
    )
    same = Desired(
        admin_only=True, branches=("dev", "main"), variables=(plain("A", "1"), plain("B", "2"))
    )
    assert plan_one(declared("Live", PRODUCTION, wants=same), live, contents=contents) == Keep(
        name="Live", existing=live, unchanged_variables=2
    )
    other = Desired(admin_only=False, branches=("main",), variables=(plain("A", "1"), plain("B")))
    plan = plan_one(
        declared("Production", rename_from="Live", wants=other), live, contents=contents
    )
    assert plan == Update(
        existing=live,
        changes=(
            SetName("Live", "Production"),
            SetAdminOnly(before=True, after=False),
            SetBranches((branch("main"), branch("dev")), ("main",)),
            UpdateVariable(var("B", "2"), plain("B")),
        ),
        unchanged_variables=1,
        found_by=FoundBy.FORMER_NAME,
    )


def test_a_restriction_that_is_not_mentioned_means_unrestricted() -> None:
    """A write that can't be verified either would be repeated at every run."""
    silent = env("Live", admin_only=None)
    assert plan_one(declared("Live", admin_only=False), silent) == Keep(
        name="Live", existing=silent
    )
    assert plan_one(declared("Live", admin_only=True), silent) == Update(
        existing=silent, changes=(SetAdminOnly(None, after=True),)
    )


@pytest.mark.parametrize("wanted", [True, False])
def test_a_restriction_that_can_not_be_read_is_not_unchanged(*, wanted: bool) -> None:
    unknown = replace(env("Live", admin_only=None), is_admin_only_unreadable=True)
    assert plan_one(declared("Live", admin_only=wanted), unknown) == Update(
        existing=unknown, changes=(SetAdminOnly(None, after=wanted),)
    )


def test_branches_that_can_not_be_read_are_a_change_that_fails() -> None:
    contents = ExistingContents(branches=FAILURE)
    plan = plan_one(declared("Live", wants=Desired(branches=())), env("Live"), contents=contents)
    assert plan == Update(existing=env("Live"), changes=(BranchesUnavailable((), FAILURE),))


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("kind", "existing", "refused"),
    [
        (PRODUCTION, STAGING, True),
        (PRODUCTION, PRODUCTION, False),
        (None, STAGING, False),
        (PRODUCTION, None, False),
    ],
)
def test_a_type_is_refused_where_it_is_known_to_differ(
    kind: EnvironmentType | None, existing: EnvironmentType | None, *, refused: bool
) -> None:
    plan = plan_one(declared("Live", kind), env("Live", existing))
    assert isinstance(plan, Refuse) is refused
    if isinstance(plan, Refuse):
        assert (plan.problem.key, plan.name) == ("type-cannot-change", "Live")
        assert plan.existing == env("Live", existing)
        assert all(f"{each}" in plan.problem.what for each in (kind, existing))


def test_what_must_be_created_needs_a_type() -> None:
    plan = plan_one(declared("Tset", rename_from="Odl"), env("Staging"), env("Test"))
    assert isinstance(plan, Refuse)
    assert (plan.name, plan.existing, plan.problem.key) == ("Tset", None, "type-needed")
    assert plan.problem.what.startswith("'Tset' does not exist, nor does 'Odl' (RENAME_FROM),")
    assert plan.problem.remedy.endswith("should exist (did you mean 'Test'?).")
    unlike = plan_one(declared("Live"), env("Staging"), env("Test"))
    assert isinstance(unlike, Refuse)
    assert unlike.problem.remedy.endswith("should exist.")


def test_absence_is_reached_by_deletion_or_is_there_already() -> None:
    gone = DeclaredEnvironment(name="Live", state=State.ABSENT)
    assert plan_one(gone) == Keep(name="Live", existing=None)
    lost = (var("A", "1"), var("B"))
    live = env("Live", STAGING)
    assert plan_one(gone, live, contents=ExistingContents(variables=lost)) == Delete(
        existing=live, reason=DeleteReason.DECLARED, variables=lost
    )
    typed = DeclaredEnvironment(name="{a-1}", type=STAGING, state=State.ABSENT)
    found = env("Live", STAGING, uuid="{A-1}")
    assert plan_one(typed, found) == Delete(
        existing=found,
        reason=DeleteReason.DECLARED,
        declared_type=STAGING,
        found_by=FoundBy.UUID,
    )
    rules = Declaration(rules=(Rule(name_pattern="f*", type=TEST, state=State.ABSENT),))
    contents = {"{f1}": ExistingContents(variables=lost)}
    assert plan_for(rules, env("f1"), env("Test"), contents=contents).environments == (
        Delete(
            existing=env("f1"),
            reason=DeleteReason.RULE,
            variables=lost,
            declared_type=TEST,
            found_by=FoundBy.RULE,
        ),
    )


def test_what_is_absent_in_this_case_leaves_other_cases_alone() -> None:
    absent = DeclaredEnvironment(name="live", state=State.ABSENT)
    plans = plan_for(
        Declaration(environments=(absent,), rules=(Rule(state=State.ABSENT),)), env("Live")
    ).environments
    assert plans == (Keep(name="live", existing=None, similar=("Live",)),)


def test_an_environment_of_another_type_than_declared_is_not_deleted() -> None:
    absent = DeclaredEnvironment(name="QA", type=TEST, state=State.ABSENT)
    refused = plan_one(absent, env("QA", STAGING))
    assert isinstance(refused, Refuse)
    assert (refused.problem.key, refused.problem.code) == (
        "deletion-type-differs",
        ExitCode.REFUSED,
    )
    assert isinstance(plan_one(absent, env("QA", None)), Delete)


def test_a_uuid_is_never_created() -> None:
    plan = plan_one(declared("{1-2}", TEST))
    assert isinstance(plan, Refuse)
    assert (plan.problem.key, plan.problem.code) == ("uuid-not-found", ExitCode.INCOMPLETE)
    assert plan.name == "{1-2}"
    assert "{1-2}" in plan.problem.what


def test_a_plan_says_how_an_environment_was_found() -> None:
    live = env("Live", uuid="{A}", slug="live-slug")
    kept = [plan_one(declared(name), live) for name in ("Live", "LIVE", "{a}", "live-slug")]
    assert [each.found_by for each in kept if isinstance(each, Keep)] == [
        FoundBy.NAME,
        FoundBy.CASE,
        FoundBy.UUID,
        FoundBy.SLUG,
    ]
    restricted = plan_one(declared("live-slug", admin_only=True), live)
    assert isinstance(restricted, Update)
    assert restricted.found_by is FoundBy.SLUG
    assert restricted.changes == (SetAdminOnly(before=False, after=True),)


def test_variables_of_the_repository_are_planned_like_those_of_an_environment() -> None:
    declaration = Declaration(
        repository=Desired(
            variables=(plain("A"), plain("B", "1"), AbsentVariable("C"), ManagedSecret("D")),
            prune_variables=True,
        ),
    )
    existing = (var("B", "1"), var("C", "x"), var("D"), var("E", "y"))
    observed = Observed(environments=(), contents={}, variables=existing)
    plan = Planner(SHOP, ALWAYS).plan(declaration, observed)
    assert plan.changes == (
        CreateVariable(plain("A")),
        DeleteVariable(var("C", "x"), DeleteReason.DECLARED),
        DeleteVariable(var("E", "y")),
    )
    assert (plan.repository, plan.unchanged_variables) == (SHOP, 2)


def test_a_name_that_is_not_much_alike_is_not_suggested() -> None:
    missing = plan_one(declared("Prod"), env("Production", PRODUCTION))
    assert isinstance(missing, Refuse)
    assert "'Production'" not in repr(missing.problem)


def test_refusals_say_what_could_be_meant() -> None:
    unsure = plan_one(declared("Live"), env("LIVE"), env("live"))
    assert isinstance(unsure, Refuse)
    assert (unsure.problem.key, unsure.problem.code) == ("ambiguous-name", ExitCode.REFUSED)
    assert (unsure.name, unsure.existing) == ("Live", None)
    assert "LIVE" in unsure.problem.what
    both = plan_one(declared("New", rename_from="Old"), env("New"), env("Old"))
    assert isinstance(both, Refuse)
    assert (both.problem.key, both.problem.code) == ("rename-target-exists", ExitCode.REFUSED)
    assert (both.name, both.existing) == ("New", env("Old"))


@pytest.mark.parametrize(
    "others",
    [
        (declared("live"),),
        (declared("LIVE", admin_only=True), declared("Live")),
        (declared("New", rename_from="Live"),),
    ],
)
def test_two_declarations_never_write_to_one_environment(
    others: tuple[DeclaredEnvironment, ...],
) -> None:
    wanted = (declared("Live"), *others)
    for each, plan in zip(wanted, plan_for(wanted, env("Live")).environments, strict=True):
        assert isinstance(plan, Refuse)
        assert (plan.problem.key, plan.name) == ("declared-twice", each.name)
        assert plan.existing == env("Live")
        assert "'Live'" in plan.problem.what


def test_a_name_that_another_declaration_has_or_had_is_not_created() -> None:
    """Created today, it could be taken for the other's environment tomorrow."""
    twice = plan_for((declared("Live", TEST), declared("live", TEST))).environments
    for plan, name in zip(twice, ("Live", "live"), strict=True):
        assert isinstance(plan, Refuse)
        assert (plan.name, plan.existing, plan.problem.key) == (name, None, "declared-twice")
        assert f"'{name}'" in plan.problem.what
    former = plan_for(
        (declared("New", TEST, rename_from="Old"), declared("old", TEST)), env("New")
    ).environments
    assert [type(each) for each in former] == [Keep, Refuse]
    renamed = plan_for(
        (declared("New", rename_from="Old"), declared("NEW", TEST)), env("Old")
    ).environments
    assert [type(each) for each in renamed] == [Update, Refuse]
    absent = DeclaredEnvironment(name="Old", state=State.ABSENT)
    kept = plan_for((declared("New", rename_from="Old"), absent), env("New")).environments
    assert [type(each) for each in kept] == [Keep, Keep]
    apart = plan_for((declared("Live"), declared("live")), env("Live"), env("live")).environments
    assert [type(each) for each in apart] == [Keep, Keep]
