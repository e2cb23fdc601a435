"""Runs over several repositories: announced at once, and ended early, cleanly."""

import re

from tests.support.fleet import SLUGS, WANTED, done, filled
from tests.support.world import Ran, World, listed, run_pipe, run_with


def _assert_reported(ran: Ran, world: World) -> None:
    """P23: no repository is forgotten, whether it was handled or not."""
    assert ran.exit_code == 6
    handled = {each["slug"]: each for each in ran.report["repositories"]}
    created = [
        slug
        for slug, each in handled.items()
        if any(one["outcome"] == "applied" for one in each["environments"])
    ]
    assert created == done(world)
    assert len(handled) + len(ran.report["remaining"]) == len(SLUGS)


def test_a_run_without_the_time_for_the_next_repository_ends_before_it() -> None:
    world = filled(World())
    world.latency = 10.0
    ran = run_with(world, WANTED | {"DEADLINE": "95"})
    _assert_reported(ran, world)
    assert 0 < len(done(world)) < len(SLUGS)
    assert "not-enough-left" in ran.problems
    assert len(ran.requests) == len(SLUGS) + len(done(world))
    world.latency = 0.0
    again = run_with(world, WANTED)
    assert (again.exit_code, done(world)) == (0, SLUGS)
    assert run_with(world, WANTED).writes == []


def test_a_run_that_is_stopped_ends_between_requests() -> None:
    world = filled(World())
    world.after(len(SLUGS) + 2, lambda: world.stop.request("SIGTERM"))
    ran = run_with(world, WANTED)
    _assert_reported(ran, world)
    assert done(world) == SLUGS[:2]
    assert "SIGTERM" in ran.log


def test_a_start_that_is_not_selected_gets_a_warning() -> None:
    world = filled(World())
    ran = run_with(world, WANTED | {"START_AT": "acme/repo-4x", "MODE": "plan"})
    assert "WARNING: START_AT=acme/repo-4x is not among the selected repositories; " in ran.log
    known = run_with(world, WANTED | {"START_AT": "acme/repo-4", "MODE": "plan"})
    assert "is not among the selected" not in known.log


def position(log: str, pattern: str) -> int:
    found = re.search(pattern, log, re.MULTILINE)
    assert found is not None, log
    return found.start()


def test_all_repositories_are_announced_before_the_first_write() -> None:
    world = World()
    for slug in ("api", "web"):
        world.simulator.add_repository("acme", slug).add_environment("Test")
    names = listed("REPOSITORIES", "api", "shop", "web")
    ran = run_pipe(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", DEBUG="true", **names)
    first = position(ran.log, r"DEBUG: (POST|PUT|DELETE) ")
    for slug in ("api", "web"):
        announced = position(ran.log, rf"^~ acme/{slug} · Test will be updated:$")
        assert announced < first < position(ran.log, rf"^✔ acme/{slug} · Test: updated$")
