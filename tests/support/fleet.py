"""What scenarios about several repositories have in common: one environment in each of six."""

import json
from collections.abc import Sequence
from typing import TypeVar

from tests.support.world import World

W = TypeVar("W", bound=World)

SLUGS = [f"repo-{number}" for number in range(6)]
WANTED = {
    "ENVIRONMENT_NAME": "Live",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
    "REPOSITORIES": json.dumps(SLUGS),
    "WORKERS": "1",
}


def done(world: World) -> list[str]:
    """Return the repositories that have an environment."""
    return [slug for slug in SLUGS if world.simulator.repository(f"acme/{slug}").environments]


def filled(world: W, slugs: Sequence[str] = SLUGS) -> W:
    """Add empty repositories to a world, and return it."""
    for slug in slugs:
        world.simulator.add_repository("acme", slug)
    return world
