"""How the time grows with the variables of an environment and the repositories of a fleet."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import interpreters
from bench.fleet import FleetRun
from bench.measure import CHECKOUT
from bench.scenarios import ATLASSIAN, PIPE, cost, variables_from_nothing
from bench.table import Section, Table, ratio

PICTURE: Final = CHECKOUT / "docs/plots/cost.png"


def curves(
    numbers: Sequence[int], runs: Sequence[FleetRun], *, latency: float, picture: Path | None
) -> Section:
    """Measure the variables; draw them beside fleets that were measured already.

    Args:
        numbers: Of variables.
        runs: Over fleets.
        latency: Seconds of each answer where variables are written.
        picture: Where to draw; `None`: nowhere.
    """
    costs = {
        each.name: [
            cost(each, variables_from_nothing(number), latency=latency) for number in numbers
        ]
        for each in (PIPE, ATLASSIAN)
    }
    if picture is not None:
        lines = {name: [each.seconds for each in costs[name]] for name in costs}
        _draw({"numbers": numbers, "lines": lines}, _of_fleets(runs), picture)
    rows = tuple(
        (
            str(number),
            str(ours.requests),
            f"{ours.seconds:.2f}",
            str(peer.requests),
            f"{peer.seconds:.2f}",
            ratio(ours.seconds, peer.seconds),
        )
        for number, ours, peer in zip(numbers, costs[PIPE.name], costs[ATLASSIAN.name], strict=True)
    )
    return Section(
        title="How the time grows",
        intro="Variables from nothing, a third of them secured,"
        f" {latency * 1000:.0f} ms for each answer; one run each. On the right the fleets of the"
        " section before.\n\n"
        "![Seconds by the number of variables, and by the number of repositories](plots/cost.png)",
        table=Table(
            (
                "variables",
                "requests",
                "seconds",
                f"requests of {ATLASSIAN.name}",
                "seconds of it",
                "ratio to it",
            ),
            rows,
        ),
    )


def _of_fleets(runs: Sequence[FleetRun]) -> dict[str, object]:
    numbers = sorted({each.repositories for each in runs})
    lines: dict[str, list[float]] = {}
    for workers in sorted({each.workers for each in runs}):
        with_these = {each.repositories: each for each in runs if each.workers == workers}
        lines[f"this pipe, {workers} workers"] = [
            with_these[number].measured.seconds for number in numbers
        ]
        lines[f"the limit, {workers} workers"] = [
            with_these[number].limit_seconds for number in numbers
        ]
    return {"numbers": numbers, "lines": lines}


def _draw(variables: object, repositories: object, picture: Path) -> None:
    """Draw with the plotting library, in an interpreter of its own."""
    subprocess.run(
        [interpreters.plotting(), "-m", "bench.plot", str(picture)],
        cwd=CHECKOUT,
        input=json.dumps({"variables": variables, "repositories": repositories}),
        text=True,
        check=True,
    )
