"""A simulator and a client of it, without sockets and without waiting."""

from urllib.parse import quote

import httpx

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches, SwitchValue, with_values
from simulator.http import Json
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from simulator.state.environment import Environment
from simulator.state.world import Repository
from simulator.transport import InProcessTransport
from tests.support.clock import FakeClock

BEARER = {"Authorization": f"Bearer {DEMO_ACCESS_TOKEN}"}


class Bench:
    """The repository `acme/shop` with the named environments, all of type Test."""

    def __init__(self, *names: str, profile: Switches = OBSERVED, **switches: SwitchValue) -> None:
        self.clock = FakeClock()
        self.sim = Simulator(with_values(profile, switches), clock=self.clock.time)
        self.repo: Repository = self.sim.add_repository(
            "acme", "shop", environments=[(name, "Test", False) for name in names]
        )
        transport = InProcessTransport(self.sim, on_latency=self.clock.sleep)
        self.client = httpx.Client(
            transport=transport, base_url="https://api.bitbucket.org/2.0", headers=BEARER
        )
        self.environments = "/repositories/acme/shop/environments"

    def env(self, name: str = "Test") -> Environment:
        return self.repo.environment(name)

    def at(self, name: str = "Test") -> str:
        return f"{self.environments}/{quote(self.env(name).uuid)}"

    def variables(self, name: str = "Test") -> str:
        uuid = quote(self.env(name).uuid)
        return f"/repositories/acme/shop/deployments_config/environments/{uuid}/variables"

    def branches(self, name: str = "Test") -> str:
        at = self.at(name)
        return f"https://api.bitbucket.org/internal{at}/branch-restrictions/"

    def create(self, name: str, type_: str = "Test", **more: Json) -> httpx.Response:
        body = {"name": name, "environment_type": {"name": type_}, **more}
        return self.client.post(self.environments, json=body)

    def change(self, target: str = "Test", /, **change: Json) -> httpx.Response:
        return self.client.post(f"{self.at(target)}/changes", json={"change": change})

    def set(self, key: str, value: str = "v", *, secured: bool = False) -> httpx.Response:
        body = {"key": key, "value": value, "secured": secured}
        return self.client.post(self.variables(), json=body)

    def listed(self) -> list[str]:
        return [each["name"] for each in self.client.get(self.environments).json()["values"]]

    def keys(self) -> list[str]:
        return [each["key"] for each in self.client.get(self.variables()).json()["values"]]
