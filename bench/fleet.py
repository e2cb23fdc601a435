"""A fleet with nothing to do: requests, seconds against the physical limit, memory."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import interpreters
from bench.measure import Measured, ended_with, measured
from bench.simulated import WHO, Simulated, repository, simulator
from bench.table import Goal, Section, Table

TYPES: Final = ("Test", "Staging", "Production")

_ABOUT: Final = """
- One GET a repository, and one for each hundred repositories listed.
- The seconds are those of the whole process, start included.
- One thread of Python runs at a time: where the CPU time of a request exceeds its share of the
  limit (latency by workers), it bounds the run. The simulator, which answers, shares the
  processors.
- *a script on `httpx`* reads the same with `httpx.Client` and a thread pool, and does nothing else:
  it neither tries again, nor keeps within the hourly limit, nor plans, nor reports.
"""

_ABOUT_PROFILE: Final = """
- A profile makes calls of functions dearer than they are: shares, not seconds.
- Functions in C count for the code that calls them.
"""
_SHOWN: Final = 0.02


@dataclass(frozen=True, slots=True)
class Fleet:
    """A Bitbucket that serves many repositories."""

    bitbucket: Simulated

    def environ(self, *, workers: int) -> dict[str, str]:
        """Return the variables of a run over all of them."""
        return {
            **WHO,
            "BITBUCKET_API_URL": self.bitbucket.url,
            "REPOSITORIES": "svc-*",
            "ENVIRONMENT_NAME": "*",
            "ENVIRONMENT_TYPE": "Production",
            "ADMIN_ONLY": "true",
            "WORKERS": str(workers),
            "DEADLINE": "3000",
        }


@dataclass(frozen=True, slots=True)
class Program:
    """What handles a fleet: its name, and its module."""

    name: str
    module: str


PIPE: Final = Program("this pipe", "pipe")
SCRIPT: Final = Program("a script on `httpx`", "bench.contenders.httpx_fleet")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """One run over a fleet.

    Attributes:
        program: What ran.
        repositories: How many, each with three environments.
        workers: Value of `WORKERS`.
        gets: The GETs that the simulator saw.
        writes: All else that it saw.
        limit_seconds: Requests x latency / workers: no client can be quicker.
        measured: The process.
    """

    program: Program
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


@contextmanager
def served(repositories: int, *, latency: float, wrong: int = 0) -> Iterator[Fleet]:
    """Serve a fleet of which the last `wrong` repositories are not as declared."""
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
        yield Fleet(bitbucket)


def fleet_run(
    repositories: int,
    *,
    latency: float,
    workers: int,
    wrong: int = 0,
    program: Program = PIPE,
    times: int = 1,
) -> FleetRun:
    """Run over a fleet of which the last `wrong` repositories are not as declared.

    Of several runs, each over a new fleet, it is the one with the median time.
    """
    runs = [_fleet_run(repositories, latency, workers, wrong, program) for _ in range(times)]
    return sorted(runs, key=lambda run: run.measured.seconds)[times // 2]


def _fleet_run(
    repositories: int, latency: float, workers: int, wrong: int, program: Program
) -> FleetRun:
    with served(repositories, latency=latency, wrong=wrong) as fleet:
        run = ended_with(
            0, measured([interpreters.ours(), "-m", program.module], fleet.environ(workers=workers))
        )
        sent = fleet.bitbucket.sent()
    gets = sum(each["method"] == "GET" for each in sent)
    return FleetRun(
        program=program,
        repositories=repositories,
        workers=workers,
        gets=gets,
        writes=len(sent) - gets,
        limit_seconds=len(sent) * latency / workers,
        measured=run,
    )


def profile(repositories: int) -> Section:
    """Say which code a run over a fleet spends its time in."""
    with (
        served(repositories, latency=0) as fleet,
        tempfile.TemporaryDirectory() as folder,
    ):
        result = Path(folder) / "seconds.json"
        command = [interpreters.ours(), "-m", "bench.profiled", str(result)]
        ended_with(0, measured(command, fleet.environ(workers=1)))
        seconds: dict[str, float] = json.loads(result.read_text("ascii"))
    whole = sum(seconds.values())
    shares = sorted(((each / whole, name) for name, each in seconds.items()), reverse=True)
    shown = [(share, name) for share, name in shares if share >= _SHOWN]
    rest = 1 - sum(share for share, _ in shown)
    return Section(
        title="Where the processor time of a fleet goes",
        intro=f"Of {repositories} repositories with one worker and without latency, by Python's"
        " profiler, without waits.",
        table=Table(
            ("code of", "share"),
            tuple((name, f"{share:.0%}") for share, name in (*shown, (rest, "all else"))),
        ),
        notes=_ABOUT_PROFILE,
    )


def fleet(
    runs: Sequence[FleetRun], peers: Sequence[FleetRun], *, latency: float, times: int
) -> Section:
    """Present runs over fleets; the first and the last with the fewest workers are compared.

    Args:
        runs: Of this pipe.
        peers: Of another program.
        latency: Seconds of each answer.
        times: Of how many runs each is the median.
    """
    largest = max(each.repositories for each in runs)
    fewest = min(each.workers for each in runs)
    peaks = {
        each.repositories: each.measured.peak_mebibytes for each in runs if each.workers == fewest
    }
    small = sorted(peaks)[1]
    return Section(
        title="Many repositories",
        intro=f"Three environments in each, nothing to do, {latency * 1000:.0f} ms for each answer;"
        f" the median of {times} runs. *The limit* is requests times latency by workers: no client"
        " can be quicker.",
        table=Table(
            (
                "program",
                "repositories",
                "workers",
                "GETs",
                "writes",
                "the limit, s",
                "seconds",
                "ratio to the limit",
                "CPU, ms a request",
                "peak memory, MiB",
            ),
            tuple(
                (
                    each.program.name,
                    str(each.repositories),
                    str(each.workers),
                    str(each.gets),
                    str(each.writes),
                    f"{each.limit_seconds:.2f}",
                    f"{each.measured.seconds:.2f}",
                    f"{each.to_limit:.2f}",
                    f"{1000 * each.measured.cpu_seconds / each.gets:.2f}",
                    f"{each.measured.peak_mebibytes:.1f}",
                )
                for each in (*runs, *peers)
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
