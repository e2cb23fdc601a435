"""Runs over several repositories that end early, cleanly."""

from tests.support.fleet import SLUGS, WANTED, done, filled
from tests.support.world import Ran, World, run_with


def _assert_reported(ran: Ran, world: World) -> None:
    """P23: no repository is forgotten, whether it was handled or not."""
    assert ran.exit_code == 6
    handled = {each["slug"]: each for each in ran.report["repositories"]}
    created = [
        slug for slug, each in handled.items()
        if any(one["outcome"] == "applied" for one in each["environments"])
    ]  # fmt: skip
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


def test_parallel_steps_take_their_share() -> None:
    world = filled(World())
    for step in range(4):
        share = {"BITBUCKET_PARALLEL_STEP": str(step), "BITBUCKET_PARALLEL_STEP_COUNT": "4"}
        ran = run_with(world, WANTED | share)
        assert ran.exit_code == 0
    assert done(world) == SLUGS
    assert len([each for each in world.simulator.requests if each.method == "POST"]) == len(SLUGS)


def test_a_start_that_is_not_selected_gets_a_warning() -> None:
    world = filled(World())
    ran = run_with(world, WANTED | {"START_AT": "acme/repo-4x", "MODE": "plan"})
    assert "WARNING: START_AT=acme/repo-4x is not among the selected repositories; " in ran.log
    known = run_with(world, WANTED | {"START_AT": "acme/repo-4", "MODE": "plan"})
    assert "is not among the selected" not in known.log
