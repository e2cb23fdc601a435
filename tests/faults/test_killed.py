"""The process is killed after any request, then the pipe runs again."""

import signal

import pytest

from simulator.behaviour.profiles import OBSERVED
from tests.faults.cases import Case, attempt, finish_without_faults, requests_of
from tests.faults.observer import Observer
from tests.faults.process_kill import KilledError, MortalWorld, run_and_kill
from tests.faults.scenario import Scenario
from tests.faults.scenarios import PROFILES, SCENARIOS, every_scenario
from tests.support.promises import FULL, Cases
from tests.support.sampling import sample

pytestmark = pytest.mark.promise("P1", "P3", "P7", "P8")

SAMPLE = 4
"""One end in so many is tried for a commit."""
IN_CI = ("create, admin-only", "rename, admin-only on", "plain to secured and back")


@every_scenario
@pytest.mark.parametrize("profile", PROFILES)
def test_a_run_ends_after_any_answer_once_and_twice(
    scenario: Scenario, profile: str, cases: Cases
) -> None:
    """Nothing that the program could still do is done after any answer."""
    case = Case(scenario=scenario, at={}, profile=PROFILES[profile])
    for first in sample(range(1, requests_of(case) + 1), SAMPLE):
        _die(case, (first,))
        cases.add()
        for second in range(1, requests_of(case) + 1 if FULL else 1):
            _die(case, (first, second))
            cases.add()


def _die(case: Case, deaths: tuple[int, ...]) -> None:
    world = case.scenario.world(case.profile, MortalWorld)
    observer = Observer.on(case.scenario, world.simulator)
    for answers in deaths:
        world.answers_left = answers
        try:
            attempt(world, case)
        except KilledError:
            continue
    world.answers_left = None
    problems = [*finish_without_faults(world, case, observer), *observer.broken]
    assert not problems, f"{case}, killed after {deaths} answers: {problems}"


@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if FULL or each.name in IN_CI],
    ids=lambda each: each.name,
)
@pytest.mark.parametrize("after_effect", [False, True], ids=["answered", "unanswered"])
def test_the_real_process_is_killed_at_any_request(
    scenario: Scenario,
    after_effect: bool,
    cases: Cases,
) -> None:
    """SIGKILL when every request before it was answered, or when it took effect."""
    case = Case(scenario=scenario, at={})
    for number in sample(range(requests_of(case)), SAMPLE // 2):
        world = scenario.world(OBSERVED)
        observer = Observer.on(scenario, world.simulator)
        status = run_and_kill(world, scenario.declared, number, after_effect=after_effect)
        assert status == -signal.SIGKILL
        problems = [*finish_without_faults(world, case, observer), *observer.broken]
        assert not problems, f"{case}, killed at {number}: {problems}"
        cases.add()
