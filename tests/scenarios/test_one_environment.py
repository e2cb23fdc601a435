"""The main job: one environment is brought into the declared state, and left alone once it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator import choices as c
from simulator.faults import Answer, DropConnection, empty_page
from simulator.journal import EventKind
from tests.kit.world import Ran, World, run_pipe

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_customers_story_create_leave_loosen_rename() -> None:
    """P4, P8, P11: every write is exactly what differs, and nothing is sent for what is right."""
    world = World()
    created = run_pipe(
        world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true"
    )
    assert created.exit_code == 0
    assert created.methods == ["GET", "POST"]
    assert created.writes == [
        (
            "POST",
            "environments",
            {
                "type": "deployment_environment",
                "name": "Test-Env",
                "environment_type": {"name": "Test"},
                "restrictions": {"admin_only": True},
            },
        )
    ]
    made = world.shop.environment("Test-Env")
    assert (made.type, made.admin_only) == ("Test", True)

    again = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert (again.exit_code, again.methods, again.writes) == (0, ["GET"], [])
    assert again.report["outcome"] == "unchanged"

    loosened = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ADMIN_ONLY="false")
    assert loosened.methods == ["GET", "POST", "GET"]
    assert loosened.writes == [
        ("POST", "environments/{}/changes", {"change": {"restrictions": {"admin_only": False}}})
    ]
    assert loosened.report["summary"]["environments"]["updated"] == 1

    renamed = run_pipe(world, ENVIRONMENT_NAME="Test-42", RENAME_FROM="Test-Env")
    assert renamed.methods == ["GET", "POST", "GET"]
    assert renamed.writes == [("POST", "environments/{}/changes", {"change": {"name": "Test-42"}})]
    assert world.shop.names() == ["Test-42"]
    assert world.shop.environment("Test-42").uuid == made.uuid
    assert run_pipe(world, ENVIRONMENT_NAME="Test-42", RENAME_FROM="Test-Env").methods == ["GET"]


def test_a_name_in_another_case_means_the_same_environment() -> None:
    world = World()
    world.shop.add_environment("production", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert ran.bodies == [{"change": {"restrictions": {"admin_only": True}}}]
    assert world.shop.names() == ["production"]


def test_a_rename_may_change_nothing_but_case() -> None:
    world = World()
    world.shop.add_environment("production", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="production")
    assert ran.bodies == [{"change": {"name": "Production"}}]
    assert world.shop.names() == ["Production"]
    assert run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="production").writes == []


def test_names_that_differ_by_case_only_are_ambiguous_unless_one_is_exact() -> None:
    world = World(name_clash=c.Comparison.EXACT)
    world.shop.add_environment("LIVE", "Production")
    world.shop.add_environment("live", "Production")
    unsure = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (unsure.exit_code, unsure.writes) == (7, [])
    assert unsure.problems == ["ambiguous-name"]
    assert "LIVE" in unsure.log
    former = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live")
    assert (former.exit_code, former.writes) == (7, [])
    sure = run_pipe(world, ENVIRONMENT_NAME="live", ADMIN_ONLY="true")
    assert sure.exit_code == 0
    assert [each.admin_only for each in world.shop.environments.values()] == [False, True]


def test_a_rename_whose_target_exists_is_refused() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.shop.add_environment("Production", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, ran.methods) == (7, ["GET"])
    assert ran.problems == ["rename-target-exists"]
    assert ran.report["outcome"] == "refused"


def test_a_rename_whose_former_name_is_gone_creates() -> None:
    world = World()
    ran = run_pipe(
        world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ENVIRONMENT_TYPE="production"
    )
    assert ran.exit_code == 0
    assert world.shop.names() == ["Production"]


def test_a_change_of_type_is_refused_before_any_write() -> None:
    """P11."""
    world = World()
    world.shop.add_environment("Live", "Staging")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ENVIRONMENT_TYPE="Production", ADMIN_ONLY="true")
    assert (ran.exit_code, ran.methods) == (7, ["GET"])
    assert ran.problems == ["type-cannot-change"]
    assert "Staging" in ran.log
    assert "What to do: Declare Staging" in ran.log
    assert ran.report["repositories"][0]["environments"][0]["action"] == "refuse"
    assert ran.report["summary"]["environments"]["refused"] == 1


def test_an_environment_that_does_not_exist_needs_a_type() -> None:
    ran = run_pipe(World(), ENVIRONMENT_NAME="Test-Env")
    assert (ran.exit_code, ran.writes) == (5, [])
    assert ran.problems == ["type-needed"]


def test_a_pattern_brings_every_matching_environment_into_line_and_creates_none() -> None:
    world = World()
    for name, kind, admin_only in (
        ("Production", "Production", False),
        ("live-eu", "Production", True),
        ("Prod US", "Production", False),
        ("Staging", "Staging", False),
        ("Test", "Test", False),
    ):
        world.shop.add_environment(name, kind, admin_only=admin_only)
    wanted = {
        "ENVIRONMENT_NAME": "*",
        "ENVIRONMENT_TYPE": "Production",
        "ADMIN_ONLY": "true",
    }
    ran = run_pipe(world, **wanted)
    assert ran.exit_code == 0
    assert ran.bodies == [{"change": {"restrictions": {"admin_only": True}}}] * 2
    assert [each.name for each in world.shop.environments.values() if each.admin_only] == [
        "Production",
        "live-eu",
        "Prod US",
    ]
    assert ran.report["summary"]["environments"] == {
        "created": 0, "updated": 2, "unchanged": 1, "deleted": 0, "failed": 0, "refused": 0,
    }  # fmt: skip
    assert run_pipe(world, **wanted).methods == ["GET"]
    by_name = run_pipe(world, ENVIRONMENT_NAME="t?st", ADMIN_ONLY="true")
    assert len(by_name.writes) == 1
    assert world.shop.environment("Test").admin_only
    assert len(world.shop.environments) == 5


@pytest.mark.parametrize(("seconds", "reads"), [(3.0, 0), (0.0, 4), (2.0, 3)])
def test_a_change_that_lags_is_read_back_until_it_shows(seconds: float, reads: int) -> None:
    """P11."""
    world = World(change_lag_seconds=seconds, change_lag_reads=reads)
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert len(ran.writes) == 1
    assert world.shop.environment("Live").admin_only
    assert sum(world.clock.slept) < 20


def test_a_restriction_that_does_not_stick_is_told_with_the_likely_reason() -> None:
    """P11: the exit code is 5, and Premium is named."""
    world = World(plan=c.Plan.IGNORED)
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 5
    assert ran.problems == ["admin-only-did-not-stick"] * 2
    assert "Premium" in ran.log
    assert _only(ran)["outcome"] == "unverified"
    created = run_pipe(world, ENVIRONMENT_NAME="New", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert created.exit_code == 5
    assert "Premium" in created.log
    assert created.report["summary"]["environments"]["created"] == 1
    assert created.report["summary"]["environments"]["failed"] == 1


@pytest.mark.parametrize(
    ("plan", "code", "key"),
    [(c.Plan.PAYMENT_REQUIRED, 5, "plan-lacks-feature"), (c.Plan.FORBIDDEN, 3, "not-permitted")],
)
def test_a_plan_without_permissions_may_say_so(plan: c.Plan, code: int, key: str) -> None:
    world = World(plan=plan)
    world.shop.add_environment("Live", "Production")
    changed = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (changed.exit_code, set(changed.problems)) == (code, {key})
    created = run_pipe(world, ENVIRONMENT_NAME="New", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert (created.exit_code, set(created.problems)) == (code, {key})
    assert world.shop.names() == ["Live"]


def test_a_refused_combination_is_tried_field_by_field() -> None:
    world = World(combined_change=c.Verdict.REFUSED)
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert ran.bodies == [
        {"change": {"name": "Production", "restrictions": {"admin_only": True}}},
        {"change": {"restrictions": {"admin_only": True}}},
        {"change": {"name": "Production"}},
    ]
    assert world.shop.environment("Production").admin_only


def test_of_a_combination_exactly_the_refused_field_is_told() -> None:
    world = World(plan=c.Plan.PAYMENT_REQUIRED)
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 5
    assert world.shop.names() == ["Production"]
    outcomes = {each["field"]: each["outcome"] for each in _only(ran)["changes"]}
    assert outcomes == {"name": "applied", "admin_only": "failed"}


def test_a_change_that_bitbucket_does_not_support_names_the_field() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    refused = Answer(
        status=400,
        body=b'{"key": "deploy-service.environment.change-not-supported",'
        b' "message": "The requested change is not allowed.", "arguments": {}}',
    )
    world.simulator.faults.add(refused, method="POST", times=9)
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live")
    assert (ran.exit_code, set(ran.problems)) == (5, {"change-not-supported"})
    assert "Bitbucket refused to change name of 'Live'" in ran.log
    assert "The requested change is not allowed" in ran.log


@pytest.mark.parametrize("status", list(c.Clash))
@pytest.mark.parametrize("shape", list(c.ErrorShape))
def test_an_environment_that_appears_meanwhile_is_adopted(
    status: c.Clash, shape: c.ErrorShape
) -> None:
    """P5: a name that is taken leads to another look, in whatever words Bitbucket says so."""
    world = World(duplicate_status=status, duplicate_shape=shape)

    def somebody_else_is_quicker() -> None:
        world.shop.add_environment("Test-Env", "Test")

    ran = _run_while(world, somebody_else_is_quicker, ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert world.shop.names() == ["Test-Env"]
    assert world.shop.environment("Test-Env").admin_only
    assert ran.report["summary"]["environments"]["created"] == 0
    assert ran.report["summary"]["environments"]["updated"] == 1


def test_a_name_that_is_taken_and_not_listed_yet_is_waited_for() -> None:
    """P5: Bitbucket has said that it exists, so nothing is sent again."""
    world = World(duplicate_status=c.Clash.CONFLICT)
    world.shop.add_environment("Test-Env", "Test")
    world.simulator.faults.add(empty_page(), method="GET", times=4)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert [path for _, path, _ in ran.writes] == ["environments", "environments/{}/changes"]
    assert world.shop.environment("Test-Env").admin_only


def test_a_list_that_wavers_does_not_hide_what_is_to_be_renamed() -> None:
    """Otherwise both names would exist, which no further run could put right."""
    world = World()
    live = world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(empty_page(), method="GET", times=2)
    ran = run_pipe(
        world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ENVIRONMENT_TYPE="Production"
    )
    assert (ran.exit_code, world.shop.names()) == (0, ["Production"])
    assert world.shop.environment("Production").uuid == live.uuid
    assert ran.report["summary"]["environments"]["updated"] == 1


def test_an_environment_of_another_type_that_appears_meanwhile_is_refused() -> None:
    world = World()
    ran = _run_while(world, lambda: world.shop.add_environment("Test-Env", "Production"))
    assert (ran.exit_code, ran.problems) == (7, ["type-cannot-change"])


def test_an_environment_that_appears_meanwhile_as_declared_is_left_alone() -> None:
    world = World()
    ran = _run_while(world, lambda: world.shop.add_environment("Test-Env", "Test"))
    assert ran.exit_code == 0
    assert ran.report["summary"]["environments"]["unchanged"] == 1
    assert ran.count(EventKind.ENVIRONMENT_CREATED) == 1


def test_two_environments_that_appear_meanwhile_in_other_cases_are_ambiguous() -> None:
    world = World(name_clash=c.Comparison.CASEFOLD)

    def both() -> None:
        world.shop.add_environment("TEST-ENV", "Test")
        world.shop.add_environment("test-env", "Test")

    ran = _run_while(world, both)
    assert (ran.exit_code, ran.problems) == (7, ["ambiguous-name"] * 2)


def test_a_creation_whose_answer_is_lost_is_found_and_never_repeated() -> None:
    """P5."""
    world = World()
    world.simulator.faults.add(DropConnection(after_effect=True), method="POST")
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert ran.methods == ["GET", "POST", "GET"]
    assert ran.count(EventKind.ENVIRONMENT_CREATED) == 1
    assert ran.report["summary"]["environments"]["created"] == 1


def test_what_stands_there_after_a_lost_answer_is_ours_only_if_it_is_what_was_asked_for() -> None:
    world = World()

    def other_type() -> None:
        world.shop.add_environment("Test-Env", "Staging")

    world.simulator.faults.add(DropConnection(after_effect=False), method="POST")
    ran = _run_while(world, other_type, ADMIN_ONLY="true")
    assert (ran.exit_code, ran.problems) == (7, ["type-cannot-change"])
    assert ran.report["summary"]["environments"]["created"] == 0
    assert not world.shop.environment("Test-Env").admin_only


def test_a_creation_that_never_reached_bitbucket_is_sent_again_after_a_look() -> None:
    """P5."""
    world = World()
    world.simulator.faults.add(DropConnection(after_effect=False), method="POST", times=2)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert ran.exit_code == 0
    assert ran.methods == ["GET", "POST", "GET", "POST", "GET", "POST"]
    assert world.shop.names() == ["Test-Env"]


def test_a_creation_that_bitbucket_never_takes_is_given_up_with_its_words() -> None:
    world = World(environment_limit=1)
    world.shop.add_environment("Other")
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert (ran.exit_code, set(ran.problems)) == (5, {"not-created"})
    assert "The limit of 1 environments" in ran.log


def test_a_creation_that_bitbucket_finds_invalid_is_not_tried_again() -> None:
    world = World(environment_names=c.EnvironmentNames.WEB)
    ran = run_pipe(world, ENVIRONMENT_NAME="n" * 31, ENVIRONMENT_TYPE="Test")
    assert (ran.exit_code, set(ran.problems)) == (5, {"not-created"})
    assert len(ran.writes) == 1


def test_a_creation_whose_answers_are_all_lost_without_effect_is_given_up() -> None:
    world = World()
    world.simulator.faults.add(DropConnection(), method="POST", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert (ran.exit_code, set(ran.problems)) == (5, {"not-created"})
    assert "the answer was lost" in ran.log


def test_creations_that_are_refused_in_passing_succeed() -> None:
    world = World(passing_400_creates=2)
    world.shop.last_creation = world.clock.time()
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert ran.exit_code == 0
    assert world.shop.names() == ["Test-Env"]


def test_restrictions_that_are_ignored_at_creation_are_set_afterwards() -> None:
    world = World(admin_only_at_creation=c.AtCreation.IGNORED)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert world.shop.environment("Test-Env").admin_only
    assert ran.methods == ["GET", "POST", "POST", "GET"]


def test_a_change_that_turns_out_to_be_made_is_not_a_failure() -> None:
    """A change that changes nothing may be refused: what counts is what shows."""
    world = World(noop_change=c.Verdict.REFUSED)
    live = world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: live.restrict(admin_only=True),
        ENVIRONMENT_NAME="Live",
        ENVIRONMENT_TYPE="",
        ADMIN_ONLY="true",
    )
    assert ran.exit_code == 0


def test_a_rename_that_is_taken_and_ignored_is_not_verified() -> None:
    world = World(rename_clash=c.RenameClash.IGNORED)
    world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: world.shop.add_environment("Production", "Production"),
        ENVIRONMENT_NAME="Production",
        ENVIRONMENT_TYPE="",
        RENAME_FROM="Live",
    )
    assert (ran.exit_code, set(ran.problems)) == (5, {"rename-does-not-show"})


@pytest.mark.parametrize("clash", [c.RenameClash.BAD_REQUEST, c.RenameClash.CONFLICT])
def test_a_rename_onto_a_name_taken_meanwhile_is_told(clash: c.RenameClash) -> None:
    world = World(rename_clash=clash)
    world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: world.shop.add_environment("Production", "Production"),
        ENVIRONMENT_NAME="Production",
        ENVIRONMENT_TYPE="",
        RENAME_FROM="Live",
    )
    assert (ran.exit_code, set(ran.problems)) == (5, {"change-not-supported"})
    assert "already exists" in ran.log


def test_an_environment_that_goes_before_it_is_changed_is_told() -> None:
    world = World()
    live = world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: world.shop.delete_environment(live),
        ENVIRONMENT_NAME="Live",
        ENVIRONMENT_TYPE="",
        ADMIN_ONLY="true",
    )
    assert (ran.exit_code, set(ran.problems)) == (5, {"environment-disappeared"})


def test_an_environment_that_goes_after_it_was_changed_is_told() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(
        Answer(status=404, body=b"{}"), method="GET", path="*/environments/*", times=99
    )
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, set(ran.problems)) == (5, {"environment-disappeared"})
    assert _only(ran)["outcome"] == "unverified"


def test_a_change_whose_answer_is_lost_is_looked_for() -> None:
    """P5."""
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(DropConnection(after_effect=True), method="POST")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, len(ran.writes)) == (0, 1)


def test_a_change_whose_answers_are_all_lost_without_effect_is_not_verified() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(DropConnection(), method="POST", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 5
    assert _only(ran)["outcome"] == "unverified"


def test_a_change_that_can_not_be_read_back_is_not_verified() -> None:
    """The order was taken: whether it was carried out is what is not known."""
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(DropConnection(), method="GET", path="*/environments/*", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 6
    assert _only(ran)["changes"][0]["outcome"] == "unverified"


def _only(ran: Ran) -> dict[str, Any]:
    (repository,) = ran.report["repositories"]
    (environment,) = repository["environments"]
    assert isinstance(environment, dict)
    return environment


def _run_while(world: World, happens: Callable[[], object], **variables: str) -> Ran:
    """Run, and let something happen in Bitbucket after the first request was answered."""
    pending = [happens]

    def once(_: object) -> None:
        if pending:
            pending.pop()()

    world.simulator.observers.append(once)
    return run_pipe(
        world, **({"ENVIRONMENT_NAME": "Test-Env", "ENVIRONMENT_TYPE": "Test"} | variables)
    )
