"""A service that is down ends a run over many repositories early."""

import json

import pytest

from simulator.faults import Fault, NoAnswer, server_error
from tests.support.fleet import WANTED, filled
from tests.support.world import Ran, World, run_with

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover

SLUGS = [f"repo-{number:02}" for number in range(24)]


def run_into(fault: Fault, *, method: str, workers: str) -> Ran:
    world = filled(World(), SLUGS)
    for slug in SLUGS:
        world.simulator.repository(f"acme/{slug}").add_environment("Live", "Production")
    world.simulator.faults.add(fault, method=method, times=10_000)
    return run_with(world, WANTED | {"REPOSITORIES": json.dumps(SLUGS), "WORKERS": workers})


@pytest.mark.promise("P23", "P27")
@pytest.mark.parametrize("workers", ["1", "4"])
@pytest.mark.parametrize("fault", [server_error(503), NoAnswer()], ids=["503", "silence"])
@pytest.mark.parametrize(("method", "at_most"), [("*", 70), ("P*", 170)])
def test_a_service_that_is_down_ends_the_run_after_ten_failed_requests(
    fault: Fault, method: str, at_most: int, workers: str
) -> None:
    ran = run_into(fault, method=method, workers=workers)

    assert ran.exit_code == 6
    assert "service-failing" in ran.problems or "out-of-time" in ran.problems
    assert len(ran.requests) <= at_most
    assert ran.report["requests"]["total"] == len(ran.requests)
    assert "START_AT=acme/repo-00 " in ran.log
    assert len(ran.report["remaining"]) > 5
