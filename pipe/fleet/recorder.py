"""What a run has come to so far, told in the log as it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from pipe.bitbucket import problems
from pipe.context import Stop
from pipe.fleet.workers import Crashed
from pipe.models.changes import (
    Change,
    Create,
    CreateVariable,
    Delete,
    DeleteVariable,
    EnvironmentPlan,
    Update,
    UpdateVariable,
)
from pipe.models.declaration import PlainVariable, Repository, WritableVariable
from pipe.models.errors import Problem
from pipe.models.existing import ExistingVariable
from pipe.models.results import ChangeResult, EnvironmentResult, Mode, RepositoryResult, RunResult
from pipe.planning import problems as planning_problems
from pipe.reports.log import Log, report_unexpected, repository_lines

Clean = Callable[[str], str]


def without_secrets(result: RepositoryResult, clean: Clean) -> RepositoryResult:
    """Return the result with every plain value cleaned; it is for reports only."""
    return replace(
        result,
        environments=tuple(_environment(each, clean) for each in result.environments),
        changes=_changes(result.changes, clean),
    )


def _environment(result: EnvironmentResult, clean: Clean) -> EnvironmentResult:
    return replace(
        result,
        plan=_plan(result.plan, clean),
        changes=_changes(result.changes, clean),
    )


def _changes(results: tuple[ChangeResult, ...], clean: Clean) -> tuple[ChangeResult, ...]:
    return tuple(replace(each, change=_change(each.change, clean)) for each in results)


def _plan(plan: EnvironmentPlan, clean: Clean) -> EnvironmentPlan:
    if isinstance(plan, Create | Update):
        return replace(plan, changes=tuple(_change(each, clean) for each in plan.changes))
    if isinstance(plan, Delete):
        return replace(plan, variables=tuple(_existing(each, clean) for each in plan.variables))
    return plan


def _change(change: Change, clean: Clean) -> Change:
    match change:
        case CreateVariable(variable):
            return CreateVariable(_declared(variable, clean))
        case UpdateVariable(existing, variable):
            return UpdateVariable(_existing(existing, clean), _declared(variable, clean))
        case DeleteVariable(existing):
            return replace(change, existing=_existing(existing, clean))
        case _:
            return change


def _declared(variable: WritableVariable, clean: Clean) -> WritableVariable:
    if isinstance(variable, PlainVariable):
        return replace(variable, value=clean(variable.value))
    return variable


def _existing(variable: ExistingVariable, clean: Clean) -> ExistingVariable:
    return replace(variable, value=None if variable.value is None else clean(variable.value))


@dataclass(kw_only=True)
class RunRecorder:
    """Results in the order of the repositories, and what concerns the run as a whole.

    Attributes:
        console: Where to tell it.
        redact: Takes secrets out of a text.
        mode: What the run does with its plan.
        debug: Whether to tell where the unexpected happened.
        several: Whether the run handles more than one repository.
        stop: Whether the run was asked to stop.
    """

    console: Log
    redact: Callable[[str], str]
    mode: Mode
    debug: bool
    several: bool
    stop: Stop
    _results: list[RepositoryResult] = field(default_factory=list)
    _remaining: list[Repository] = field(default_factory=list)
    _problems: dict[str, Problem] = field(default_factory=dict)
    _told: set[Problem] = field(default_factory=set)

    def tell(self, problem: Problem) -> None:
        """Tell what several repositories are refused for; with them it is not told again."""
        self.console.problem(problem)
        self._told.add(problem)

    def ended(self, problem: Problem) -> None:
        """Take down what the run as a whole met. Whoever meets the same adds nothing."""
        self._problems.setdefault(problem.key, problem)

    def unexpected(self, repository: Repository, crashed: Crashed) -> Problem:
        """Return the problem that a bug in this program is."""
        return report_unexpected(
            self.console, str(repository), crashed.error, debug=self.debug, redact=self.redact
        )

    def leave(self, repository: Repository) -> None:
        """Take down that a repository is left for another run."""
        self._remaining.append(repository)

    def keep(self, result: RepositoryResult) -> None:
        """Take down what became of a repository, and tell it."""
        kept = without_secrets(result, self.redact)
        self._results.append(kept)
        lines = repository_lines(kept, mode=self.mode, several=self.several, told=self._told)
        self.console.write(lines)

    def close(self, nothing: RunResult) -> RunResult:
        """Tell what concerns the run as a whole; return everything, filled into `nothing`."""
        if self._remaining and self.stop.requested:
            self.ended(problems.stopped(self.stop.reason))
        if self._remaining and self.several:
            self.ended(self._incomplete())
        for problem in self._problems.values():
            self.console.problem(problem)
        return replace(
            nothing,
            repositories=tuple(self._results),
            remaining=tuple(self._remaining),
            problems=tuple(self._problems.values()),
        )

    def _incomplete(self) -> Problem:
        """Say where another run goes on: with what this one began and could not end, if any."""
        unended = [
            each.repository
            for each in self._results
            if any(problem.ends_run for problem in each.problems)
        ]
        done = len(self._results) - len(unended)
        following = (*unended, *self._remaining)
        return planning_problems.incomplete_run(done, done + len(following), following[0])
