"""The log: what people read first.

Each line is a style and a text; colour is added at the very end, so that what is said can be tested
without it.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING, Final, TextIO, assert_never

from pipe.changes import (
    BranchesUnavailable,
    Create,
    Delete,
    Keep,
    RewriteSecured,
    UpdateVariable,
    WriteFingerprints,
)
from pipe.errors import ExitCode
from pipe.report.text import one_line, shown
from pipe.results import Outcome, count_environments, count_variables, differs
from pipe.settings.values import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipe.changes import Change, EnvironmentPlan
    from pipe.errors import Fault, Problem
    from pipe.results import (
        ChangeResult,
        EnvironmentCounts,
        EnvironmentResult,
        RepositoryResult,
        RunResult,
        VariableCounts,
    )

WIDTH: Final = 140


class Style(Enum):
    """What a line means; the value is its colour (the parameters of an SGR escape sequence)."""

    PLAIN = ""
    INFO = "34"
    GOOD = "32"
    BAD = "31"
    WARNING = "33"
    FAINT = "2"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    style: Style
    text: str


class Log:
    """Writes lines; safe to share between threads."""

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        self._stream = stream
        self._color = color
        self._lock = Lock()

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines together, so that those of another thread do not come between them."""
        text = "".join(self._paint(line) + "\n" for line in lines)
        with self._lock:
            self._stream.write(text)
            self._stream.flush()

    def info(self, text: str) -> None:
        """Say what goes on."""
        self.write([Line(Style.INFO, f"INFO: {one_line(text)}")])

    def warning(self, text: str) -> None:
        """Say what the reader should know, though nothing stops for it."""
        self.write(_wrapped(Style.WARNING, "WARNING: ", text))

    def debug(self, text: str) -> None:
        """Say what only a search for a fault needs."""
        self.write([Line(Style.FAINT, f"DEBUG: {one_line(text)}")])

    def problem(self, problem: Problem) -> None:
        """Tell a failure that concerns the whole run."""
        self.write(problem_lines(problem))

    def _paint(self, line: Line) -> str:
        if not self._color or line.style is Style.PLAIN:
            return line.text
        return f"\x1b[{line.style.value}m{line.text}\x1b[0m"


def problem_lines(problem: Problem, indent: str = "") -> Iterator[Line]:
    """Tell what happened, why, and what to do."""
    yield from _wrapped(Style.BAD, f"{indent}ERROR: ", problem.what)
    if problem.why:
        yield from _wrapped(Style.PLAIN, f"{indent}  Why: ", problem.why)
    yield from _wrapped(Style.PLAIN, f"{indent}  What to do: ", problem.remedy)


def repository_lines(result: RepositoryResult, *, mode: Mode, several: bool) -> Iterator[Line]:
    """Tell what became of a repository: one block for each environment.

    Args:
        result: What became of it.
        mode: What the run does with the plan.
        several: Whether the run handles other repositories too, so that this one must be named.
    """
    where = f"{result.repository} · " if several else ""
    if result.problem is not None:
        yield Line(Style.BAD, f"✖ {result.repository}: failed")
        yield from problem_lines(result.problem, indent="  ")
    if result.pipelines is not None:
        style, mark = (Style.BAD, "✖") if result.pipelines in _BAD else (Style.GOOD, "✔")
        yield Line(style, f"{mark} {where}Pipelines: off → on, {result.pipelines}")
    told: set[Problem] = set()
    for environment in result.environments:
        yield from _environment_lines(environment, mode, where, told)


def _environment_lines(
    result: EnvironmentResult, mode: Mode, where: str, told: set[Problem]
) -> Iterator[Line]:
    name = f"{where}{one_line(result.plan.name)}"
    if result.changes:
        yield Line(Style.INFO, f"INFO: {name}: {_intention(result)}")
        width = max(len(each.change.field) for each in result.changes)
        for each in result.changes:
            yield _change_line(each, width)
    for problem in result.problems:
        if problem not in told:
            told.add(problem)
            yield from problem_lines(problem, indent="  ")
    bad = result.outcome in _BAD or (mode is Mode.CHECK and differs(result))
    style, mark = (Style.BAD, "✖") if bad else (Style.GOOD, "✔")
    yield Line(style, f"{mark} {name}: {_verdict(result, mode)}")


def _intention(result: EnvironmentResult) -> str:
    return "create" if isinstance(result.plan, Create) else "update"


_BAD: Final = (Outcome.FAILED, Outcome.UNVERIFIED, Outcome.SKIPPED, Outcome.REFUSED)


