"""The main job: one environment is brought into the declared state, and left alone once it is."""

import pytest

from simulator.faults import Answer
from tests.support.world import World, only_environment, run_pipe


@pytest.mark.promise("P4", "P8", "P11")
def test_the_customers_story_create_leave_loosen_rename() -> None:
    """Every write is exactly what differs, and nothing is sent for what is right."""
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


def test_a_rename_may_change_nothing_but_case() -> None:
    world = World()
    world.shop.add_environment("production", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="production")
    assert ran.bodies == [{"change": {"name": "Production"}}]
    assert world.shop.names() == ["Production"]
    assert run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="production").writes == []


@pytest.mark.promise("P11")
def test_a_change_of_type_is_refused_before_any_write() -> None:
    world = World()
    world.shop.add_environment("Live", "Staging")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ENVIRONMENT_TYPE="Production", ADMIN_ONLY="true")
    assert (ran.exit_code, ran.methods) == (7, ["GET"])
    assert ran.problems == ["type-cannot-change"]
    assert "Staging" in ran.log
    assert "What to do: Declare Staging" in ran.log
    assert ran.report["repositories"][0]["environments"][0]["action"] == "refuse"
    assert ran.report["summary"]["environments"]["refused"] == 1


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
        "created": 0,
        "updated": 2,
        "unchanged": 1,
        "deleted": 0,
        "failed": 0,
        "refused": 0,
    }
    assert run_pipe(world, **wanted).methods == ["GET"]
    by_name = run_pipe(world, ENVIRONMENT_NAME="t?st", ADMIN_ONLY="true")
    assert len(by_name.writes) == 1
    assert world.shop.environment("Test").admin_only
    assert len(world.shop.environments) == 5


@pytest.mark.promise("P11")
@pytest.mark.parametrize(("seconds", "reads"), [(3.0, 0), (0.0, 4), (2.0, 3)])
def test_a_change_that_lags_is_read_back_until_it_shows(seconds: float, reads: int) -> None:
    world = World(change_lag_seconds=seconds, change_lag_reads=reads)
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert len(ran.writes) == 1
    assert world.shop.environment("Live").admin_only
    assert sum(world.clock.slept) < 20


@pytest.mark.promise("P11")
def test_a_restriction_that_does_not_take_effect_is_reported_with_the_likely_reason() -> None:
    """The exit code is 5, and Premium is named."""
    world = World(plan="ignored")
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 5
    assert ran.problems == ["admin-only-did-not-stick"] * 2
    assert "Premium" in ran.log
    assert only_environment(ran)["outcome"] == "unverified"
    created = run_pipe(world, ENVIRONMENT_NAME="New", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert created.exit_code == 5
    assert "Premium" in created.log
    assert created.report["summary"]["environments"]["created"] == 1
    assert created.report["summary"]["environments"]["failed"] == 1


@pytest.mark.parametrize(
    ("plan", "code", "key"),
    [("402", 5, "plan-lacks-feature"), ("403", 5, "plan-lacks-feature")],
)
def test_a_plan_without_permissions_may_say_so(plan: str, code: int, key: str) -> None:
    world = World(plan=plan)
    world.shop.add_environment("Live", "Production")
    changed = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (changed.exit_code, set(changed.problems)) == (code, {key})
    created = run_pipe(world, ENVIRONMENT_NAME="New", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert (created.exit_code, set(created.problems)) == (code, {key})
    assert world.shop.names() == ["Live"]


def test_a_plan_that_lacks_something_else_is_not_blamed_on_admin_only() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    body = b'{"error": {"message": "Upgrade your plan: this workspace has too many users."}}'
    world.simulator.faults.add(Answer(status=403, body=body), method="POST", times=2)
    renamed = run_pipe(world, ENVIRONMENT_NAME="New", RENAME_FROM="Live")
    created = run_pipe(world, ENVIRONMENT_NAME="Fresh", ENVIRONMENT_TYPE="Test")
    for ran in (renamed, created):
        assert (ran.exit_code, set(ran.problems)) == (5, {"payment-required"})
        assert "admin_only" not in ran.log


def test_a_change_that_this_credential_may_not_make_is_a_matter_of_permission() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(Answer(status=403, body=b"{}"), method="POST", times=9)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, set(ran.problems)) == (3, {"not-permitted"})


def test_a_refused_combination_is_tried_field_by_field() -> None:
    world = World(combined_change="refused")
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert ran.bodies == [
        {"change": {"name": "Production", "restrictions": {"admin_only": True}}},
        {"change": {"restrictions": {"admin_only": True}}},
        {"change": {"name": "Production"}},
    ]
    assert world.shop.environment("Production").admin_only


def test_of_a_combination_exactly_the_refused_field_is_reported() -> None:
    world = World(plan="402")
    world.shop.add_environment("Live", "Production")
    ran = run_pipe(world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 5
    assert world.shop.names() == ["Production"]
    assert ran.outcomes == {"name": "applied", "admin_only": "failed"}


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
