"""Read what exists and write it as a configuration file."""

from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pipe.apply.context import ApplyContext
from pipe.apply.reader import read_state
from pipe.bitbucket import problems
from pipe.export import document
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import Abandoned, Crashed, NotStarted, WorkerPool
from pipe.models.declaration import Declaration, Desired, Repository, Rule
from pipe.models.errors import ExitCode, PipeError, Problem, RunOverError
from pipe.models.results import Exported, RepositoryResult, RunResult
from pipe.planning.planner import Observed
from pipe.process.context import Writable
from pipe.redaction import Redactor
from pipe.reports.files import reason, write_atomically

_EVERYTHING: Final = Declaration(
    rules=(Rule(desired=Desired(branches=(), variables=())),), repository=Desired(variables=())
)
"""A declaration for which everything in a repository is read."""


class Exporter(Struct, frozen=True, kw_only=True):
    """Runs `export` over the selected repositories.

    Attributes:
        out: Receives the configuration file if there is no path.
        path: Where to write it (`EXPORT_FILE`), if every repository can be read.
    """

    apply_context: ApplyContext
    pool: WorkerPool
    recorder: RunRecorder
    redactor: Redactor
    out: Writable
    path: str | None

    def run(self, repositories: tuple[Repository, ...], base_result: RunResult) -> RunResult:
        """Write the configuration file of these repositories; return `base_result` with results."""
        found: dict[Repository, Observed] = {}
        outcomes = self.pool.map(self._read, repositories, activity="repositories read")
        for repository, outcome in zip(repositories, outcomes, strict=True):
            match outcome:
                case NotStarted():
                    self.recorder.skip(repository)
                case Abandoned(signal):
                    self._failed(repository, RunOverError(problems.stopped(signal)).problem)
                case Crashed():
                    self._failed(repository, self.recorder.unexpected(repository, outcome))
                case Problem():
                    self._failed(repository, outcome)
                case Observed():
                    found[repository] = outcome
                    self.recorder.add(RepositoryResult(repository=repository))
        exported = None
        missing = [each for each in repositories if each not in found]
        if missing and self.path is not None:
            self.recorder.add_problem(
                _not_written(
                    self.path,
                    "Not every repository could be read, and a file that exists is kept.",
                    "Fix the other errors, or exclude these repositories, and rerun."
                    " Without EXPORT_FILE, what could be read goes to standard output.",
                )
            )
        elif found:
            exported = self._write(found, missing)
        return replace(self.recorder.finish(base_result), exported=exported)

    def _read(self, repository: Repository) -> Observed | Problem:
        try:
            return read_state(self.apply_context, repository, _EVERYTHING)
        except PipeError as error:
            if error.problem.ends_run:
                self.pool.stop()
            return error.problem

    def _failed(self, repository: Repository, problem: Problem) -> None:
        if problem.ends_run and self.recorder.many_repositories:
            self.recorder.add_problem(problem)
            self.recorder.skip(repository)
        else:
            self.recorder.add(RepositoryResult(repository=repository, problem=problem))

    def _write(
        self, found: dict[Repository, Observed], missing: list[Repository]
    ) -> Exported | None:
        """Write the file and return what is in it; `None`: it could not be written."""
        file = document.make(found, self.redactor)
        for sentence in file.left_out:
            self.recorder.console.warning(sentence)
        text = document.render_yaml(file, missing)
        try:
            if self.path is None:
                self.out.write(text)
            else:
                write_atomically(Path(self.path), text)
        except OSError as error:
            why = reason(error)
            problem = _not_written(
                self.path,
                f"{why[:1].upper()}{why[1:]}.",
                "Set EXPORT_FILE to a file in a folder that exists and can be written to.",
            )
            self.recorder.add_problem(problem)
            return None
        return Exported(file.environments, len(found), self.path)


def _not_written(path: str | None, why: str, remedy: str) -> Problem:
    """Return the problem for a configuration file that was not written."""
    place = "standard output" if path is None else path
    return Problem(
        "export-not-written",
        ExitCode.INCOMPLETE,
        f"The configuration file was not written to {place}.",
        why,
        remedy,
    )
