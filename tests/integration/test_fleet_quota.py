"""Many repositories under a rolling limit of requests an hour, on a clock of our own."""

import re
from dataclasses import dataclass, field
from typing import Final

import pytest

from simulator.behaviour.switches import SwitchValue
from tests.support.promises import FULL
from tests.support.world import Ran, World, run_pipe

# Thousands of requests, through code that other tests reach: coverage would triple the time.
pytestmark = pytest.mark.no_cover

LIMIT: Final = 1000 if FULL else 600
"""Requests an hour: Bitbucket's, or more than the 500 after which a refusal shows the limit."""

REPOSITORIES: Final = 700 if FULL else 210
EACH: Final = 3
"""The list, the change, and the look whether it shows."""

IN_VAIN: Final = 125
"""Half a batch."""
HOUR: Final = 3600
WEEK: Final = "604800"
ENFORCE: Final = {
    "REPO_SLUG": "",
    "REPOSITORIES": "svc-*",
    "ENVIRONMENT_NAME": "*",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
}
WORKERS: Final = pytest.mark.parametrize("workers", [1, 8] if FULL else [8])


@dataclass(slots=True)
class Fleet:
    """Repositories whose Production environment is open until a run restricts it."""

    world: World
    runs: list[Ran] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(
            self.world.simulator.repository(f"acme/svc-{number:03}").environment("Live").admin_only
            for number in range(REPOSITORIES)
        )

    @property
    def turned_down(self) -> int:
        """How many requests were wasted."""
        return sum(each.status == 429 for ran in self.runs for each in ran.requests)

    @property
    def sent(self) -> int:
        return sum(len(ran.requests) for ran in self.runs)

    def run(self, **variables: str) -> Ran:
        self.runs.append(run_pipe(self.world, **ENFORCE | variables))
        return self.runs[-1]


def fleet(**switches: SwitchValue) -> Fleet:
    world = World()
    world.set_switches(rate_limit=LIMIT, **switches)
    world.latency = 0.05
    for number in range(REPOSITORIES):
        repository = world.simulator.add_repository("acme", f"svc-{number:03}")
        repository.add_environment("Live", "Production")
        repository.add_environment("Test", "Test")
    return Fleet(world)


LISTED: Final = -(-(REPOSITORIES + 1) // 100)
"""Requests that list the repositories of the workspace, `shop` among them."""

FEWEST_RUNS: Final = -(-REPOSITORIES * EACH // LIMIT)
"""In how many hours it can be done."""


@pytest.mark.parametrize(
    ("headers", "retry_after", "workers"),
    [
        (True, "absent", 1),
        (True, "absent", 8),
        (False, "absent", 8),
        (False, "seconds", 1),
        (False, "date", 8),
    ],
)
def test_a_run_that_has_the_time_waits_and_finishes(
    *, workers: int, headers: bool, retry_after: str
) -> None:
    all_of_it = fleet(rate_limit_headers=headers, rate_limit_retry_after=retry_after)
    began = all_of_it.world.clock.seconds
    ran = all_of_it.run(DEADLINE=WEEK, WORKERS=str(workers))

    assert ran.exit_code == 0, ran.log
    assert all_of_it.done == REPOSITORIES
    assert all_of_it.world.clock.seconds - began >= HOUR
    # On this clock the waits of all workers add up: a worker may come back too early, and an answer
    # an hour late, so that it is sought again. One worker alone shows what is really sent.
    others = workers - 1
    # A run that knows the limit never exceeds it; another does once, with what is in flight.
    assert all_of_it.turned_down <= (0 if headers else workers) + others
    again = all_of_it.sent - all_of_it.turned_down - (REPOSITORIES * EACH + LISTED)
    assert 0 <= again <= 2 * others


@WORKERS
def test_short_runs_stop_between_repositories_and_waste_nothing(workers: int) -> None:
    resumed = fleet()
    start, done = "", 0
    for _ in range(10):
        ran = resumed.run(DEADLINE="900", WORKERS=str(workers), START_AT=start)
        if ran.exit_code == 0:
            break
        assert ran.exit_code == 6
        handled, total, following = progress_of(ran)
        done += handled
        assert resumed.done == done  # none is half done, and the log is true
        assert handled + int(following[-3:]) - int(start[-3:] or 0) == 2 * handled
        assert total == REPOSITORIES - int(start[-3:] or 0)
        start = following
        resumed.world.clock.seconds += HOUR

    assert resumed.done == REPOSITORIES
    assert len(resumed.runs) == FEWEST_RUNS
    assert resumed.turned_down == 0
    # What can be read in half an hour is planned before anything is written: what is then left
    # for another run was read in vain.
    needed = REPOSITORIES * EACH + LISTED * len(resumed.runs)
    assert 0 <= resumed.sent - needed <= IN_VAIN


@WORKERS
def test_short_runs_finish_without_knowing_the_limit(workers: int) -> None:
    resumed = fleet(rate_limit_headers=False)
    start = ""
    for _ in range(10):
        ran = resumed.run(DEADLINE="900", WORKERS=str(workers), START_AT=start)
        if ran.exit_code == 0:
            break
        assert ran.exit_code == 6
        start = progress_of(ran)[2]
        resumed.world.clock.seconds += HOUR

    assert resumed.done == REPOSITORIES
    assert resumed.turned_down <= workers * len(resumed.runs)
    assert len(resumed.runs) <= FEWEST_RUNS + 1


def test_a_rerun_finds_by_itself_what_is_not_yet_right() -> None:
    resumed = fleet()
    while resumed.run(DEADLINE="900").exit_code == 6:
        resumed.world.clock.seconds += HOUR
    resumed.world.clock.seconds += HOUR
    again = resumed.run(DEADLINE="900")

    assert len(resumed.runs) - 1 <= FEWEST_RUNS + 1
    assert resumed.done == REPOSITORIES
    assert (again.exit_code, again.writes) == (0, [])
    assert resumed.turned_down == 0


def progress_of(ran: Ran) -> tuple[int, int, str]:
    """Return what the log says: how many are done, of how many, and which is next."""
    found = re.search(r"(\d+) of (\d+) repositories handled; the next is (\S+)\.", ran.log)
    assert found is not None, ran.log
    assert f"START_AT={found[3]}" in ran.log
    return int(found[1]), int(found[2]), found[3]
