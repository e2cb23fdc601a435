"""A plan that would loosen too much of a workspace is refused without `FORCE`."""

from __future__ import annotations

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
