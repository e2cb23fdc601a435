"""Every call against the simulated Bitbucket, under its profiles and with each credential."""

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from pipe.bitbucket.auth import AccessToken, ApiToken, Credentials, OAuthConsumer
from pipe.bitbucket.requests import Done, Rejected
from pipe.models.declaration import EnvironmentType, PlainVariable, Repository, SecuredVariable
from pipe.models.existing import (
    ExistingBranchRestriction,
    ExistingEnvironment,
    ExistingVariable,
    VariableOwner,
)
from simulator.behaviour.profiles import DOCUMENTED, OBSERVED, PROFILES
from simulator.behaviour.switches import Switches
from simulator.faults import (
    DropConnection,
    Fault,
    HalfBody,
    NoAnswer,
    RateLimited,
    SlowBody,
    garbage,
)
from simulator.simulator import Simulator
from simulator.state import credentials as demo
from simulator.transport import InProcessTransport
from tests.support.clock import FakeClock
from tests.unit.bitbucket.doubles import SHOP, Line, connect_through

CREDENTIALS: dict[str, Credentials] = {
    "api token": ApiToken(email=demo.DEMO_EMAIL, token=SecretStr(demo.DEMO_API_TOKEN)),
    "access token": AccessToken(token=SecretStr(demo.DEMO_ACCESS_TOKEN)),
    "oauth": OAuthConsumer(
        client_id=demo.DEMO_CLIENT_ID,
        client_secret=SecretStr(demo.DEMO_CLIENT_SECRET),
        token_url="https://api.bitbucket.example/site/oauth2/access_token",
    ),
}


def simulated(
    switches: Switches = OBSERVED, credentials: Credentials = CREDENTIALS["api token"]
) -> tuple[Simulator, Line]:
    clock = FakeClock()
    simulator = Simulator(switches, clock=lambda: clock.seconds)
    simulator.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    carrier = InProcessTransport(simulator, on_latency=clock.advance)
    return simulator, connect_through(carrier, clock=clock, credentials=credentials)


@pytest.mark.parametrize("who", CREDENTIALS)
def test_all_calls_work(who: str) -> None:
    simulator, line = simulated(credentials=CREDENTIALS[who])
    bitbucket = line.bitbucket

    created = bitbucket.create_environment(SHOP, "Live", EnvironmentType.PRODUCTION, True)  # noqa: FBT003 - the field's value
    assert isinstance(created, ExistingEnvironment)
    assert (created.type, created.admin_only) == (EnvironmentType.PRODUCTION, True)
    uuid = created.uuid
    assert bitbucket.environment(SHOP, uuid) == created
    assert bitbucket.change_environment(SHOP, uuid, name="Live 2", admin_only=False) == Done()

    plain = bitbucket.create_variable(VariableOwner(SHOP, uuid), PlainVariable("A", "x"))
    secured = bitbucket.create_variable(
        VariableOwner(SHOP, uuid), SecuredVariable("B", SecretStr("y"))
    )
    assert isinstance(plain, ExistingVariable)
    assert isinstance(secured, ExistingVariable)
    assert bitbucket.update_variable(
        VariableOwner(SHOP, uuid), plain.uuid, PlainVariable("A", "z")
    ) == replace(plain, value="z")
    assert bitbucket.variables(VariableOwner(SHOP, uuid)) == (replace(plain, value="z"), secured)
    assert bitbucket.delete_variable(VariableOwner(SHOP, uuid), plain.uuid) == Done()

    branch = bitbucket.add_branch_restriction(SHOP, uuid, "release/*")
    assert isinstance(branch, ExistingBranchRestriction)
    before = len(simulator.requests)
    assert bitbucket.branch_restrictions(SHOP, uuid) == (branch,)
    assert len(simulator.requests) == before + 1
    assert bitbucket.remove_branch_restriction(SHOP, uuid, branch.uuid) == Done()

    assert bitbucket.enable_pipelines(SHOP) == Done()
    assert bitbucket.pipelines_enabled(SHOP) is True
    assert bitbucket.repositories("acme", "PROJ") == ("shop",)
    listed = bitbucket.environments(SHOP)
    assert isinstance(listed, tuple)
    assert "Live 2" in {each.name for each in listed}
    assert bitbucket.delete_environment(SHOP, uuid) == Done()


@pytest.mark.parametrize("profile", PROFILES)
def test_environments_are_read_under_every_profile(profile: str) -> None:
    _, line = simulated(PROFILES[profile])

    listed = line.bitbucket.environments(SHOP)

    assert isinstance(listed, tuple)
    assert [each.name for each in listed] == ["Test"]


def test_what_the_description_says_is_enough() -> None:
    _, line = simulated(DOCUMENTED)

    created = line.bitbucket.create_environment(SHOP, "Live", EnvironmentType.STAGING, None)

    assert isinstance(created, ExistingEnvironment)
    assert (created.name, created.type, created.admin_only) == ("Live", None, None)


def test_what_does_not_exist_is_rejected() -> None:
    _, line = simulated()

    answer = line.bitbucket.environments(Repository("acme", "nope"))

    assert isinstance(answer, Rejected)
    assert answer.status == 404
    assert "acme/nope" in answer.message


def test_a_wrong_token_is_rejected() -> None:
    _, line = simulated(credentials=AccessToken(token=SecretStr("wrong")))

    answer = line.bitbucket.environments(SHOP)

    assert isinstance(answer, Rejected)
    assert answer.status == 401


def test_a_change_that_is_not_supported_has_a_key() -> None:
    simulator, line = simulated(replace(OBSERVED, combined_change="refused"))
    uuid = simulator.repository("acme/shop").environment("Test").uuid

    answer = line.bitbucket.change_environment(SHOP, uuid, name="T", admin_only=True)

    assert isinstance(answer, Rejected)
    assert answer.status == 400
    assert answer.key == "deploy-service.environment.change-not-supported"


def test_an_oauth_token_is_renewed_during_a_long_run() -> None:
    simulator, line = simulated(
        replace(OBSERVED, oauth_expires_in=100), credentials=CREDENTIALS["oauth"]
    )

    for _ in range(5):
        assert isinstance(line.bitbucket.environments(SHOP), tuple)
        line.clock.advance(95)

    grants = [each for each in simulator.requests if each.path.startswith("/site/")]
    assert len(grants) == 5
    assert line.transport.counts.total == 5


def test_a_token_that_the_service_thinks_expired_is_renewed() -> None:
    """The clocks differ: the service lets the token expire before we believe it."""
    simulator, line = simulated(
        replace(OBSERVED, oauth_expires_in=100), credentials=CREDENTIALS["oauth"]
    )
    line.bitbucket.environments(SHOP)
    simulator.clock = lambda: line.clock.seconds + 1000

    assert isinstance(line.bitbucket.environments(SHOP), tuple)
    assert line.transport.counts.retries == 1


@pytest.mark.parametrize(
    "fault",
    [
        DropConnection(),
        DropConnection(reset=True),
        NoAnswer(),
        HalfBody(),
        garbage(),
        SlowBody(25.0),
        RateLimited(wait=7, retry_after="seconds"),
        RateLimited(wait=7, retry_after="date"),
        RateLimited(wait=7, reset=True),
    ],
    ids=repr,
)
def test_trouble_that_passes_is_waited_out(fault: Fault) -> None:
    simulator, line = simulated()
    simulator.faults.add(fault)

    assert isinstance(line.bitbucket.environments(SHOP), tuple)
    assert line.transport.counts.retries == 1
    if isinstance(fault, RateLimited):
        assert len(line.clock.slept) == 1
