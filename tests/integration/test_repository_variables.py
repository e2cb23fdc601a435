"""Variables of the repository itself are written like those of an environment."""

import json

import pytest

from simulator.behaviour.switches import SWITCHES
from simulator.faults import Answer
from tests.support.variables import KEY
from tests.support.world import World, run_with

WANTED = {
    "REPOSITORY_VARIABLES": json.dumps({"A": "1", "B": "2"}),
    "SECURED_REPOSITORY_VARIABLES": json.dumps({"S": "s3cret-s3cret"}),
    "FINGERPRINT_KEY": KEY,
}


@pytest.mark.promise("P1", "P16")
@pytest.mark.parametrize("secured_change", SWITCHES["secured_change"].choices)
def test_they_are_written_once_and_then_left_alone(secured_change: str) -> None:
    world = World(secured_change=secured_change)
    world.shop.set_variable("S", "was plain")
    assert run_with(world, WANTED | {"MODE": "check"}).exit_code == 4
    ran = run_with(world, WANTED)
    assert ran.exit_code == 0
    assert ran.report["summary"]["variables"]["created"] == 2
    assert world.shop.variables["S"].value == "s3cret-s3cret"
    again = run_with(world, WANTED)
    assert (again.exit_code, again.methods) == (0, ["GET", "GET"])


@pytest.mark.promise("P10")
def test_pruning_them_has_the_limit_of_an_environment() -> None:
    world = World()
    for number in range(5):
        world.shop.set_variable(f"V{number}", "1")
    wanted = {
        "REPOSITORY_VARIABLES": json.dumps({f"V{number}": "2" for number in range(3)}),
        "PRUNE": "repository-variables",
    }
    for mode in ("plan", "check", "apply"):
        refused = run_with(world, wanted | {"MODE": mode})
        assert (refused.exit_code, refused.writes) == (7, [])
        (repository,) = refused.report["repositories"]
        assert {each["outcome"] for each in repository["changes"]} == {"refused"}
    forced = run_with(world, wanted | {"FORCE": "true"})
    assert (forced.exit_code, len(world.shop.variables)) == (0, 3)


def test_what_bitbucket_refuses_is_in_the_result_and_environments_go_on() -> None:
    world = World()
    environment = {"ENVIRONMENT_NAME": "Live", "ENVIRONMENT_TYPE": "Test"}
    denied = Answer(status=403, body=b"{}")
    world.simulator.faults.add(denied, method="POST", path="*/pipelines_config/variables", times=9)
    ran = run_with(world, WANTED | environment)
    assert (ran.exit_code, world.shop.names()) == (3, ["Live"])
    unreadable = World()
    unreadable.simulator.faults.add(denied, method="GET", path="*/pipelines_config/variables")
    assert run_with(unreadable, WANTED).exit_code == 3


@pytest.mark.promise("P18")
def test_a_reviewed_run_refuses_what_appeared_when_pipelines_was_enabled() -> None:
    world = World()
    wanted = {"REPOSITORY_VARIABLES": "A=1", "ENABLE_PIPELINES": "true"}
    reviewed = run_with(world, wanted | {"MODE": "plan"}).report["plan_checksum"]

    def appear(_: object) -> None:
        if world.simulator.requests[-1].method == "PUT":
            world.simulator.observers.clear()
            world.shop.set_variable("A", "theirs")

    world.simulator.observers.append(appear)
    ran = run_with(world, wanted | {"PLAN_CHECKSUM": reviewed})
    assert (ran.exit_code, set(ran.problems)) == (7, {"not-reviewed"})
    assert world.shop.variables["A"].value == "theirs"


def test_a_secret_managed_elsewhere_must_exist() -> None:
    world = World()
    wanted = {"SECURED_REPOSITORY_VARIABLES": '[{"key": "A", "secured": true}]'}
    codes = [run_with(world, wanted | {"MODE": mode}).exit_code for mode in ("check", "apply")]
    assert codes == [4, 5]
    world.shop.set_variable("A", "theirs-theirs", secured=True)
    ran = run_with(world, wanted)
    assert (ran.exit_code, ran.writes) == (0, [])


def test_a_write_that_is_never_found_is_refused_like_any_other() -> None:
    world = World()
    missing = Answer(status=404, body=b"{}")
    world.simulator.faults.add(
        missing, method="POST", path="*/pipelines_config/variables", times=99
    )
    ran = run_with(world, {"REPOSITORY_VARIABLES": json.dumps({"A": "1"})})
    assert (ran.exit_code, set(ran.problems), world.shop.variables) == (3, {"not-found"}, {})
    assert "Bitbucket refused to write the variable A" in ran.log


@pytest.mark.promise("P16")
def test_their_fingerprints_hold_however_the_slug_is_spelled() -> None:
    world = World()
    run_with(world, WANTED)
    for slug in ("Shop", "ACME/SHOP"):
        again = run_with(world, WANTED | {"REPO_SLUG": slug, "BITBUCKET_WORKSPACE": "Acme"})
        assert (again.exit_code, again.writes) == (0, [])
