"""One fault, under every value of every switch: also where that makes the declaration impossible.

What can't succeed has to end as it does without a fault: with the same exit code, and with the same
state, in which nothing exists twice and nothing is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

import pytest

from simulator.behaviour.profiles import DOCUMENTED, OBSERVED
from simulator.behaviour.switches import SWITCHES, Switches, SwitchValue, with_values
from tests.faults.cases import Case, applies, end_without_faults, requests_of, run_case
from tests.faults.fault_kinds import REPRESENTATIVE
from tests.faults.scenario import Scenario
from tests.faults.scenarios import AWKWARD, SCENARIOS
from tests.support.promises import Cases
from tests.support.sampling import is_chosen

pytestmark = pytest.mark.promise("P1", "P3", "P5", "P7", "P8", "P9", "P11", "P13")

FAULTS: Final = 5
"""How many faults `make prove` tries for each value and scenario."""
SAMPLE, SAMPLE_OF_IMPOSSIBLE = 240, 40
"""One case in so many is tried for a commit."""

AT_THE_LIMIT: Final[Mapping[str, tuple[SwitchValue, ...]]] = {
    "environment_limit": (1,),
    "new_repository_404_seconds": (3.0,),
    "oauth_expires_in": (1,),
    "rate_limit": (15,),
}
"""Values that random switches never have, because they end most runs."""

IMPOSSIBLE: Final[Mapping[tuple[str, SwitchValue], frozenset[int]]] = {
    ("branch_endpoint", "401"): frozenset({5}),
    ("branch_endpoint", "404"): frozenset({5}),
    ("empty_value", "refused"): frozenset({5}),
    ("environment_keys", "minimal"): frozenset({5, 7}),
    ("environment_limit", 1): frozenset({5}),
    ("environment_names", "api"): frozenset({5}),
    ("environment_names", "web"): frozenset({5}),
    ("plan", "402"): frozenset({5}),
    ("plan", "403"): frozenset({5}),
    ("plan", "ignored"): frozenset({5}),
    ("slug_clash", "refused"): frozenset({5}),
}
"""Values with which some declarations can't succeed, and the exit codes of these."""

OTHER_STATE: Final = (
    ("environment_keys", "minimal"),
    ("enabling_creates_defaults", False),
)
"""With these success is another state: a restriction that Bitbucket doesn't show counts as none, so
there is nothing to lift; and there are no default environments."""


def values_of(name: str) -> tuple[SwitchValue, ...]:
    return tuple(dict.fromkeys((*SWITCHES[name].samples, *AT_THE_LIMIT.get(name, ()))))


@pytest.mark.parametrize("name", SWITCHES)
def test_one_fault_under_every_value_of_a_switch(name: str, cases: Cases) -> None:
    for value in values_of(name):
        switch = (name, value)
        sample = SAMPLE_OF_IMPOSSIBLE if switch in IMPOSSIBLE else SAMPLE
        scenarios = (*AWKWARD.get(name, ()), *SCENARIOS)
        for case in _drawn(with_values(OBSERVED, {name: value}), scenarios, sample):
            end = end_without_faults(case)
            if end.exit_code != 0:
                assert end.exit_code in IMPOSSIBLE.get(switch, ()), f"{switch}, {case}: {end}"
            elif switch not in OTHER_STATE:
                assert end.state == case.scenario.expected, f"{switch}, {case}: {end}"
            run_case(replace(case, end=end))
            cases.add()


def test_one_fault_where_bitbucket_is_as_described_and_no_more(cases: Cases) -> None:
    for case in _drawn(DOCUMENTED, SCENARIOS, SAMPLE_OF_IMPOSSIBLE):
        run_case(replace(case, end=end_without_faults(case)))
        cases.add()


def _drawn(profile: Switches, scenarios: Sequence[Scenario], sample: int) -> Iterator[Case]:
    """Draw some faults for each scenario, and of these the sample of a commit."""
    for scenario in scenarios:
        for number in range(FAULTS):
            seed = f"{profile} {scenario.name} {number}"
            if is_chosen(seed, sample):
                random = Random(seed)
                calm = Case(scenario=scenario, at={}, profile=profile)
                request = random.randrange(requests_of(calm))
                case = replace(calm, at={request: random.choice(REPRESENTATIVE)})
                if applies(case):
                    yield case
