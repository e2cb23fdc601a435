"""A plan that would loosen too much of a workspace is refused without `FORCE`."""

import pytest

from simulator.faults import empty_page
from simulator.state.journal import EventKind
from simulator.state.world import Repository
from tests.support.world import World, run_pipe, run_with

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover

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


LIVE = {"REPO_SLUG": "", "REPOSITORIES": "svc-*", "ENVIRONMENT_NAME": "Live"}
AFTER_ENABLING = LIVE | {"ENABLE_PIPELINES": "true"}


def _without_pipelines(world: World, count: int = 6) -> list[Repository]:
    """Add repositories whose Pipelines is off, each with an environment that is restricted."""
    repositories = [world.simulator.add_repository("acme", f"svc-{n}") for n in range(count)]
    for each in repositories:
        each.pipelines_enabled = False
        each.add_environment("Live", "Staging", admin_only=True)
    return repositories


@pytest.mark.promise("P10", "P28")
@pytest.mark.parametrize("declared", [{"ADMIN_ONLY": "false"}, {"STATE": "absent"}])
def test_what_the_limit_refuses_is_refused_after_enabling_pipelines_too(
    declared: dict[str, str],
) -> None:
    world = World()
    repositories = _without_pipelines(world)
    wanted = AFTER_ENABLING | declared
    planned = run_with(world, wanted | {"MODE": "plan"})
    ran = run_with(world, wanted)
    assert (planned.exit_code, ran.exit_code) == (7, 7)
    assert ran.problems == planned.problems == ["fleet-limit"] * 6
    assert {path for _, path, _ in ran.writes} == {"pipelines_config"}
    assert all(each.environment("Live").admin_only for each in repositories)
    assert run_with(world, wanted | {"FORCE": "true"}).exit_code == 0
    assert not any(
        each.environments and each.environment("Live").admin_only for each in repositories
    )


@pytest.mark.promise("P28")
def test_what_the_limit_permits_is_done_after_enabling_pipelines() -> None:
    world = World()
    (only,) = _without_pipelines(world, 1)
    for number in range(1, 6):
        world.simulator.add_repository("acme", f"svc-{number}").add_environment("Live", "Staging")
    ran = run_with(world, AFTER_ENABLING | {"ADMIN_ONLY": "false"})
    assert (ran.exit_code, only.environment("Live").admin_only) == (0, False)


@pytest.mark.promise("P10", "P28")
def test_what_only_the_look_after_enabling_pipelines_shows_is_counted_by_a_rerun() -> None:
    """The environments that Bitbucket creates by itself are not declared."""
    world = World(enabling_creates_defaults=True)
    for number in range(6):
        world.simulator.add_repository("acme", f"svc-{number}").pipelines_enabled = None
    wanted = AFTER_ENABLING | {"ENVIRONMENT_TYPE": "Test", "PRUNE": "environments"}
    ran = run_with(world, wanted)
    assert ran.exit_code == 7
    assert set(ran.problems) == {"production-deletion", "not-counted"}
    assert ran.count(EventKind.ENVIRONMENT_DELETED) == 0
    again = run_with(world, wanted)
    assert (again.exit_code, again.writes) == (7, [])
    assert set(again.problems) == {"production-deletion", "fleet-limit"}


@pytest.mark.promise("P28")
@pytest.mark.parametrize("force", ["false", "true"])
def test_an_environment_that_one_list_omits_is_not_loosened_uncounted(force: str) -> None:
    world = World()
    repositories = [world.simulator.add_repository("acme", f"svc-{n}") for n in range(6)]
    wanted = LIVE | {"ENVIRONMENT_TYPE": "Staging", "ADMIN_ONLY": "false", "FORCE": force}
    for each in repositories:
        each.add_environment("Live", "Staging", admin_only=True)
        path = f"*/{each.slug}/environments*"
        world.simulator.faults.add(empty_page(), method="GET", path=path)
    ran = run_with(world, wanted)
    restricted = sum(each.environment("Live").admin_only for each in repositories)
    if force == "true":
        assert (ran.exit_code, restricted) == (0, 0)
    else:
        assert (ran.exit_code, restricted) == (7, 6)
        assert ran.problems == ["not-counted"] * 6
        again = run_with(world, wanted)
        assert (again.exit_code, again.writes) == (7, [])
        assert again.problems == ["fleet-limit"] * 6
