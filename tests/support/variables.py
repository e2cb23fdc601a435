"""What scenarios about variables have in common: one environment named Live."""

import json
from collections.abc import Iterable
from typing import Any

from simulator.state.environment import Environment
from tests.support.world import World

KEY = "a key that is hard to guess"
LIVE = {"ENVIRONMENT_NAME": "Live"}


def live_world(**switches: Any) -> World:
    world = World(**switches)
    world.shop.add_environment("Live", "Production", admin_only=True)
    return world


def live_of(world: World) -> Environment:
    return world.shop.environment("Live")


def values_of(world: World) -> dict[str, tuple[str, bool]]:
    return {each.key: (each.value, each.secured) for each in live_of(world).variables.values()}


def declare_plain(**values: str) -> dict[str, str]:
    return LIVE | {"VARIABLES": json.dumps(entries(values.items()))}


def declare_secured(**values: str) -> dict[str, str]:
    return LIVE | {"SECURED_VARIABLES": json.dumps(values)}


def entries(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]
