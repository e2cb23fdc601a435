"""Every safety check is repeated on what is read right before a deletion."""

import json

import pytest

from simulator.faults import DropConnection
from tests.support.world import World, run_pipe, run_with

pytestmark = pytest.mark.promise("P10", "P28")


def _become(world: World, kind: str) -> None:
    world.shop.environment("QA").type = kind


def test_an_environment_that_turns_out_to_be_production_is_not_deleted() -> None:
    world = World()
    world.shop.add_environment("QA", "Test")
    world.after(1, lambda: _become(world, "Production"))
    ran = run_pipe(world, ENVIRONMENT_NAME="QA", STATE="absent")
    assert (ran.exit_code, ran.writes, ran.problems) == (7, [], ["production-deletion"])
    assert ran.report["summary"]["environments"]["refused"] == 1


def test_an_environment_that_turns_out_to_have_another_type_is_not_deleted_by_force() -> None:
    world = World()
    world.shop.add_environment("QA", "Test")
    world.after(1, lambda: _become(world, "Staging"))
    ran = run_pipe(
        world, ENVIRONMENT_NAME="QA", ENVIRONMENT_TYPE="Test", STATE="absent", FORCE="true"
    )
    assert (ran.exit_code, ran.writes, ran.problems) == (7, [], ["deletion-type-differs"])


def test_another_case_is_left_alone_with_a_warning_however_often_it_runs() -> None:
    world = World(name_clash="exact")
    for name in ("test", "Test"):
        world.shop.add_environment(name, "Test")
    for _ in range(2):
        ran = run_pipe(world, ENVIRONMENT_NAME="test", STATE="absent")
        assert (ran.exit_code, world.shop.names()) == (0, ["Test"])
        assert ("not deleted: 'Test'" in ran.log) == (ran.writes == [])


def test_variables_are_not_pruned_where_the_second_look_shows_fewer() -> None:
    world = World()
    live = world.shop.add_environment("Live", "Test")
    for number in range(10):
        live.set_variable(f"V{number}", "1")
    kept = {f"V{number}": "1" for number in range(7)}

    def remove() -> None:
        for number in range(5):
            live.remove_variable(f"V{number}")

    world.after(2, remove)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", VARIABLES=json.dumps(kept), PRUNE="variables")
    assert (ran.exit_code, ran.writes, set(ran.problems)) == (7, [], {"too-many-deletions"})
    assert set(live.variables) >= {"V7", "V8", "V9"}


def test_a_list_that_still_has_what_was_pruned_counts_it_once() -> None:
    world = World(environment_list_lag_reads=1, empty_environment_lists=1)
    for name in ("Kept", "Gone-1", "Gone-2", "Gone-3"):
        world.shop.add_environment(name, "Test")
    ran = run_pipe(world, ENVIRONMENT_NAME="Kept", PRUNE="environments")
    assert (ran.exit_code, world.shop.names()) == (0, ["Kept"])


def test_an_environment_is_found_by_its_slug_or_uuid_and_keeps_its_name() -> None:
    world = World()
    europe = world.shop.add_environment("Prod Europe", "Production")
    for name in (europe.slug, europe.uuid.upper()):
        ran = run_pipe(world, ENVIRONMENT_NAME=name, ENVIRONMENT_TYPE="Production", MODE="check")
        assert ran.exit_code == 0
    ran = run_pipe(world, ENVIRONMENT_NAME=europe.slug, ADMIN_ONLY="true")
    assert (ran.exit_code, world.shop.names()) == (0, ["Prod Europe"])
    assert "found by slug" in ran.log
    missing = run_pipe(world, ENVIRONMENT_NAME="{1-2}", ENVIRONMENT_TYPE="Test")
    assert (missing.exit_code, missing.writes) == (5, [])


@pytest.mark.promise("P5")
@pytest.mark.parametrize("reviewed", [True, False])
def test_what_somebody_else_created_while_our_response_was_lost_is_planned_anew(
    *, reviewed: bool
) -> None:
    world = World()
    wanted = {
        "ENVIRONMENT_NAME": "Live",
        "ENVIRONMENT_TYPE": "Test",
        "BRANCHES": '["main"]',
    }
    checksum = run_with(world, wanted | {"MODE": "plan"}).report["plan_checksum"]
    world.after(1, lambda: world.shop.add_environment("Live", "Test").add_branch("**"))
    world.simulator.faults.add(DropConnection(after_effect=False), method="POST")
    ran = run_with(world, wanted | ({"PLAN_CHECKSUM": checksum} if reviewed else {}))
    branches = set(world.shop.environment("Live").branches)
    if reviewed:
        assert (ran.exit_code, ran.problems, branches) == (7, ["not-reviewed"], {"**"})
    else:
        assert (ran.exit_code, branches) == (0, {"main"})
        assert ran.report["summary"]["environments"]["created"] == 0
