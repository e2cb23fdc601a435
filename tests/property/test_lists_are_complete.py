"""Lists are complete under every kind of broken page, and cost no needless request."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import SecretStr

from pipe.bitbucket.auth import ApiToken
from pipe.models.existing import VariableOwner
from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import SWITCHES, Switches
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from simulator.transport import InProcessTransport
from tests.unit.bitbucket.doubles import SHOP, Line, connect_through

pytestmark = pytest.mark.promise("P4", "P14")

COUNTS: Final = st.sampled_from([0, 1, 10, 11, 99, 100, 101, 250])
FEW: Final = st.integers(0, 11)
PAGES: Final = st.builds(
    replace,
    st.just(OBSERVED),
    rate_limit=st.just(0),
    next_links=st.sampled_from(SWITCHES["next_links"].choices),
    page_has_size=st.booleans(),
    page_has_pagelen=st.booleans(),
    page_has_number=st.booleans(),
    list_order=st.sampled_from(SWITCHES["list_order"].choices),
)
LONG: Final = st.builds(replace, PAGES, max_page_size=st.sampled_from([10, 50, 100]))
SHORT: Final = st.builds(replace, PAGES, max_page_size=st.sampled_from([1, 2, 3]))


def line_to(simulator: Simulator) -> Line:
    return connect_through(
        InProcessTransport(simulator),
        credentials=ApiToken(email=DEMO_EMAIL, token=SecretStr(DEMO_API_TOKEN)),
    )


@given(count_and_switches=st.tuples(COUNTS, LONG) | st.tuples(FEW, SHORT))
def test_every_environment_is_listed(count_and_switches: tuple[int, Switches]) -> None:
    count, switches = count_and_switches
    names = [f"env-{number}" for number in range(count)]
    simulator = Simulator(switches)
    simulator.add_repository("acme", "shop", environments=[(name, "Test", False) for name in names])

    listed = line_to(simulator).bitbucket.environments(SHOP)

    assert isinstance(listed, tuple)
    assert sorted(each.name for each in listed) == sorted(names)
    fits = count <= switches.max_page_size
    stated = switches.page_has_size or (
        switches.page_has_pagelen and count < switches.max_page_size
    )
    contradicted = switches.next_links == "past-the-end"
    if fits and stated and not contradicted:
        assert len(simulator.requests) == 1


@given(count_and_switches=st.tuples(COUNTS, LONG) | st.tuples(FEW, SHORT))
def test_every_variable_is_listed(count_and_switches: tuple[int, Switches]) -> None:
    count, switches = count_and_switches
    simulator = Simulator(switches)
    shop = simulator.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    environment = shop.environment("Test")
    for number in range(count):
        environment.set_variable(f"KEY_{number}", str(number), secured=number % 2 == 0)

    listed = line_to(simulator).bitbucket.variables(VariableOwner(SHOP, environment.uuid))

    assert isinstance(listed, tuple)
    assert {each.key: each.value for each in listed} == {
        f"KEY_{number}": None if number % 2 == 0 else str(number) for number in range(count)
    }
    assert len(listed) == count


@given(count=COUNTS, switches=LONG)
def test_every_repository_is_listed(count: int, switches: Switches) -> None:
    simulator = Simulator(switches)
    for number in range(count):
        simulator.add_repository("acme", f"svc-{number}", project="PLAT" if number % 3 else "OPS")
    simulator.add_workspace("acme")

    bitbucket = line_to(simulator).bitbucket

    everything = {f"svc-{number}" for number in range(count)}
    assert set(_slugs(bitbucket.repositories("acme", None))) == everything
    assert set(_slugs(bitbucket.repositories("acme", "OPS"))) == {
        f"svc-{number}" for number in range(0, count, 3)
    }


def _slugs(listed: object) -> tuple[str, ...]:
    assert isinstance(listed, tuple)
    return listed
