"""From the start of a process to its first request, and to the message of a configuration error."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench import interpreters
from bench.imports import imports
from bench.measure import Measured, ended_with, measured
from bench.simulated import WHO, repository, simulator
from bench.table import Section, Table, ratio

_IMPORT: Final = re.compile(r"^import time: +(\d+) \|", re.MULTILINE)
_WANTED: Final = {
    "REPO_SLUG": "shop",
    "ENVIRONMENT_NAME": "Test",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "false",
}

_ABOUT: Final = """
- The interpreter alone, and the libraries alone, take no variables: what stands there is the time
  until they ended.
- Modules, importing and memory are those of a run that finds one environment as it should be.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Something that starts.

    Attributes:
        name: As it stands in the table.
        command: With the interpreter first.
        faulty: The exit code of a run without any variable; `None`: it takes none.
    """

    name: str
    command: tuple[str, ...]
    faulty: int | None

    def with_flag(self, *flags: str) -> tuple[str, ...]:
        """Return the command with options of the interpreter."""
        return (self.command[0], *flags, *self.command[1:])


def programs() -> tuple[Program, ...]:
    """Return what is compared; the first is the floor."""
    ours, contenders = interpreters.ours(), interpreters.contenders()
    libraries = "import httpx, pydantic_settings"
    toolkit = "bench.contenders.toolkit_pipe"
    return (
        Program(name="the interpreter alone", command=(ours, "-c", "pass"), faulty=None),
        Program(name=f"`{libraries}`", command=(ours, "-c", libraries), faulty=None),
        Program(name="this pipe", command=(ours, "-m", "pipe"), faulty=2),
        Program(name="official shape", command=(contenders, "-m", toolkit), faulty=1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How a program starts.

    Attributes:
        modules: How many it had imported at its end.
        import_seconds: What importing them took, by Python's own account.
        error_seconds: From its start to its end, when its variables are missing; the end of
            what takes no variables.
        request_seconds: From its start to the arrival of its first request; `None`: it sends none.
        peak_mebibytes: The most memory it held.
        logs: What Python printed of each import, start by start.
    """

    modules: int
    import_seconds: float
    error_seconds: float
    request_seconds: float | None
    peak_mebibytes: float
    logs: tuple[str, ...]


def started(program: Program, *, times: int) -> Started:
    """Start a program several times; every figure is a median."""
    ended_with(program.faulty or 0, measured(program.command, {}))  # writes what bytecode it can
    idle = [_faulty(program) for _ in range(times)]
    if program.faulty is None:
        full, first = idle, None
        traced = [measured(program.with_flag("-X", "importtime"), {}) for _ in range(times)]
    else:
        seed = {"repositories": [repository({"name": "Test", "type": "Test"})]}
        with simulator(seed) as bitbucket:
            environ = {**WHO, **_WANTED, "BITBUCKET_API_URL": bitbucket.url}
            full, waits = [], []
            for _ in range(times):
                before = len(bitbucket.sent())
                run = ended_with(0, measured(program.command, environ))
                full.append(run)
                waits.append(bitbucket.sent()[before]["time"] - run.started_at)
            first = median(waits)
            traced = [_traced(program, environ) for _ in range(times)]
    imports = [[int(each) for each in _IMPORT.findall(run.log)] for run in traced]
    return Started(
        modules=len(imports[0]),
        import_seconds=median(sum(each) / 1e6 for each in imports),
        error_seconds=median(run.seconds for run in idle),
        request_seconds=first,
        peak_mebibytes=median(run.peak_mebibytes for run in full),
        logs=tuple(run.log for run in traced),
    )


def _faulty(program: Program) -> Measured:
    return ended_with(program.faulty or 0, measured(program.command, {}))


def _traced(program: Program, environ: Mapping[str, str]) -> Measured:
    return ended_with(0, measured(program.with_flag("-X", "importtime"), environ))


def startup(*, times: int) -> tuple[Section, Section]:
    """Compare how programs start, and say what this pipe needs the time for."""
    compared = [(program, started(program, times=times)) for program in programs()]
    (ours,) = (each for program, each in compared if program.name == "this pipe")
    rows = tuple(
        (
            program.name,
            str(each.modules),
            f"{each.import_seconds:.3f}",
            f"{each.error_seconds:.3f}",
            ratio(each.error_seconds, ours.error_seconds),
            *_requests(each, ours),
            f"{each.peak_mebibytes:.1f}",
        )
        for program, each in compared
    )
    compared_starts = Section(
        title="Start",
        intro=f"Of the program alone, outside of a container: medians of {times} starts, with"
        " bytecode in place. *To the error*: until a run without any variable has reported what is"
        " missing and ended. *To the request*: until the simulator received the first one.",
        table=Table(
            (
                "program",
                "modules",
                "importing them, s",
                "to the error, s",
                "ratio",
                "to the request, s",
                "ratio",
                "peak memory, MiB",
            ),
            rows,
        ),
        notes=_ABOUT,
    )
    return compared_starts, imports(ours.logs)


def _requests(each: Started, ours: Started) -> tuple[str, str]:
    if each.request_seconds is None or ours.request_seconds is None:
        return "-", "-"
    return f"{each.request_seconds:.3f}", ratio(each.request_seconds, ours.request_seconds)
