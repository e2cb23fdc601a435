"""The unmodified `atlassian-python-api` works against the simulator.

Runs when the package is there: `pip install --require-hashes -r requirements-clients.txt`.
"""

import pytest

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN, DEMO_API_TOKEN, DEMO_EMAIL

bitbucket = pytest.importorskip(
    "atlassian.bitbucket",
    reason="NOT RUN: install tests/simulator/clients/requirements-clients.txt to run this",
)

CREDENTIALS = (
    pytest.param({"username": DEMO_EMAIL, "password": DEMO_API_TOKEN}, id="api-token"),
    pytest.param({"token": DEMO_ACCESS_TOKEN}, id="access-token"),
)


@pytest.mark.parametrize("credentials", CREDENTIALS)
def test_environments_and_their_variables(credentials: dict[str, str]) -> None:
    simulator = Simulator()
    stored = simulator.add_repository(
        "acme", "shop", environments=[("Test", "Test", False), ("Live", "Production", True)]
    )
    with Server(simulator) as server:
        repository = bitbucket.Cloud(server.url, **credentials).repositories.get("acme", "shop")
        environments = repository.deployment_environments.each()
        assert [each.name for each in environments] == ["Test", "Live"]
        live = repository.deployment_environments.get(environments[1].uuid)
        assert live.restrictions["admin_only"] is True
        assert live.environment_type["name"] == "Production"

        variables = live.deployment_environment_variables
        for number in range(12):
            created = variables.create(f"KEY_{number}", "old", secured=False)
            assert (created.key, created.value) == (f"KEY_{number}", "old")
        listed = variables.each()  # the package walks the pages by number
        assert [each.key for each in listed] == [f"KEY_{number}" for number in range(12)]

        listed[0].update(value="new")
        assert stored.environment("Live").variables["KEY_0"].value == "new"
        listed[1].delete()
        assert "KEY_1" not in [each.key for each in variables.each()]
