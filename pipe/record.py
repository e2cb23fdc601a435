"""What a run has come to so far, told in the log as it comes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipe import problems, refusals
from pipe.bugs import bug
from pipe.report.log import repository_lines
from pipe.report.redacted import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.crew import Crashed
    from pipe.declaration import Repository
    from pipe.errors import Problem
    from pipe.report.log import Log
    from pipe.results import RepositoryResult, RunResult
    from pipe.runtime import Stop
    from pipe.settings import Mode


@dataclass(kw_only=True)
class Record:
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
        return bug(
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
        return refusals.incomplete_run(done, done + len(following), following[0])
