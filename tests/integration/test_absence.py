"""Environments that are not wanted any more, and Pipelines that is turned on first."""

import pytest

from simulator.behaviour.switches import SWITCHES
from simulator.faults import Answer, DropConnection, empty_page, server_error
from simulator.state.journal import EventKind
from tests.support.world import World, only_environment, run_pipe


def _world(*names: str, kind: str = "Test", deletion: str = "gone") -> World:
    world = World(deletion=deletion)
    for name in names:
        world.shop.add_environment(name, kind)
    return world


@pytest.mark.promise("P10")
@pytest.mark.parametrize("deletion", SWITCHES["deletion"].choices)
def test_an_environment_goes_and_stays_away(deletion: str) -> None:
    """Judged by the list, whatever is left of it elsewhere."""
    world = _world("feature-1", "Other", deletion=deletion)
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "GET", "DELETE", "GET"])
    assert world.shop.names() == ["Other"]
    assert ran.report["summary"]["environments"]["deleted"] == 1
    again = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (again.exit_code, again.methods) == (0, ["GET"])
    assert "absent, as declared" in again.log


@pytest.mark.promise("P10")
def test_production_is_deleted_only_by_force() -> None:
    world = _world("Live", kind="Production")
    refused = run_pipe(world, ENVIRONMENT_NAME="Live", STATE="absent")
    assert (refused.exit_code, refused.writes) == (7, [])
    assert "FORCE=true" in refused.log
    assert run_pipe(world, ENVIRONMENT_NAME="Live", STATE="absent", FORCE="true").exit_code == 0
    assert world.shop.names() == []


@pytest.mark.promise("P10")
def test_a_rule_deletes_the_last_environments_when_none_is_declared() -> None:
    """The last feature branch is gone: the file declares an empty list."""
    world = _world("feature-1", "feature-2", "Test")
    world.files["envs.yml"] = (
        "version: 1\nenvironments: []\nrules:\n"
        "  - when: {name: 'feature-*', type: Test}\n    state: absent\n"
    )
    ran = run_pipe(world, CONFIG_FILE="envs.yml", FORCE="true")
    assert (ran.exit_code, world.shop.names()) == (0, ["Test"])


@pytest.mark.promise("P10")
def test_what_disappears_before_the_second_look_is_no_failure() -> None:
    """A deletion never rests on one list."""
    world = _world("feature-1")
    world.simulator.faults.add(empty_page(), method="GET", skip=1, times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.writes) == (0, [])
    assert ran.report["summary"]["environments"]["unchanged"] == 1


def test_a_list_that_wavers_is_looked_at_again() -> None:
    world = _world("feature-1")
    world.simulator.faults.add(empty_page(), method="GET", skip=1, times=2)
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, world.shop.names()) == (0, [])


@pytest.mark.promise("P10")
def test_what_got_another_name_meanwhile_is_not_deleted() -> None:
    """It may not be what was meant."""
    world = _world("feature-1")
    world.after(1, lambda: world.shop.environment("feature-1").rename("Live"))
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.problems) == (5, ["deletion-reconsidered"])
    assert world.shop.names() == ["Live"]


def test_a_deletion_that_finds_nothing_succeeded() -> None:
    world = _world("feature-1")
    world.after(3, lambda: world.shop.delete_environment(world.shop.environment("feature-1")))
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.writes[0][0]) == (0, "DELETE")


def test_a_deletion_that_is_refused_is_reported() -> None:
    world = _world("feature-1")
    body = b'{"error": {"message": "It is in use."}}'
    world.simulator.faults.add(Answer(status=409, body=body), method="DELETE")
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.problems) == (5, ["refused-by-bitbucket"])
    assert "It is in use" in ran.log


def test_a_deletion_that_never_shows_is_reported() -> None:
    world = _world("feature-1")
    world.simulator.faults.add(Answer(status=204), method="DELETE")
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.problems) == (5, ["deletion-does-not-show"])


