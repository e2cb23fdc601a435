"""Write the log: a block for each difference, a line for each outcome, and the summary."""

import traceback
from collections.abc import Iterable, Iterator
from typing import Final

from pipe.models.counting import count_plan
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError, ExitCode, Problem
from pipe.models.results import Mode, Outcome, RepositoryResult, RunResult
from pipe.models.selection import Exclusion, Glob, Project, Selection, SelectionItem
from pipe.planning import problems
from pipe.reports.change_view import ChangeView
from pipe.reports.console import WIDTH, Line, Log, Style, problem_lines, wrap
from pipe.reports.presentation import BAD, DONE, PENDING, ItemState, ItemView, present_repository
from pipe.reports.summary import deletions, plan_sentence, shows_plan, summary_parts, would_change
from pipe.reports.text import name_list, one_line, repositories, truncate

_MAX_TARGET: Final = 60
_MIN_TITLE: Final = 24


def target(selection: Selection) -> str:
    """Name the selected repositories, as far as they are known without a request."""
    return truncate(one_line(", ".join(_name(each) for each in selection.items)), _MAX_TARGET)


def _name(item: SelectionItem) -> str:
    match item:
        case Repository():
            return str(item)
        case Glob(workspace, pattern):
            return f"{workspace}/{pattern}"
        case Project(workspace, key, exclude):
            excluded = "".join(f" !{_name(each)}" for each in exclude)
            return f"project {key} of {workspace}{excluded}"
        case Exclusion(item):
            return f"!{_name(item)}"


class RepositoryLog:
    """Lines of repositories: first what will change, then what happened.

    Each problem is logged in full once; after that the log refers to it.

    Args:
        mode: What the run does with its plan.
        is_fleet: Whether the run handles several repositories, so that each must be named.
    """

    def __init__(self, *, mode: Mode, is_fleet: bool) -> None:
        self._mode = mode
        self._is_fleet = is_fleet
        self._logged: set[Problem] = set()
        self._announced: set[tuple[str, tuple[str, ...]]] = set()

    def already_logged(self, problem: Problem) -> None:
        """Take note of a problem that is in the log."""
        self._logged.add(problem)

    def plan_lines(self, result: RepositoryResult) -> Iterator[Line]:
        """Return the blocks of what will change, before it is written."""
        view = present_repository(result, self._mode, is_next=True)
        for item in view.items:
            if item.state in PENDING:
                self._announced.add((f"{view.name}/{item.name}", item.lines))
                yield from _block(item, self._prefix(view.name))

    def result_lines(self, result: RepositoryResult) -> Iterator[Line]:
        """Return the lines of what happened; differences only where they were not announced."""
        view = present_repository(result, self._mode)
        if view.problem is not None:
            reference = self._reference((view.problem,))
            yield Line(Style.BAD, f"✖ {view.name}: failed{reference}")
            yield from self._new_problems((view.problem,))
        for item in view.items:
            key = (f"{view.name}/{item.name}", item.lines)
            if key in self._announced and item.state not in BAD:
                self._announced.discard(key)
                yield _line(item, self._prefix(view.name))
                continue
            yield from _block(item, self._prefix(view.name), self._reference(item.problems))
            yield from self._new_problems(item.problems)

    def _prefix(self, repository: str) -> str:
        return f"{repository} · " if self._is_fleet else ""

    def _reference(self, found: tuple[Problem, ...]) -> str:
        return ", see above" if found and self._logged.issuperset(found) else ""

    def _new_problems(self, found: tuple[Problem, ...]) -> Iterator[Line]:
        for problem in found:
            if problem not in self._logged:
                self._logged.add(problem)
                yield from problem_lines(problem, indent="  ")


def _block(item: ItemView, prefix: str, reference: str = "") -> Iterator[Line]:
    if not item.changes:
        yield _line(item, prefix, reference)
        return
    yield _heading(item, prefix, f" {item.verdict}{reference}:")
    for change, line in zip(item.changes, item.lines, strict=True):
        yield Line(_change_style(change), f"    {line}")


def _line(item: ItemView, prefix: str, reference: str = "") -> Line:
    colon = "" if item.state in PENDING else ":"
    return _heading(item, prefix, f"{colon} {item.verdict}{reference}")


def _heading(item: ItemView, prefix: str, verdict: str) -> Line:
    """Return the first line of an item; a long name is cut before anything else."""
    room = WIDTH - len(f"{item.mark} {prefix}{verdict}")
    title = truncate(item.title, max(room, _MIN_TITLE))
    return Line(_style(item.state), f"{item.mark} {prefix}{title}{verdict}")


def _style(state: ItemState) -> Style:
    if state in DONE:
        return Style.GOOD
    return Style.INFO if state in (ItemState.TO_CREATE, ItemState.TO_CHANGE) else Style.BAD


def _change_style(change: ChangeView) -> Style:
    match change.outcome:
        case Outcome.APPLIED | Outcome.PLANNED:
            return Style.BAD if change.mark == "-" else Style.PLAIN
        case Outcome.UNCHANGED:
            return Style.FAINT
        case _:
            return Style.BAD


def config_error_lines(errors: Iterable[ConfigError]) -> Iterator[Line]:
    """Return the lines of all errors in the settings."""
    for error in errors:
        yield from wrap(Style.BAD, "ERROR: ", f"{error.source}: {error.message}")


def plan_line(results: Iterable[RepositoryResult]) -> Line:
    """Return the line that sums up a plan; deletions stand out."""
    results = tuple(results)
    counts = count_plan(each for one in results for each in one.environments)
    alarm = deletions(counts) if counts.delete else ""
    return Line(Style.INFO, f"Plan: {plan_sentence(results)}", alarm)


def summary_lines(result: RunResult) -> Iterator[Line]:
    """Return the last lines: the plan of a dry run, and what happened."""
    if shows_plan(result):
        yield plan_line(result.repositories)
        if result.plan_checksum is not None and would_change(result):
            yield Line(Style.INFO, f"INFO: Plan checksum: {result.plan_checksum}")
    yield from _failed_repositories(result)
    style, mark = (Style.GOOD, "✔") if result.exit_code is ExitCode.OK else (Style.BAD, "✖")
    moved, last = summary_parts(result)
    for part in moved:
        yield from wrap(Style.INFO, "INFO: ", part)
    yield from wrap(style, f"{mark} ", last)


def _failed_repositories(result: RunResult) -> Iterator[Line]:
    """Name the repositories with problems, which are hard to find among thousands."""
    failed = [one_line(str(each.repository)) for each in result.repositories if each.problems]
    if failed and len(result.repositories) > 1:
        count = f"Problems in {len(failed)} of {repositories(len(result.repositories))}"
        yield from wrap(Style.BAD, "ERROR: ", f"{count}: {name_list(failed)}")


def report_unexpected(log: Log, source: str, error: BaseException, *, debug: bool) -> Problem:
    """Return the problem for a bug; with `debug` the traceback is logged."""
    if debug:
        for line in traceback_lines(error):
            log.debug(line)
    return problems.unexpected(source, type(error).__name__)


def traceback_lines(error: BaseException) -> Iterator[str]:
    """Yield the files, lines and types of an exception and its causes, the first cause first.

    The message is shown of the pipe's own exceptions only: that of others may quote anything.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from traceback_lines(cause)
        yield "which led to:"
    yield "Traceback (most recent call last):"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}, line {frame.lineno}, in {frame.name}"
    own = type(error).__module__.partition(".")[0] == "pipe"
    yield f"{type(error).__qualname__}: {error}" if own else type(error).__qualname__
