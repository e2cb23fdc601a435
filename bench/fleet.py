"""A fleet with nothing to do: requests, seconds against the physical limit, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench import interpreters
from bench.measure import Measured, ended_with, measured
from bench.simulated import WHO, repository, simulator
from bench.table import Goal, Section, Table

TYPES: Final = ("Test", "Staging", "Production")

_ABOUT: Final = """
- One GET a repository, and one for each hundred repositories listed.
- The seconds are those of the whole process, start included.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """One run over a fleet.

    Attributes:
        repositories: How many, each with three environments.
        workers: Value of `WORKERS`.
        gets: The GETs that the simulator saw.
        writes: All else that it saw.
        limit_seconds: Requests x latency / workers: no client can be quicker.
        measured: The process.
    """

    repositories: int
    workers: int
    gets: int
    writes: int
    limit_seconds: float
    measured: Measured

    @property
    def to_limit(self) -> float:
        """How many times the limit the run took."""
        return self.measured.seconds / self.limit_seconds


def fleet_run(repositories: int, *, latency: float, workers: int, wrong: int = 0) -> FleetRun:
    """Run over a fleet of which the last `wrong` repositories are not as declared."""
    slugs = [f"svc-{number:04}" for number in range(repositories)]
    right = slugs[: repositories - wrong]
    listed = [
        repository(
            *(
                {"name": each, "type": each, "admin_only": each == "Production" and slug in right}
                for each in TYPES
            ),
            slug=slug,
        )
        for slug in slugs
    ]
    with simulator({"repositories": listed}, "--latency", str(latency)) as bitbucket:
        environ = {
            **WHO,
            "BITBUCKET_API_URL": bitbucket.url,
            "REPOSITORIES": "svc-*",
            "ENVIRONMENT_NAME": "*",
            "ENVIRONMENT_TYPE": "Production",
            "ADMIN_ONLY": "true",
            "WORKERS": str(workers),
            "DEADLINE": "3000",
        }
        run = ended_with(0, measured([interpreters.ours(), "-m", "pipe"], environ))
        sent = bitbucket.sent()
    gets = sum(each["method"] == "GET" for each in sent)
    return FleetRun(
        repositories=repositories,
        workers=workers,
        gets=gets,
        writes=len(sent) - gets,
        limit_seconds=len(sent) * latency / workers,
        measured=run,
    )


def fleet(runs: Sequence[FleetRun], *, latency: float) -> Section:
    """Present runs over fleets; the first and the last with the fewest workers are compared."""
    largest = max(each.repositories for each in runs)
    fewest = min(each.workers for each in runs)
    peaks = {
        each.repositories: each.measured.peak_mebibytes for each in runs if each.workers == fewest
    }
    small = sorted(peaks)[1]
    return Section(
        title="Many repositories",
        intro=f"Three environments in each, nothing to do, {latency * 1000:.0f} ms for each answer;"
        " one run each. *The limit* is requests times latency by workers: no client can be"
        " quicker.",
        table=Table(
            (
                "repositories",
                "workers",
                "GETs",
                "writes",
                "the limit, s",
                "seconds",
                "ratio to the limit",
                "peak memory, MiB",
            ),
            tuple(
                (
                    str(each.repositories),
                    str(each.workers),
                    str(each.gets),
                    str(each.writes),
                    f"{each.limit_seconds:.2f}",
                    f"{each.measured.seconds:.2f}",
                    f"{each.to_limit:.2f}",
                    f"{each.measured.peak_mebibytes:.1f}",
                )
                for each in runs
            ),
        ),
        notes=_ABOUT,
        goals=(
            *(
                Goal(
                    f"{each.repositories} repositories with {each.workers} workers ÷ the limit",
                    each.to_limit,
                    1.12 if each.workers == fewest else 1.3,
                )
                for each in runs
                if each.repositories == largest
            ),
            Goal(
                f"peak memory of {largest} ÷ {small} repositories",
                peaks[largest] / peaks[small],
                1.1,
            ),
        ),
    )
