"""Collect and log results as they arrive."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from pipe.bitbucket import problems
from pipe.fleet.workers import Crashed
from pipe.models.changes import Create, Keep, UpdateVariable
from pipe.models.declaration import Repository
from pipe.models.errors import ExitCode, Problem
from pipe.models.results import ChangeResult, Outcome, RepositoryResult, RunResult
from pipe.planning import problems as planning_problems
from pipe.process.context import Stop
from pipe.redaction import Redactor
from pipe.reports.console import Log
from pipe.reports.log import RepositoryLog, plan_line, report_unexpected
from pipe.reports.text import one_line


class RunRecorder(Struct, kw_only=True, eq=False):
    """The results of a run, in the order of its repositories.

    Attributes:
        console: Receives each result as it is added.
        debug: Whether tracebacks are logged.
        many_repositories: Whether the run handles more than one repository.
    """

    console: Log
    redactor: Redactor
    lines: RepositoryLog
    debug: bool
    many_repositories: bool
    stop: Stop
    _results: list[RepositoryResult] = []
    _remaining: list[Repository] = []
    _problems: dict[str, Problem] = {}

    def log_once(self, problem: Problem) -> None:
        """Log the problem of several repositories; it is not logged again with each of them."""
        self.console.problem(problem)
        self.lines.already_logged(problem)

    def add_problem(self, problem: Problem) -> None:
        """Add a problem of the run as a whole; only the first of a kind is kept."""
        self._problems.setdefault(problem.key, problem)

    def unexpected(self, repository: Repository, crashed: Crashed) -> Problem:
        """Return the problem for a bug in this program."""
        return report_unexpected(self.console, str(repository), crashed.error, debug=self.debug)

    def add(self, result: RepositoryResult) -> None:
        """Add and log the result of a repository."""
        shown = self.redactor.mask(result)
        self._results.append(shown)
        for each in shown.environments:
            if isinstance(each.plan, Keep) and each.plan.similar:
                self._warn_of_similar(each.plan)
        self._warn_of_plan(shown)
        self.console.write(self.lines.result_lines(shown))

    def _warn_of_plan(self, result: RepositoryResult) -> None:
        """Log what is planned and probably not meant: nothing of it is done yet."""
        self._warn_of_readable(str(result.repository), result.changes)
        for each in result.environments:
            self._warn_of_readable(f"'{one_line(each.plan.name)}'", each.changes)
            former = each.plan.declared.rename_from if isinstance(each.plan, Create) else None
            if former and each.outcome is Outcome.PLANNED:
                self.console.warning(
                    f"'{one_line(former)}' (rename_from, RENAME_FROM) does not exist in"
                    f" {result.repository}, so '{one_line(each.plan.name)}' is created"
                )

    def _warn_of_readable(self, where: str, changes: Iterable[ChangeResult]) -> None:
        """Log which secured variables would be stored plain."""
        for each in changes:
            change = each.change
            if (
                each.outcome is Outcome.PLANNED
                and isinstance(change, UpdateVariable)
                and change.existing.secured
                and change.switches_storage
            ):
                self.console.warning(
                    f"{change.key} of {where} is secured, but declared plain: everyone with access"
                    " can read the new value"
                )

    def _warn_of_similar(self, plan: Keep) -> None:
        """Log which environments are left alone although they resemble an absent one."""
        names = ", ".join(f"'{one_line(each)}'" for each in plan.similar)
        self.console.warning(
            f"'{one_line(plan.name)}' is declared absent and does not exist; not deleted: {names}"
            " (STATE=absent matches the exact name or uuid only)"
        )

    def skip(self, repository: Repository) -> None:
        """Add a repository that is left for another run."""
        self._remaining.append(repository)

    def announce(self, results: Iterable[RepositoryResult]) -> None:
        """Log what will be written, before it is."""
        results = tuple(results)
        for each in results:
            if each.changes or any(
                one.outcome is not Outcome.UNCHANGED for one in each.environments
            ):
                shown = self.redactor.mask(each)
                self._warn_of_plan(shown)
                self.console.write(self.lines.plan_lines(shown))
        if results:
            self.console.write([plan_line(results)])

    def finish(self, base_result: RunResult) -> RunResult:
        """Log the problems of the run as a whole; return `base_result` with everything added."""
        if self._remaining and self.stop.requested:
            self.add_problem(problems.stopped(self.stop.reason))
        if self._remaining and self.many_repositories:
            self.add_problem(self._incomplete())
        for problem in self._problems.values():
            self.console.problem(problem)
        return replace(
            base_result,
            repositories=tuple(self._results),
            remaining=tuple(self._remaining),
            problems=tuple(self._problems.values()),
        )

    def _incomplete(self) -> Problem:
        """Return where another run continues: with the first that a rerun may finish."""
        unfinished = [
            each.repository
            for each in self._results
            if any(problem.code is ExitCode.GAVE_UP for problem in each.problems)
        ]
        done = len(self._results) - len(unfinished)
        following = (*unfinished, *self._remaining)
        return planning_problems.incomplete_run(done, done + len(following), min(following))
