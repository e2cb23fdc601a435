"""With PLAN_CHECKSUM, what is decided anew in the middle of a run is not done unreviewed."""

import pytest

from tests.support.world import World, run_pipe

pytestmark = pytest.mark.promise("P18")

DECLARED = {
    "ENVIRONMENT_NAME": "Production",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
}


def _reviewed(world: World, **variables: str) -> str:
    checksum = run_pipe(world, MODE="plan", **DECLARED, **variables).report["plan_checksum"]
    assert isinstance(checksum, str)
    return checksum


def test_p18_environments_that_come_with_pipelines_were_not_reviewed() -> None:
    world = World(enabling_creates_defaults=True)
    checksum = _reviewed(world, ENABLE_PIPELINES="true")

    ran = run_pipe(world, PLAN_CHECKSUM=checksum, ENABLE_PIPELINES="true", **DECLARED)

    assert ran.exit_code == 7
    assert ran.problems == ["not-reviewed"]
    assert [path for _, path, _ in ran.writes] == ["pipelines_config"]
    assert not world.shop.environment("Production").admin_only


def test_p18_what_was_reviewed_is_done_after_enabling_pipelines() -> None:
    world = World(enabling_creates_defaults=False)
    checksum = _reviewed(world, ENABLE_PIPELINES="true")

    ran = run_pipe(world, PLAN_CHECKSUM=checksum, ENABLE_PIPELINES="true", **DECLARED)

    assert ran.exit_code == 0
    assert world.shop.environment("Production").admin_only


def test_p18_an_environment_that_somebody_else_creates_meanwhile_was_not_reviewed() -> None:
    world = World()
    checksum = _reviewed(world)
    world.after(1, lambda: world.shop.add_environment("Production", "Production"))
    ran = run_pipe(world, PLAN_CHECKSUM=checksum, **DECLARED)

    assert ran.exit_code == 7
    assert ran.problems == ["not-reviewed"]
    assert not world.shop.environment("Production").admin_only
