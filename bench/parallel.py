"""Thousands of repositories over parallel steps, on the simulator's clock: requests and hours."""

import re
from dataclasses import dataclass
from typing import Final

from bench.table import Goal, Section, Table, ratio
from pipe.models.errors import ExitCode
from tests.support.world import World, run_with

HOURLY_REQUESTS: Final = 1000
_HOUR: Final = 3600.0
_REQUESTS_EACH: Final = 3
"""The list, the change, and the read that confirms it."""

_PAGE: Final = 100
_LATENCY: Final = 0.2
_DEADLINE: Final = 4 * 3600
"""Seconds that a step may run; what is left is for the next run."""

_PAUSE: Final = 600.0
"""Seconds until a step is started again."""

_NOTES: Final = f"""
- Every repository needs a change: {_REQUESTS_EACH} requests. Each step lists the workspace once.
- The minimum of requests is that of one uninterrupted run for each step; the minimum of hours is
  when {HOURLY_REQUESTS} requests an hour allow the last of them.
- A step ends after {_DEADLINE // 3600} hours. It is started again {_PAUSE // 60:.0f} minutes later,
  with the `START_AT` that its log names. Runs that begin while the last hour's requests still count
  end at their first list, after five refused requests.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What one step took until everything was done."""

    runs: int
    requests: int
    hours: float


def parallel(repositories: int, steps: int) -> Section:
    """Measure a fleet that is shared by parallel steps, each with a credential of its own."""
    world = World()
    world.set_switches(rate_limit=HOURLY_REQUESTS)
    world.latency = _LATENCY
    for number in range(repositories):
        made = world.simulator.add_repository("acme", f"svc-{number:05}")
        made.add_environment("Live", "Production")
    costs = [_step(world, step, steps) for step in range(steps)]
    sent = sum(each.requests for each in costs)
    pages = -(-(repositories + 1) // _PAGE)
    least = repositories * _REQUESTS_EACH + steps * pages
    hours = max(each.hours for each in costs)
    own = -(-repositories // steps) * _REQUESTS_EACH + pages
    least_hours = (own - 1) // HOURLY_REQUESTS + own % HOURLY_REQUESTS * _LATENCY / _HOUR
    return Section(
        title="Parallel steps under the hourly limit",
        intro=f"{repositories:,} repositories over {steps} steps, each with its own credential and"
        f" {HOURLY_REQUESTS:,} requests an hour, resumed until done, on the simulator's clock.",
        table=Table(
            ("", "this pipe", "the minimum", "ratio"),
            (
                ("runs of a step", str(max(each.runs for each in costs)), "1", ""),
                ("requests", str(sent), str(least), ratio(sent, least)),
                ("hours", f"{hours:.2f}", f"{least_hours:.2f}", ratio(hours, least_hours)),
            ),
        ),
        notes=_NOTES,
        goals=(
            Goal(f"{repositories} repositories: requests ÷ the minimum", sent / least, 1.05),
            Goal(f"{repositories} repositories: hours ÷ the minimum", hours / least_hours, 1.05),
        ),
    )


def _step(world: World, step: int, steps: int) -> StepCost:
    token = f"token-of-step-{step}"
    world.simulator.credentials.add_access_token(token)
    began, runs, requests, start_at = world.clock.seconds, 0, 0, ""
    while True:
        ran = run_with(
            world,
            {
                "BITBUCKET_ACCESS_TOKEN": token,
                "REPO_SLUG": "",
                "REPOSITORIES": "svc-*",
                "ENVIRONMENT_NAME": "*",
                "ENVIRONMENT_TYPE": "Production",
                "ADMIN_ONLY": "true",
                "WORKERS": "1",  # waits of several workers would add up on this clock
                "DEADLINE": str(_DEADLINE),
                "START_AT": start_at,
                "BITBUCKET_PARALLEL_STEP": str(step),
                "BITBUCKET_PARALLEL_STEP_COUNT": str(steps),
            },
        )
        runs, requests = runs + 1, requests + len(ran.requests)
        world.simulator.requests.clear()
        if ran.exit_code == 0:
            hours = (world.clock.seconds - began) / _HOUR
            return StepCost(runs=runs, requests=requests, hours=hours)
        if ran.exit_code != ExitCode.GAVE_UP:
            message = f"exit code {ran.exit_code}: {ran.log[-2000:]}"
            raise RuntimeError(message)
        following = re.search(r"START_AT=([\w/-]+)", ran.log)
        if following is not None:
            start_at = following[1]
        world.clock.seconds += _PAUSE
