"""Repositories that were created a moment ago, renamed, or never existed."""

from typing import Final

import pytest

from simulator.faults import Answer
from tests.support.world import World, run_pipe

NOT_FOUND: Final = Answer(status=404, body=b'{"error": {"message": "Not found"}}')
WANTED: Final = {"ENVIRONMENT_NAME": "Live", "ENVIRONMENT_TYPE": "Production"}


@pytest.mark.parametrize("lag", [0.0, 4.0])
@pytest.mark.parametrize("hidden", [1.0, 5.0, 9.0])
def test_a_repository_made_a_moment_ago_is_waited_for_where_pipelines_is_enabled(
    hidden: float, lag: float
) -> None:
    world = World(new_repository_404_seconds=hidden, pipelines_config_lag_seconds=lag)

    ran = run_pipe(world, ENABLE_PIPELINES="true", **WANTED)

    assert ran.exit_code == 0
    assert world.shop.environment("Live").type == "Production"
    assert [method for method, _, _ in ran.writes] == ["PUT", "POST"]


@pytest.mark.promise("P1")
def test_pipelines_that_do_not_show_as_enabled_yet_are_enabled_again_without_harm() -> None:
    world = World(pipelines_config_lag_seconds=5.0)
    declared = {"ENABLE_PIPELINES": "true", **WANTED}
    assert run_pipe(world, **declared).exit_code == 0
    before = world.snapshot()

    again = run_pipe(world, **declared)
    world.clock.sleep(5)
    later = run_pipe(world, **declared)

    assert [method for method, _, _ in again.writes] == ["PUT"]
    assert (again.exit_code, again.events) == (0, [])
    assert world.snapshot() == before
    assert (later.exit_code, later.writes) == (0, [])


def test_a_missing_repository_is_waited_for_ten_seconds_where_pipelines_is_enabled() -> None:
    world = World()
    started = world.clock.seconds

    ran = run_pipe(world, ENABLE_PIPELINES="true", REPO_SLUG="typo", **WANTED)

    assert (ran.exit_code, ran.problems, ran.writes) == (3, ["not-found"], [])
    assert world.clock.seconds - started == pytest.approx(10)


def test_a_missing_repository_costs_no_wait_otherwise() -> None:
    world = World()

    ran = run_pipe(world, REPO_SLUG="typo", **WANTED)

    assert (ran.exit_code, ran.methods) == (3, ["GET"])


@pytest.mark.promise("P13", "P15")
@pytest.mark.parametrize("skipped", [1, 2], ids=["before the second look", "after it"])
def test_variables_are_not_taken_as_deleted_because_their_list_is_not_found(skipped: int) -> None:
    """Somebody renamed the repository or deleted the environment meanwhile."""
    world = World()
    world.shop.add_environment("Live", "Production").set_variable("OLD", "1")
    world.simulator.faults.add(NOT_FOUND, path="*/variables*", skip=skipped, times=99)

    ran = run_pipe(world, ENVIRONMENT_NAME="Live", VARIABLES='[{"key": "OLD", "state": "absent"}]')

    assert (ran.exit_code, ran.report["outcome"]) == (5, "failed")
    assert ran.report["summary"]["variables"]["deleted"] == 0
    assert "already in place" not in ran.log


@pytest.mark.promise("P13", "P15")
def test_variables_of_a_repository_that_is_not_found_any_more_are_not_taken_as_deleted() -> None:
    world = World()
    world.shop.set_variable("OLD", "1")
    world.simulator.faults.add(NOT_FOUND, path="*/variables*", skip=1, times=99)

    ran = run_pipe(world, REPOSITORY_VARIABLES='[{"key": "OLD", "state": "absent"}]')

    assert (ran.exit_code, ran.report["outcome"]) == (3, "failed")
    assert "already in place" not in ran.log
