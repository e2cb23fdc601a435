"""The Code Insights report on a commit, and its annotations (pure).

What Bitbucket takes: `docs/bitbucket-api.md`, "Code Insights".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

from pipe.bitbucket.requests import Json
from pipe.models.changes import SetName
from pipe.models.errors import ExitCode
from pipe.models.results import EnvironmentResult, Mode, RunResult
from pipe.reports.log import planned, summary
from pipe.reports.presentation import (
    GOOD,
    About,
    State,
    change_lines,
    problem_texts,
    state_of,
    states,
    verdict,
)
from pipe.reports.text import cut, one_line

MOST_DATA: Final = 10
MOST_ANNOTATIONS: Final = 1000
"""What one report may have altogether."""
AT_ONCE: Final = 100
"""What one request may bring."""

_LONGEST_SUMMARY: Final = 450
_LONGEST_DETAILS: Final = 2000


class Source(Struct, frozen=True, kw_only=True):
    """Where environments are declared.

    Attributes:
        path: The configuration file, from the root of the repository; `None`: there is none.
        lines: The line on which each environment is declared, by its name.
    """

    path: str | None
    lines: Mapping[str, int]

    def line_of(self, result: EnvironmentResult) -> int | None:
        """Return the line of an environment, by its name after a rename or before."""
        names = [each.change.after for each in result.changes if isinstance(each.change, SetName)]
        alike = {name.casefold(): line for name, line in self.lines.items()}
        for name in (*names, result.plan.name):
            line = self.lines.get(name) or alike.get(name.casefold())
            if line is not None:
                return line
        return None


def relative_path(path: str | None, clone_dir: str | None) -> str | None:
    """Return a path of the clone as seen from its root; `None`: it is elsewhere."""
    if path is None:
        return None
    found = PurePosixPath(path)
    if not found.is_absolute():
        return None if ".." in found.parts else str(found)
    if clone_dir is None or not found.is_relative_to(clone_dir):
        return None
    return str(found.relative_to(clone_dir))


def report(result: RunResult, about: About) -> dict[str, Json]:
    """Return the report."""
    told = summary(result)
    if result.mode in (Mode.PLAN, Mode.CHECK):
        told = f"{planned(result).capitalize()}. {told}"
    problems = [text for each in result.problems for text in problem_texts(each)]
    body: dict[str, Json] = {
        "type": "report",
        "title": "Bitbucket Environment",
        "details": cut("\n".join([told, *problems]), _LONGEST_DETAILS),
        "report_type": "TEST",
        "reporter": "Bitbucket Environment",
        "result": "PASSED" if result.exit_code is ExitCode.OK else "FAILED",
        "data": [*_data(result)],
    }
    if about.pipeline_url is not None:
        body["link"] = about.pipeline_url
    return body


def _data(result: RunResult) -> Iterator[Json]:
    """Return at most ten numbers: seven states, and three more."""
    yield {"title": "Mode", "type": "TEXT", "value": str(result.mode)}
    yield {"title": "Repositories", "type": "NUMBER", "value": len(result.repositories)}
    for state, number in states(result).items():
        yield {"title": f"Environments {state}", "type": "NUMBER", "value": number}
    yield {"title": "Duration", "type": "DURATION", "value": round(result.seconds * 1000)}


def notes(result: RunResult, source: Source, prefix: str) -> list[Json]:
    """Return an annotation for everything that someone should look at.

    Args:
        result: What became of the run.
        source: Where environments are declared.
        prefix: Begins the name of each annotation; the same thing has the same name next time.
    """
    found = list(_notes(result, source))[:MOST_ANNOTATIONS]
    return [
        {**body, "external_id": f"{prefix}-{number:04}"} for number, body in enumerate(found, 1)
    ]


def _notes(result: RunResult, source: Source) -> Iterator[dict[str, Json]]:
    several = len(result.repositories) > 1
    for repository in result.repositories:
        where = f"{repository.repository} · " if several else ""
        if repository.problem is not None:
            texts = problem_texts(repository.problem)
            yield _note(f"{repository.repository}: failed", texts, State.FAILED, source, None)
        for each in repository.environments:
            state = state_of(each, result.mode)
            if state not in GOOD:
                title = f"{where}{each.plan.name}: {verdict(each, result.mode)}"
                problems = [text for one in each.problems for text in problem_texts(one)]
                texts = [*change_lines(each), *problems]
                yield _note(title, texts, state, source, source.line_of(each))


def _note(
    title: str, texts: list[str], state: State, source: Source, line: int | None
) -> dict[str, Json]:
    body: dict[str, Json] = {
        "annotation_type": "CODE_SMELL" if state is State.DRIFT else "BUG",
        "summary": cut(one_line(title), _LONGEST_SUMMARY),
        "details": cut("\n".join(texts), _LONGEST_DETAILS),
        "result": "FAILED",
        "severity": "MEDIUM" if state is State.DRIFT else "HIGH",
    }
    if source.path is not None:
        body["path"] = source.path
        if line is not None:
            body["line"] = line
    return body
