"""A plan that would loosen too much of a workspace is refused without `FORCE`."""

import pytest

from tests.support.world import World, run_pipe

LOOSEN = {"REPOSITORIES": "svc-*", "ENVIRONMENT_NAME": "*", "ADMIN_ONLY": "false", "REPO_SLUG": ""}


@pytest.mark.parametrize(
    ("force", "exit_code", "refused"), [("false", 7, True), ("true", 0, False)]
)
def test_loosening_everything_at_once(force: str, exit_code: int, *, refused: bool) -> None:
    world = World()
    repositories = [world.simulator.add_repository("acme", f"svc-{number}") for number in range(6)]
    for each in repositories:
        each.add_environment("Live", "Production", admin_only=True)
    ran = run_pipe(world, **LOOSEN, FORCE=force)
    assert ran.exit_code == exit_code, ran.log
    assert {each.environment("Live").admin_only for each in repositories} == {refused}
    assert bool(ran.writes) != refused


@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
def test_a_refused_plan_is_shown_change_by_change(mode: str) -> None:
    world = World()
    for number in range(6):
        repository = world.simulator.add_repository("acme", f"svc-{number}")
        repository.add_environment("Live", "Production", admin_only=True)
    ran = run_pipe(world, **LOOSEN, MODE=mode)
    assert (ran.exit_code, ran.writes) == (7, [])
    assert ran.log.count("~ admin_only  true → false   (refused)") == 6
    assert [one["environments"][0]["changes"] for one in ran.report["repositories"]] == [
        [{"field": "admin_only", "before": True, "after": False, "outcome": "refused"}]
    ] * 6


@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
def test_a_refused_deletion_names_the_variables_that_would_be_lost(mode: str) -> None:
    world = World()
    world.shop.add_environment("Live", "Production").set_variable("API_URL", "https://x.example")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", STATE="absent", MODE=mode)
    assert (ran.exit_code, ran.writes) == (7, [])
    assert "- variables.API_URL  https://x.example   (refused)" in ran.log
