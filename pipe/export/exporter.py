"""Read what exists and write it as a configuration file."""

from __future__ import annotations

from typing import Final

from pipe.apply.context import ApplyContext
from pipe.apply.reader import list_environments, read_contents
from pipe.bitbucket import problems
from pipe.context import Writable
from pipe.export import document
from pipe.export.document import Held
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import Abandoned, Crashed, NotStarted, WorkerPool
from pipe.models.declaration import Desired, Repository
from pipe.models.errors import ExitCode, PipeError, Problem, RunOverError
from pipe.models.results import RepositoryResult, RunResult
from pipe.reports.files import reason

_EVERYTHING: Final = Desired(branches=(), variables=())
"""Asks for all that an environment has."""


class Exporter:
    """Runs `export` over the selected repositories.

    Args:
        apply_context: Reads.
        pool: Runs reads in parallel.
        recorder: Receives the results.
        out: Receives the configuration file.
    """

    def __init__(
        self, *, apply_context: ApplyContext, pool: WorkerPool, recorder: RunRecorder, out: Writable
    ) -> None:
        self._context = apply_context
        self._pool = pool
        self._recorder = recorder
        self._out = out

    def run(self, repositories: tuple[Repository, ...], base_result: RunResult) -> RunResult:
        """Write the configuration file of these repositories; return `base_result` with results."""
        found: dict[Repository, tuple[Held, ...]] = {}
        outcomes = self._pool.map(self._read, repositories, activity="read")
        for repository, outcome in zip(repositories, outcomes, strict=True):
            match outcome:
                case NotStarted():
                    self._recorder.skip(repository)
                case Abandoned(signal):
                    self._failed(repository, RunOverError(problems.stopped(signal)).problem)
                case Crashed():
                    self._failed(repository, self._recorder.unexpected(repository, outcome))
                case Problem():
                    self._failed(repository, outcome)
                case environments:
                    found[repository] = environments
                    self._recorder.add(RepositoryResult(repository=repository))
        file = document.make(found, several=self._recorder.many_repositories)
        for warning in file.left_out:
            self._recorder.console.warning(warning)
        if found:
            missing = [each for each in repositories if each not in found]
            self._write(document.text(file, missing))
        return self._recorder.finish(base_result)

    def _read(self, repository: Repository) -> tuple[Held, ...] | Problem:
        try:
            return tuple(
                Held(each, read_contents(self._context, repository, each, _EVERYTHING))
                for each in list_environments(self._context, repository)
            )
        except PipeError as error:
            if error.problem.ends_run:
                self._pool.stop()
            return error.problem

    def _failed(self, repository: Repository, problem: Problem) -> None:
        if problem.ends_run and self._recorder.many_repositories:
            self._recorder.add_problem(problem)
            self._recorder.skip(repository)
        else:
            self._recorder.add(RepositoryResult(repository=repository, problem=problem))

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
        except OSError as error:
            self._recorder.add_problem(_not_written(reason(error)))


def _not_written(why: str) -> Problem:
    """Return the problem for a configuration file that could not be written."""
    return Problem(
        "export-not-written",
        ExitCode.INCOMPLETE,
        "The configuration file was not written to standard output.",
        f"{why[:1].upper()}{why[1:]}.",
        "Check where the output of the pipe goes.",
    )
