"""Render the Code Insights report on a commit, and its annotations.

The format: `docs/bitbucket-api.md`, "Code Insights".
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

from pipe.bitbucket.requests import Json
from pipe.models.counting import count_environments
from pipe.models.errors import ExitCode
from pipe.reports.presentation import BAD, ItemState, ItemView, RunView, problem_texts
from pipe.reports.text import truncate

MAX_ANNOTATIONS: Final = 1000
"""The maximum number of annotations of a report."""
ANNOTATIONS_PER_REQUEST: Final = 100

_MAX_SUMMARY: Final = 450
_MAX_DETAILS: Final = 2000


class DeclarationSource(Struct, frozen=True, kw_only=True):
    """Where environments are declared.

    Attributes:
        path: The configuration file, relative to the root of the repository; `None`: none.
        lines: The line that declares each environment, by the environment's name.
    """

    path: str | None
    lines: Mapping[str, int]

    def line_of(self, item: ItemView) -> int | None:
        """Return the line of an environment, by its name after a rename or before."""
        alike = {name.casefold(): line for name, line in self.lines.items()}
        for name in (item.new_name or item.name, item.name):
            line = self.lines.get(name) or alike.get(name.casefold())
            if line is not None:
                return line
        return None


def relative_path(path: str | None, clone_dir: str | None) -> str | None:
    """Return a path relative to the root of the clone; `None`: it lies outside."""
    if path is None:
        return None
    found = PurePosixPath(path)
    if not found.is_absolute():
        return None if ".." in found.parts else str(found)
    if clone_dir is None or not found.is_relative_to(clone_dir):
        return None
    return str(found.relative_to(clone_dir))


def build_report(view: RunView) -> dict[str, Json]:
    """Return the report."""
    plan = [f"Plan: {view.plan}."] if view.plan is not None else []
    problems = [text for each in view.result.problems for text in problem_texts(each)]
    body: dict[str, Json] = {
        "type": "report",
        "title": "Bitbucket Environment",
        "details": truncate("\n".join([*plan, view.summary, *problems]), _MAX_DETAILS),
        "report_type": "TEST",
        "reporter": "Bitbucket Environment",
        "result": "PASSED" if view.result.exit_code is ExitCode.OK else "FAILED",
        "data": [*_data(view)],
    }
    if view.about.pipeline_url is not None:
        body["link"] = view.about.pipeline_url
    return body


def _data(view: RunView) -> Iterator[Json]:
    """Return the numbers beside the report; Bitbucket takes at most ten."""
    yield {"title": "Mode", "type": "TEXT", "value": str(view.result.mode)}
    yield {"title": "Repositories", "type": "NUMBER", "value": len(view.repositories)}
    plan = view.counts
    for title, number in (
        ("To create", plan.create),
        ("To change", plan.update),
        ("To delete", plan.delete),
        ("Unchanged", plan.unchanged),
        ("Refused", plan.refuse),
    ):
        yield {"title": title, "type": "NUMBER", "value": number}
    failed = count_environments(view.result.environments).failed + len(view.result.problems)
    failed += sum(each.problem is not None for each in view.repositories)
    yield {"title": "Failed", "type": "NUMBER", "value": failed}
    yield {"title": "Duration", "type": "DURATION", "value": round(view.result.seconds * 1000)}


def build_annotations(view: RunView, source: DeclarationSource, prefix: str) -> list[Json]:
    """Return an annotation for everything that someone should look at.

    `prefix` begins the id of each annotation, so that the next run replaces it.
    """
    found = list(islice(_annotations(view, source), MAX_ANNOTATIONS))
    return [
        {**body, "external_id": f"{prefix}-{number:04}"} for number, body in enumerate(found, 1)
    ]


def _annotations(view: RunView, source: DeclarationSource) -> Iterator[dict[str, Json]]:
    for repository in view.repositories:
        prefix = f"{repository.name} · " if view.is_fleet else ""
        if repository.problem is not None:
            texts = problem_texts(repository.problem)
            yield _annotation(f"{repository.name}: failed", texts, ItemState.FAILED, source, None)
        for item in repository.items:
            if item.state in BAD:
                title = f"{prefix}{item.name}: {item.verdict}"
                line = source.line_of(item)
                yield _annotation(title, item.details, item.state, source, line)


def _annotation(
    title: str, texts: list[str], state: ItemState, source: DeclarationSource, line: int | None
) -> dict[str, Json]:
    is_drift = state is ItemState.DRIFT
    body: dict[str, Json] = {
        "annotation_type": "CODE_SMELL" if is_drift else "BUG",
        "summary": truncate(title, _MAX_SUMMARY),
        "details": truncate("\n".join(texts), _MAX_DETAILS),
        "result": "FAILED",
        "severity": "MEDIUM" if is_drift else "HIGH",
    }
    if source.path is not None:
        body["path"] = source.path
        if line is not None:
            body["line"] = line
    return body