def _change_line(result: ChangeResult, width: int) -> Line:
    change = result.change
    style, note = _CHANGE_STYLES[result.outcome]
    text = f"    {one_line(change.field):<{width}}  {_difference(change)}"
    return Line(style, text + (f"   ✖ {note}" if note else ""))


_CHANGE_STYLES: Final = {
    Outcome.APPLIED: (Style.PLAIN, ""),
    Outcome.PLANNED: (Style.PLAIN, ""),
    Outcome.UNCHANGED: (Style.FAINT, ""),
    Outcome.FAILED: (Style.BAD, "failed"),
    Outcome.UNVERIFIED: (Style.BAD, "accepted, but does not show"),
    Outcome.SKIPPED: (Style.BAD, "not done"),
    Outcome.REFUSED: (Style.BAD, "refused"),
}


def _difference(change: Change) -> str:
    match change:
        case RewriteSecured():
            return "secured: written again, since its stored value can't be compared"
        case WriteFingerprints():
            return "fingerprints of the secured values just written"
        case UpdateVariable() if change.switches_storage:
            kinds = ("secured", "plain") if change.existing.secured else ("plain", "secured")
            return f"{kinds[0]} → {kinds[1]}; deleted and created anew if Bitbucket insists"
        case _ if change.secured:
            return _SECURED[type(change).__name__]
        case _:
            unknown = isinstance(change, BranchesUnavailable)
            return f"{'(unknown)' if unknown else shown(change.before)} → {shown(change.after)}"


_SECURED: Final = {
    "CreateVariable": "(none) → secured value",
    "UpdateVariable": "secured value → another secured value",
    "DeleteVariable": "secured value → (none)",
}


def _verdict(result: EnvironmentResult, mode: Mode) -> str:
    match result.outcome:
        case Outcome.UNCHANGED:
            absent = isinstance(result.plan, Keep) and result.plan.existing is None
            return "absent, as declared" if absent else "unchanged"
        case Outcome.APPLIED:
            return _done(result.plan)
        case Outcome.PLANNED:
            drift = mode is Mode.CHECK and differs(result)
            return f"{'differs, ' if drift else ''}would be {_done(result.plan)}"
        case Outcome.REFUSED:
            return "refused, nothing was written to it"
        case Outcome.UNVERIFIED:
            return "not verified"
        case Outcome.FAILED | Outcome.SKIPPED:
            return "failed"
        case _:
            assert_never(result.outcome)


def _done(plan: EnvironmentPlan) -> str:
    match plan:
        case Create():
            return "created"
        case Delete():
            return "deleted"
        case _:
            return "updated"


def fault_lines(faults: Iterable[Fault]) -> Iterator[Line]:
    """Tell everything that is wrong with the settings, at once."""
    for fault in faults:
        yield from _wrapped(Style.BAD, "ERROR: ", f"{fault.where}: {fault.message}")
    yield Line(Style.BAD, "✖ The configuration is wrong; nothing was sent.")


def summary_lines(result: RunResult) -> Iterator[Line]:
    """Tell what happened, never what was planned; last, so that it is seen first."""
    if result.plan_checksum is not None and result.mode in (Mode.PLAN, Mode.CHECK):
        yield Line(Style.INFO, f"INFO: Plan checksum: {result.plan_checksum}")
    bad = result.exit_code is not ExitCode.OK
    style, mark = (Style.BAD, "✖") if bad else (Style.GOOD, "✔")
    environments = _counted(count_environments(result.environments))
    parts = [f"environments: {environments}"]
    variables = _counted(count_variables(result.environments))
    if variables != _NOTHING:
        parts.append(f"variables: {variables}")
    counts = result.counts
    parts.append(
        f"{counts.total} requests ({counts.reads} reads, {counts.writes} writes,"
        f" {counts.retries} retries)"
    )
    parts.append(f"{result.seconds:.1f} s")
    yield Line(style, f"{mark} {str(result.outcome).capitalize()}: {'; '.join(parts)}")


_NOTHING: Final = "none"


def _counted(counts: EnvironmentCounts | VariableCounts) -> str:
    told = [f"{number} {name}" for name, number in asdict(counts).items() if number]
    return ", ".join(told) or _NOTHING


def _wrapped(style: Style, prefix: str, text: str) -> Iterator[Line]:
    indent = " " * len(prefix)
    for line in textwrap.wrap(
        one_line(text), WIDTH, initial_indent=prefix, subsequent_indent=indent
    ) or [prefix.rstrip()]:
        yield Line(style, line)
