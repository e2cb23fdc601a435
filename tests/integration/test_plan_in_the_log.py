"""The log shows what will change before anything is written, for one repository and for many."""

import re

import pytest

from tests.support.world import World, listed, run_pipe, run_with

WRITE = re.compile(r"DEBUG: (POST|PUT|DELETE) ")


def position(log: str, pattern: str) -> int:
    found = re.search(pattern, log, re.MULTILINE)
    assert found is not None, log
    return found.start()


def test_the_plan_is_logged_before_the_first_write() -> None:
    world = World()
    world.shop.add_environment("Old")
    wanted = {"ENVIRONMENT_NAME": "Test", "ENVIRONMENT_TYPE": "Test"}
    ran = run_with(world, {**wanted, "DEBUG": "true", **listed("VARIABLES", "A=1", "B=2")})
    assert ran.exit_code == 0
    block = position(ran.log, r"^\+ Test will be created:$")
    plan = position(ran.log, r"^Plan: 1 to create, 0 to change, 0 to delete, 0 unchanged$")
    first = position(ran.log, WRITE.pattern)
    assert block < plan < first < position(ran.log, r"^✔ Test: created$")


def test_all_repositories_are_announced_before_the_first_write() -> None:
    world = World()
    for slug in ("api", "web"):
        world.simulator.add_repository("acme", slug).add_environment("Test")
    names = listed("REPOSITORIES", "api", "shop", "web")
    ran = run_pipe(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", DEBUG="true", **names)
    first = position(ran.log, WRITE.pattern)
    for slug in ("api", "web"):
        announced = position(ran.log, rf"^~ acme/{slug} · Test will be updated:$")
        assert announced < first < position(ran.log, rf"^✔ acme/{slug} · Test: updated$")


@pytest.mark.parametrize("mode", ["plan", "check"])
def test_nothing_is_announced_that_does_not_follow(mode: str) -> None:
    world = World()
    world.shop.add_environment("Test")
    ran = run_pipe(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", MODE=mode)
    assert " will be " not in ran.log
    refused = run_pipe(
        world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", PLAN_CHECKSUM="sha256:" + "0" * 64
    )
    assert refused.exit_code == 7
    assert " will be " not in refused.log


def test_an_empty_plan_has_no_checksum_to_copy() -> None:
    world = World()
    world.shop.add_environment("Test", admin_only=True)
    empty = run_pipe(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", MODE="plan")
    assert "checksum" not in empty.log
    assert empty.report["plan"] == {
        "create": 0,
        "update": 0,
        "delete": 0,
        "unchanged": 1,
        "refuse": 0,
    }
    other = run_pipe(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="false", MODE="plan")
    assert f"Plan checksum: {other.report['plan_checksum']}" in other.log


def test_what_is_impossible_is_failed_and_what_is_refused_ends_with_seven() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    impossible = run_pipe(world, ENVIRONMENT_NAME="Missing")
    assert impossible.exit_code == 5
    assert "refused" not in impossible.log
    (repository,) = impossible.report["repositories"]
    assert repository["environments"][0]["outcome"] == "failed"
    assert impossible.report["summary"]["environments"]["refused"] == 0
    refused = run_pipe(world, ENVIRONMENT_NAME="Live", STATE="absent")
    assert refused.exit_code == 7
    assert refused.report["plan"]["refuse"] == 1
    assert "✖ Live: refused" in refused.log
