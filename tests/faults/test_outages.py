"""An outage from every write on: `MAX_ATTEMPTS`, `Retry-After` and `DEADLINE` bind every method."""

from collections import Counter
from typing import Final

import pytest
from msgspec.structs import replace

from simulator.behaviour.profiles import OBSERVED
from simulator.faults import Fault, NoAnswer, server_error
from simulator.state.journal import RequestRecord
from tests.faults.scenario import Scenario
from tests.faults.scenarios import every_scenario
from tests.support.promises import Cases
from tests.support.sampling import sample
from tests.support.world import Ran, World, run_with

pytestmark = pytest.mark.promise("P6", "P27")

SAMPLE: Final = 2
"""One write in so many is tried for a commit."""
BUSY: Final = server_error(503)
ASKED: Final = 7.0
FOLLOWS: Final = {"branches-only-tightened"}
"""What an earlier failure leads to."""


def asking_to_wait(seconds: float) -> Fault:
    return replace(BUSY, headers=(*BUSY.headers, ("Retry-After", f"{seconds:.0f}")))


def is_write(request: RequestRecord) -> bool:
    return request.method != "GET"


def number_of_writes(scenario: Scenario) -> int:
    ran = run_with(scenario.world(OBSERVED), scenario.declared)
    assert ran.exit_code == 0
    writes = sum(map(is_write, ran.requests))
    assert writes, "nothing would be tested"
    return writes


def run_into(scenario: Scenario, fault: Fault, at: int, **variables: str) -> Ran:
    """Run while every write from number `at` on fails; reads work."""
    world = scenario.world(OBSERVED)

    def begin(_: object) -> None:
        if (
            sum(map(is_write, world.simulator.requests)) == at
            and not world.simulator.faults.scheduled
        ):
            fail_writes(world, fault)

    world.simulator.observers.append(begin)
    if at == 0:
        fail_writes(world, fault)
    return run_with(world, {**scenario.declared, **variables})


def fail_writes(world: World, fault: Fault) -> None:
    for method in ("P*", "DELETE"):
        world.simulator.faults.add(fault, method=method, times=10_000)


def failed_writes(ran: Ran, at: int) -> list[RequestRecord]:
    return list(filter(is_write, ran.requests))[at:]


@every_scenario
@pytest.mark.parametrize("max_attempts", [1, 3])
def test_no_write_is_sent_more_often_than_allowed(
    scenario: Scenario, max_attempts: int, cases: Cases
) -> None:
    for fault in (BUSY, NoAnswer()):
        for at in sample(range(number_of_writes(scenario)), SAMPLE):
            ran = run_into(scenario, fault, at, MAX_ATTEMPTS=str(max_attempts))
            sent = Counter((each.method, each.path, each.body) for each in failed_writes(ran, at))

            assert set(sent.values()) == {max_attempts}, (at, sent)
            assert ran.exit_code == 6
            assert set(ran.problems) - FOLLOWS == {"service-unavailable"}
            assert "Premium" not in ran.log
            assert "letters, digits" not in ran.log
            assert ran.report["requests"]["retries"] == sum(sent.values()) - len(sent)
            cases.add()


@every_scenario
def test_a_requested_pause_is_made_before_anything_else_is_sent(
    scenario: Scenario, cases: Cases
) -> None:
    for at in sample(range(number_of_writes(scenario)), SAMPLE):
        ran = run_into(scenario, asking_to_wait(ASKED), at, MAX_ATTEMPTS="2", DEADLINE="36000")
        first = ran.requests.index(failed_writes(ran, at)[0])

        for earlier, later in zip(ran.requests[first:], ran.requests[first + 1 :], strict=False):
            if earlier.status == 503:
                assert later.time - earlier.time >= ASKED
        cases.add()


@every_scenario
def test_a_requested_pause_beyond_the_deadline_ends_the_run(
    scenario: Scenario, cases: Cases
) -> None:
    for at in sample(range(number_of_writes(scenario)), SAMPLE):
        ran = run_into(scenario, asking_to_wait(120), at, DEADLINE="100")

        assert len(failed_writes(ran, at)) == 1
        assert ran.requests[-1].status == 503
        assert (ran.exit_code, set(ran.problems) - FOLLOWS) == (6, {"out-of-time"})
        cases.add()
