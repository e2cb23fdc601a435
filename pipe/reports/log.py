"""What the log says: a line for what is right, a small difference for what changes (pure)."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, assert_never

from msgspec.structs import asdict

from pipe.models.changes import SetName
from pipe.models.errors import ConfigError, ExitCode, Problem
from pipe.models.results import (
    ChangeResult,
    Counts,
    EnvironmentCounts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
    VariableCounts,
    count_environments,
    count_variables,
)
from pipe.models.selection import Exclusion, Glob, Item, Project, Selection, Slug
from pipe.planning import problems
from pipe.reports.console import Line, Log, Style, problem_lines, wrapped
from pipe.reports.presentation import (
    GOOD,
    State,
    action_of,
    change_lines,
    pipelines_state,
    state_of,
    states,
    verdict,
)
from pipe.reports.text import counted, cut, one_line

__all__ = ["Log", "fault_lines", "repository_lines", "summary_lines", "target"]

_LONGEST_NAME: Final = 60
_LONGEST_TARGET: Final = 60
_MOST_NAMED: Final = 20
_MARKS: Final = {True: (Style.GOOD, "✔"), False: (Style.BAD, "✖")}


def target(selection: Selection) -> str:
    """Name the repositories that are meant, as far as that is known without asking."""
    return cut(one_line(", ".join(_named(each) for each in selection.items)), _LONGEST_TARGET)


def _named(item: Item) -> str:
    match item:
        case Slug(workspace, name) | Glob(workspace, name):
            return f"{workspace}/{name}"
        case Project(workspace, key, exclude):
            less = "".join(f" !{_named(each)}" for each in exclude)
            return f"project {key} of {workspace}{less}"
        case Exclusion(item):
            return f"!{_named(item)}"
        case _:
            assert_never(item)


def repository_lines(
    result: RepositoryResult, *, mode: Mode, several: bool, told: set[Problem] | None = None
) -> Iterator[Line]:
    """Tell what became of a repository: one block for each environment.

    Args:
        result: What became of it.
        mode: What the run does with the plan.
        several: Whether the run handles other repositories too, so that this one must be named.
        told: The problems that were told before, and with these; each is told once.
    """
    told = set() if told is None else told
    repository = one_line(str(result.repository))
    where = f"{repository} · " if several else ""
    if result.problem is not None:
        again = ", see above" if result.problem in told else ""
        if not again:
            told.add(result.problem)
            yield from problem_lines(result.problem)
        yield Line(Style.BAD, f"✖ {repository}: failed{again}")
    if result.pipelines is not None:
        state = pipelines_state(result.pipelines, mode)
        yield _verdict_line(state, f"{where}Pipelines: {_PIPELINES[state]}")
    for environment in result.environments:
        yield from _environment_lines(environment, mode, where, told)


_PIPELINES: Final = {
    State.CHANGED: "turned on",
    State.PLANNED: "would be turned on",
    State.DRIFT: "off, would be turned on",
    State.FAILED: "could not be turned on",
}


def _environment_lines(
    result: EnvironmentResult, mode: Mode, where: str, told: set[Problem]
) -> Iterator[Line]:
    news = [problem for problem in result.problems if problem not in told]
    told.update(news)
    name = f"{where}{cut(one_line(result.plan.name), _LONGEST_NAME)}"
    if result.changes or news:
        yield Line(Style.INFO, f"INFO: {name}: {action_of(result.plan)}")
    for each, text in zip(result.changes, change_lines(result), strict=True):
        yield Line(_change_style(each), f"    {text}")
    for problem in news:
        yield from problem_lines(problem, indent="  ")
    again = ", see above" if result.problems and not news else ""
    yield _verdict_line(
        state_of(result, mode), f"{name}{_renamed(result)}: {verdict(result, mode)}{again}"
    )


def _renamed(result: EnvironmentResult) -> str:
    """Show the name that an environment has from now on, or would have."""
    for each in result.changes:
        if isinstance(each.change, SetName) and each.outcome in (Outcome.APPLIED, Outcome.PLANNED):
            return f" → {cut(one_line(each.change.after), _LONGEST_NAME)}"
    return ""


def _verdict_line(state: State, text: str) -> Line:
    style, mark = _MARKS[state in GOOD]
    return Line(style, f"{mark} {text}")


def _change_style(result: ChangeResult) -> Style:
    match result.outcome:
        case Outcome.APPLIED | Outcome.PLANNED:
            return Style.PLAIN
        case Outcome.UNCHANGED:
            return Style.FAINT
        case _:
            return Style.BAD


def fault_lines(faults: Iterable[ConfigError]) -> Iterator[Line]:
    """Tell everything that is wrong with the settings, at once."""
    for fault in faults:
        yield from wrapped(Style.BAD, "ERROR: ", f"{fault.source}: {fault.message}")


def summary_lines(result: RunResult) -> Iterator[Line]:
    """Tell what happened, never what was planned; last, so that it is seen first."""
    if result.plan_checksum is not None and result.mode in (Mode.PLAN, Mode.CHECK):
        yield from wrapped(Style.INFO, "INFO: Plan: ", planned(result))
        yield Line(Style.INFO, f"INFO: Plan checksum: {result.plan_checksum}")
    if len(result.repositories) > 1:
        yield from _trouble(result.repositories)
    style, mark = _MARKS[result.exit_code is ExitCode.OK]
    yield from wrapped(style, f"{mark} ", summary(result))


def _trouble(results: Sequence[RepositoryResult]) -> Iterator[Line]:
    """Name the repositories that want someone to look: among thousands nobody finds them."""
    troubled = [one_line(str(each.repository)) for each in results if each.problems]
    if troubled:
        others = len(troubled) - _MOST_NAMED
        names = ", ".join(troubled[:_MOST_NAMED]) + (f" and {others} more" if others > 0 else "")
        count = f"{len(troubled)} of {len(results)} repositories had trouble"
        yield from wrapped(Style.BAD, "ERROR: ", f"{count}: {names}")


def planned(result: RunResult) -> str:
    """Say in one sentence what a plan comes to."""
    told = [(number, state) for state, number in states(result).items()]
    return _listed("environment", told) or "no environments"


def summary(result: RunResult) -> str:
    """Say what happened in one sentence: the last line of the log, the head of other reports."""
    broken = sum(each.problem is not None for each in result.repositories)
    left = counted(len(result.remaining), "repository", "repositories")
    happened = [
        f"{counted(broken, 'repository', 'repositories')} failed" if broken else "",
        _tell("environment", count_environments(result.environments)),
        _tell("variable", count_variables(result.environments)),
        f"{left} not begun" if result.remaining else "",
        _faults(result),
    ]
    parts = [part for part in happened if part] or ["nothing was written"]
    parts += [_requests(result.counts), f"{result.seconds:.1f} s"]
    return f"{str(result.outcome).capitalize()}: {'; '.join(parts)}"


def _faults(result: RunResult) -> str:
    if not result.faults:
        return ""
    return f"{counted(len(result.faults), 'error')} in the configuration, nothing was sent"


def _tell(noun: str, counts: EnvironmentCounts | VariableCounts) -> str:
    return _listed(noun, [(number, name) for name, number in asdict(counts).items() if number])


def _listed(noun: str, numbers: Sequence[tuple[int, str]]) -> str:
    """Write `1 environment created, 2 unchanged`; what did not happen is not mentioned."""
    first = [f"{counted(number, noun)} {name}" for number, name in numbers[:1]]
    return ", ".join([*first, *(f"{number} {name}" for number, name in numbers[1:])])


def _requests(counts: Counts) -> str:
    kinds = [counted(counts.reads, "read")]
    if counts.writes:
        kinds.append(counted(counts.writes, "write"))
    detail = f" ({', '.join(kinds)})" if counts.total else ""
    retries = counted(counts.retries, "retry", "retries")
    return f"{counted(counts.total, 'request')}{detail}, {retries}"


def report_unexpected(
    console: Log, where: str, error: BaseException, *, debug: bool, redact: Callable[[str], str]
) -> Problem:
    """Return the problem that a bug is; with `debug` the traceback is logged, without secrets."""
    if debug:
        for part in traceback.format_exception(error):
            for line in redact(part).splitlines():
                console.debug(line)
    return problems.unexpected(where, type(error).__name__)