def test_a_deletion_that_can_not_be_verified_is_reported() -> None:
    world = _world("feature-1")
    world.simulator.faults.add(server_error(), method="GET", skip=3, times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert ran.exit_code == 6
    (one,) = ran.report["repositories"][0]["environments"]
    assert one["outcome"] == "unverified"
    assert world.shop.names() == []


@pytest.mark.parametrize(
    ("lost", "outcome"), [(False, "unverified"), (True, "failed")], ids=["list", "answer"]
)
@pytest.mark.promise("P13")
def test_variables_share_the_outcome_of_their_environment(outcome: str, *, lost: bool) -> None:
    """They are gone with it: nothing may be said of them that is said of what was not touched."""
    world = _world("feature-1")
    world.shop.environment("feature-1").set_variable("A", "1")
    world.simulator.faults.add(server_error(), method="GET", skip=3, times=99)
    if lost:
        world.simulator.faults.add(DropConnection(after_effect=True), method="DELETE")
        world.simulator.faults.add(DropConnection(), method="DELETE", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, world.shop.names()) == (6, [])
    environment = only_environment(ran)
    (variable,) = environment["changes"]
    assert (environment["outcome"], variable["outcome"]) == (outcome, outcome)
    assert variable["error"] == environment["error"]
    assert ran.report["summary"]["variables"]["failed"] == 1


def test_a_deletion_that_can_not_be_looked_at_first_is_not_done() -> None:
    world = _world("feature-1")
    world.simulator.faults.add(server_error(), method="GET", skip=2, times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="feature-1", STATE="absent")
    assert (ran.exit_code, ran.writes) == (6, [])
    assert world.shop.names() == ["feature-1"]


@pytest.mark.parametrize("defaults", [True, False])
def test_pipelines_is_turned_on_first_and_what_appears_is_looked_at(*, defaults: bool) -> None:
    world = World(enabling_creates_defaults=defaults)
    wanted = {
        "ENVIRONMENT_NAME": "Test",
        "ENVIRONMENT_TYPE": "Test",
        "ADMIN_ONLY": "true",
        "ENABLE_PIPELINES": "true",
    }
    planned = run_pipe(world, **wanted, MODE="check")
    assert (planned.exit_code, planned.writes) == (4, [])
    ran = run_pipe(world, **wanted)
    assert ran.exit_code == 0
    assert world.shop.pipelines_enabled
    assert world.shop.environment("Test").admin_only
    assert world.shop.names().count("Test") == 1
    assert ran.report["repositories"][0]["pipelines"] == "applied"
    assert ran.report["summary"]["environments"]["created"] == (0 if defaults else 1)
    assert ran.report["summary"]["environments"]["updated"] == (1 if defaults else 0)
    again = run_pipe(world, **wanted)
    assert (again.exit_code, again.methods) == (0, ["GET", "GET"])


def test_defaults_that_appear_late_are_adopted() -> None:
    world = World(environment_list_lag_reads=2)
    ran = run_pipe(
        world,
        ENVIRONMENT_NAME="Test",
        ENVIRONMENT_TYPE="Test",
        ADMIN_ONLY="true",
        ENABLE_PIPELINES="true",
    )
    assert ran.exit_code == 0
    assert world.shop.names() == ["Test", "Staging", "Production"]
    assert world.shop.environment("Test").admin_only


def test_pipelines_that_was_turned_off_is_turned_on_again() -> None:
    world = World()
    world.shop.pipelines_enabled = False
    ran = run_pipe(world, ENVIRONMENT_NAME="Test", ENVIRONMENT_TYPE="Test", ENABLE_PIPELINES="true")
    assert ran.exit_code == 0
    assert ran.count(EventKind.PIPELINES_ENABLED) == 1
    assert world.shop.names() == ["Test"]


def test_pipelines_that_can_not_be_read_or_turned_on_ends_the_repository() -> None:
    wanted = {
        "ENVIRONMENT_NAME": "Test",
        "ENVIRONMENT_TYPE": "Test",
        "ENABLE_PIPELINES": "true",
    }
    denied = Answer(status=403, body=b"{}")
    for fault, method, code in (
        (denied, "GET", 3),
        (denied, "PUT", 3),
        (server_error(), "PUT", 6),
    ):
        world = World()
        world.simulator.faults.add(fault, method=method, path="*/pipelines_config", times=99)
        ran = run_pipe(world, **wanted)
        assert (ran.exit_code, world.shop.names()) == (code, [])
        assert set(ran.methods) <= {"GET", method}


def test_what_can_not_be_read_after_pipelines_was_turned_on_is_reported() -> None:
    world = World()
    world.simulator.faults.add(server_error(), method="GET", path="*/environments", skip=1, times=9)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test", ENVIRONMENT_TYPE="Test", ENABLE_PIPELINES="true")
    assert ran.exit_code == 6
    assert ran.report["repositories"][0]["pipelines"] == "applied"
    assert world.shop.pipelines_enabled


@pytest.mark.promise("P3", "P28")
@pytest.mark.parametrize(
    "declared",
    [
        {"ENVIRONMENT_NAME": "Liv*", "ADMIN_ONLY": "true"},
        {"ENVIRONMENT_NAME": "Live", "STATE": "absent"},
    ],
)
def test_a_list_that_is_empty_after_pipelines_was_enabled_is_read_again(
    declared: dict[str, str],
) -> None:
    """What the first plan found is not forgotten."""
    world = _world("Live")
    world.shop.pipelines_enabled = False
    world.simulator.faults.add(empty_page(), method="GET", path="*/environments", skip=1)
    ran = run_pipe(world, ENABLE_PIPELINES="true", **declared)
    assert ran.exit_code == 0
    assert [each.admin_only for each in world.shop.environments.values()] in ([True], [])


@pytest.mark.promise("P27")
def test_reading_again_after_pipelines_was_enabled_ends_at_the_deadline() -> None:
    world = _world("Live")
    world.shop.pipelines_enabled = False
    world.simulator.faults.add(empty_page(), method="GET", path="*/environments", skip=1, times=99)
    wanted = {"ENVIRONMENT_NAME": "Liv*", "ADMIN_ONLY": "true", "ENABLE_PIPELINES": "true"}
    ran = run_pipe(world, DEADLINE="3", **wanted)
    assert (ran.exit_code, ran.problems) == (6, ["out-of-time"])


def test_what_is_gone_after_pipelines_was_enabled_stays_away() -> None:
    world = _world("Live")
    world.shop.pipelines_enabled = False
    world.after(3, lambda: world.shop.delete_environment(world.shop.environment("Live")))
    wanted = {"ENVIRONMENT_NAME": "Live", "STATE": "absent", "ENABLE_PIPELINES": "true"}
    ran = run_pipe(world, **wanted)
    assert (ran.exit_code, world.shop.names()) == (0, [])
