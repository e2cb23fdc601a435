"""A redirection is reported as an unexpected response and never followed."""

import json
from collections.abc import Iterator

import pytest

from simulator.faults import Answer
from simulator.server import Server
from simulator.simulator import Simulator
from tests.support.network import run_over_network

STATUSES = (301, 302, 303, 307, 308)


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another host that would serve every request, and records it."""
    stranger = Simulator()
    stranger.add_repository("acme", "shop")
    with Server(stranger) as server:
        yield server


def redirection(status: int, where: str) -> Answer:
    return Answer(status=status, headers=(("Location", where),))


@pytest.mark.parametrize("status", STATUSES)
def test_credentials_do_not_follow_a_redirection_of_a_read(
    bitbucket: Simulator, elsewhere: Server, status: int
) -> None:
    bitbucket.faults.add(redirection(status, f"{elsewhere.url}/2.0/repositories/acme/shop"))
    with Server(bitbucket) as server:
        ran = run_over_network(BITBUCKET_API_URL=server.url)

    assert ran.exit_code == 5
    assert f"HTTP {status}" in ran.log
    assert elsewhere.simulator.requests == []
    assert len(bitbucket.requests) == 1


@pytest.mark.parametrize("status", STATUSES)
def test_neither_credentials_nor_secrets_follow_a_redirection_of_a_write(
    bitbucket: Simulator, elsewhere: Server, status: int
) -> None:
    # The lists of environments and of variables come first, then the secret.
    bitbucket.faults.add(redirection(status, f"{elsewhere.url}/"), skip=2)
    with Server(bitbucket) as server:
        ran = run_over_network(
            BITBUCKET_API_URL=server.url, SECURED_VARIABLES="PASSWORD=canary-of-the-user"
        )

    assert ran.exit_code == 5
    assert [each.method for each in bitbucket.requests][:3] == ["GET", "GET", "POST"]
    assert elsewhere.simulator.requests == []
    assert "canary" not in ran.log


@pytest.mark.parametrize("status", STATUSES)
def test_the_secret_of_a_consumer_does_not_follow_a_redirection(
    bitbucket: Simulator, elsewhere: Server, status: int
) -> None:
    bitbucket.faults.add(redirection(status, f"{elsewhere.url}/site/oauth2/access_token"))
    with Server(bitbucket) as server:
        ran = run_over_network(
            BITBUCKET_ACCESS_TOKEN="",
            BITBUCKET_OAUTH_CLIENT_ID="demo-consumer",
            BITBUCKET_OAUTH_CLIENT_SECRET="canary-of-the-consumer",
            BITBUCKET_API_URL=server.url,
            BITBUCKET_OAUTH_URL=f"{server.url}/site/oauth2/access_token",
        )

    assert ran.exit_code == 5
    assert elsewhere.simulator.requests == []
    assert len(bitbucket.requests) == 1
    assert "canary" not in ran.log


def test_the_next_page_is_not_requested_from_another_host(
    bitbucket: Simulator, elsewhere: Server
) -> None:
    first = {"values": [], "next": f"{elsewhere.url}/2.0/repositories/acme/shop/environments"}
    bitbucket.faults.add(Answer(status=200, body=json.dumps(first).encode()))
    with Server(bitbucket) as server:
        ran = run_over_network(BITBUCKET_API_URL=server.url)

    assert ran.exit_code == 0
    assert elsewhere.simulator.requests == []
    assert len(bitbucket.requests) >= 2
