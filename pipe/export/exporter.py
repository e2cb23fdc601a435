"""What exists, written as a configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from pipe.apply.context import ApplyContext
from pipe.apply.reader import list_environments, read_contents
from pipe.bitbucket import problems
from pipe.export import document
from pipe.export.document import Held
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import Abandoned, Crashed, NotStarted, WorkerPool
from pipe.models.declaration import Desired, Repository
from pipe.models.errors import PipeError, Problem, RunOverError
from pipe.models.results import RepositoryResult, RunResult

_EVERYTHING = Desired(branches=(), variables=())
"""Asks for all that an environment holds."""


@dataclass(kw_only=True)
class Export:
    """One run over its repositories that writes down what it finds.

    Attributes:
        service: Bitbucket.
        crew: Those who read.
        record: Where it is taken down what became of each repository.
        out: Where the file goes.
    """

    service: ApplyContext
    crew: WorkerPool
    record: RunRecorder
    out: TextIO

    def run(self, repositories: tuple[Repository, ...], nothing: RunResult) -> RunResult:
        """Write the configuration file of these repositories; fill results into `nothing`."""
        found: dict[Repository, tuple[Held, ...]] = {}
        outcomes = self.crew.each(self._read, repositories, doing="read")
        for repository, outcome in zip(repositories, outcomes, strict=True):
            match outcome:
                case NotStarted():
                    self.record.leave(repository)
                case Abandoned(reason):
                    self._failed(repository, RunOverError(problems.stopped(reason)).problem)
                case Crashed():
                    self._failed(repository, self.record.unexpected(repository, outcome))
                case Problem():
                    self._failed(repository, outcome)
                case environments:
                    found[repository] = environments
                    self.record.keep(RepositoryResult(repository=repository))
        file = document.make(found, several=self.record.several)
        for warning in file.left_out:
            self.record.console.warning(warning)
        if found:
            missing = [each for each in repositories if each not in found]
            self.out.write(document.text(file, missing))
            self.out.flush()
        return self.record.close(nothing)

    def _read(self, repository: Repository) -> tuple[Held, ...] | Problem:
        try:
            return tuple(
                Held(each, read_contents(self.service, repository, each, _EVERYTHING))
                for each in list_environments(self.service, repository)
            )
        except PipeError as error:
            if error.problem.ends_run:
                self.crew.end()
            return error.problem

    def _failed(self, repository: Repository, problem: Problem) -> None:
        if problem.ends_run and self.record.several:
            self.record.ended(problem)
            self.record.leave(repository)
        else:
            self.record.keep(RepositoryResult(repository=repository, problem=problem))
