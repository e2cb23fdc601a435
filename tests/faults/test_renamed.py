"""Somebody renames the repository after any request; the pipe runs again with what it advised."""

from dataclasses import replace

import pytest

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import SWITCHES, with_values
from simulator.simulator import Simulator
from simulator.state.world import Repository
from tests.faults.cases import Case, attempt, finish_without_faults, requests_of
from tests.faults.observer import Observer
from tests.faults.report_checks import false_statements
from tests.faults.scenario import Scenario
from tests.faults.scenarios import every_scenario
from tests.support.promises import Cases
from tests.support.sampling import is_chosen
from tests.support.world import World

pytestmark = pytest.mark.promise("P1", "P3", "P7", "P8", "P13", "P15")

SAMPLE = 8
"""One request in so many is tried for a commit."""


class RenamedWorld(World):
    """A world in which the repository is renamed after so many requests."""

    slug = "shop"

    @property
    def shop(self) -> Repository:
        return self.simulator.repository(f"acme/{self.slug}")

    def rename_after(self, requests: int) -> None:
        def look(simulator: Simulator) -> None:
            if len(simulator.requests) == requests and self.slug == "shop":
                self.slug = "store"
                simulator.world.rename_repository("acme/shop", "store")

        self.simulator.observers.append(look)
        look(self.simulator)


@every_scenario
@pytest.mark.parametrize("status", SWITCHES["renamed_repository"].choices)
def test_the_repository_is_renamed_after_any_request(
    scenario: Scenario, status: str, cases: Cases
) -> None:
    profile = with_values(OBSERVED, {"renamed_repository": status})
    case = Case(scenario=scenario, at={}, profile=profile)
    moved = replace(scenario, declared={**scenario.declared, "REPO_SLUG": "store"})
    for number in range(requests_of(case)):
        if number > 0 and not is_chosen(f"{case} {status} {number}", SAMPLE):
            continue
        world = scenario.world(profile, RenamedWorld)
        observer = Observer.on(scenario, world.simulator)
        world.rename_after(number)
        ran = attempt(world, case)
        problems = list(false_statements(ran))
        if status == "404":
            assert ran.exit_code in (3, 5), ran.log
        else:
            assert (ran.exit_code, "repository-renamed" in ran.problems) == (5, True), ran.log
        if number == 0:
            words = "a renamed repository has a new slug"
            said = words if status == "404" else "Write WORKSPACE: acme and REPO_SLUG: store"
            assert said in ran.words
            assert ran.events == []
        problems += finish_without_faults(world, replace(case, scenario=moved), observer)
        assert not problems + observer.broken, f"{case}, {status} after {number}: {problems}"
        cases.add()
