"""Every fault at every request of every main scenario.

After each case the pipe runs once more, without faults: then the declared state is reached, nothing
exists twice, and one more run has nothing to do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest

from simulator.behaviour.profiles import OBSERVED, random_switches
from simulator.behaviour.switches import Switches
from tests.faults.cases import Case, applies, end_without_faults, requests_of, run_case
from tests.faults.fault_kinds import KINDS, REPRESENTATIVE
from tests.faults.scenario import Scenario
from tests.faults.scenarios import PROFILES, SCENARIOS, WRITTEN_TOGETHER, every_scenario
from tests.property.strategies import passable
from tests.support.promises import FULL, Cases
from tests.support.sampling import is_chosen, sample

pytestmark = pytest.mark.promise("P1", "P3", "P5", "P7", "P8", "P9", "P11", "P13", "P15")

LIKELY, UNLIKELY, FIRST, SECOND = 32, 200, 40, 80
"""One case in so many is tried for a commit; `make prove` tries all.

Of pairs, one first fault in so many, and with it one second fault in so many.
"""
RANDOM, RANDOM_ALL = 2, 200
"""Cases with random switches, for each scenario: for a commit, and for `make prove`."""


@every_scenario
@pytest.mark.parametrize("profile", PROFILES)
def test_one_fault_at_every_request(scenario: Scenario, profile: str, cases: Cases) -> None:
    """One fault, of every kind, at every request."""
    for attempts in (5, 1):
        one_in = LIKELY if (profile, attempts) == ("observed", 5) else UNLIKELY
        for case in sample(_singles(scenario, KINDS, attempts, PROFILES[profile]), one_in):
            run_case(case)
            cases.add()


@pytest.mark.promise("P1", "P3", "P5", "P7", "P8", "P9", "P11", "P13", "P15", "P21")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("attempts", [5, 1])
def test_one_fault_while_variables_are_written_together(
    profile: str, attempts: int, cases: Cases
) -> None:
    """One fault, of every kind, at every request, with several workers in one environment."""
    one_in = LIKELY if (profile, attempts) == ("observed", 5) else UNLIKELY
    for case in sample(_singles(WRITTEN_TOGETHER, KINDS, attempts, PROFILES[profile]), one_in):
        run_case(replace(case, workers=4))
        cases.add()


@every_scenario
def test_one_fault_under_random_switches(scenario: Scenario, cases: Cases) -> None:
    """One fault, at a random request, however Bitbucket behaves.

    Half of the switches let the declaration succeed; with the others it ends as without a fault.
    """
    for seed in range(RANDOM_ALL if FULL else RANDOM):
        random = Random(f"{scenario.name} {seed}")
        switches = random_switches(random)
        calm = Case(scenario=scenario, at={}, profile=passable(switches) if seed % 2 else switches)
        end = None if seed % 2 else end_without_faults(calm)
        number = random.randrange(requests_of(calm))
        case = replace(calm, at={number: random.choice(REPRESENTATIVE)}, end=end)
        if applies(case):
            run_case(case)
            cases.add()
    assert cases.count > 0


@pytest.mark.promise("P3", "P5", "P7", "P8", "P9", "P11", "P13")
@every_scenario
def test_two_faults_at_every_pair_of_requests(scenario: Scenario, cases: Cases) -> None:
    """Two faults, at every pair of requests."""
    for first in _singles(scenario, REPRESENTATIVE, 5, OBSERVED):
        if not is_chosen(f"pairs of {first}", FIRST):
            continue
        for number in range(max(first.at) + 1, requests_of(first)):
            for other in REPRESENTATIVE:
                pair = Case(scenario=scenario, at={**first.at, number: other})
                if is_chosen(pair, SECOND) and applies(pair):
                    run_case(pair)
                    cases.add()
    assert cases.count > 0 or not FULL  # the sample of a short scenario may be empty


@pytest.mark.promise("P3", "P13")
@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("prune variables", {4: "closed before the effect", 5: "passing 404"}),
        ("branches lifted", {2: "closed before the effect", 3: "passing 404"}),
        ("plain variables", {2: "closed after the effect", 3: "passing 404"}),
        ("plain to secured and back", {3: "passing 404", 5: "passing 404"}),
        (
            "plain to secured and back",
            {3: "closed before the effect", 4: "passing 404", 6: "passing 404"},
        ),
        (
            "admin-only off",
            {1: "closed after the effect", 2: "429, Retry-After past the deadline"},
        ),
    ],
)
def test_what_was_once_found(name: str, at: dict[int, str]) -> None:
    """Pairs of faults that led to a lie or to something left undone."""
    (scenario,) = (each for each in SCENARIOS if each.name == name)
    run_case(Case(scenario=scenario, at=at))


def _singles(
    scenario: Scenario, kinds: Iterable[str], attempts: int, profile: Switches
) -> Iterator[Case]:
    """Give each kind of fault at every request of a run where it can strike."""
    calm = Case(scenario=scenario, at={}, attempts=attempts, profile=profile)
    for kind in kinds:
        for number in range(requests_of(calm)):
            case = replace(calm, at={number: kind})
            if applies(case):
                yield case
