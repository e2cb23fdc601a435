"""Publishes the result in Bitbucket: Code Insights, and a comment. Failing is only a warning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipe.bitbucket import objects
from pipe.bitbucket.protocol import FateUnknown, Method, Rejected, Repeatable, json_content, segment
from pipe.errors import PipeError
from pipe.report import comment, insights
from pipe.report.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipe.bitbucket.protocol import Done, Json, Vanished
    from pipe.report.console import Log
    from pipe.report.details import About
    from pipe.report.publisher import Publisher
    from pipe.results import RunResult
    from pipe.settings import Settings


class UnpublishedError(Exception):
    """Something could not be published, and why."""


def publish(
    settings: Settings, result: RunResult, about: About, publisher: Publisher, console: Log
) -> None:
    """Publish what was asked for, and say so; the run is the same whether that works or not."""
    if settings.code_insights:
        try:
            commit = publish_insights(settings, result, about, publisher)
        except UnpublishedError as error:
            console.warning(f"The Code Insights report was not published: {error}")
        else:
            console.info(f"Published as a Code Insights report on commit {commit[:12]}")
    if settings.comment and settings.context.pull_request_id is None:
        console.info("No comment: this pipeline does not run for a pull request")
    elif settings.comment:
        try:
            number = publish_comment(settings, result, about, publisher)
        except UnpublishedError as error:
            console.warning(f"The comment on the pull request was not written: {error}")
        else:
            console.info(f"Commented on pull request {number}")


def publish_insights(
    settings: Settings, result: RunResult, about: About, publisher: Publisher
) -> str:
    """Publish the report and its annotations; return the commit.

    Raises:
        UnpublishedError: It could not be done.
    """
    commit = settings.context.commit or ""
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        message = "BITBUCKET_COMMIT names no commit; outside Pipelines, set it to a full hash"
        raise UnpublishedError(message)
    name = f"bitbucket-environment-{identity(settings)}"
    path = f"{_repository(settings)}/commit/{commit}/reports/{name}"
    for request in _insights(settings, result, about, path, name):
        try:
            answer = publisher.send_through_proxy(request)
        except PipeError as error:
            raise UnpublishedError(_reason(error)) from error
        # What an earlier run left may not be there to be deleted.
        if isinstance(answer, Rejected) and request.method is not Method.DELETE:
            raise UnpublishedError(_refused(answer, "read:repository:bitbucket"))
    return commit


def _insights(
    settings: Settings, result: RunResult, about: About, path: str, name: str
) -> Iterator[Repeatable[Done | Vanished]]:
    """Yield the requests; annotations of an earlier run on this commit go with its report."""
    source = insights.Source(
        path=insights.relative_path(settings.config_file, settings.context.clone_dir),
        lines=settings.lines,
    )
    notes = insights.notes(result, source, name)
    yield objects.deletion(path)
    yield _request(Method.PUT, path, insights.report(result, about))
    for start in range(0, len(notes), insights.AT_ONCE):
        part = notes[start : start + insights.AT_ONCE]
        # Harmless to repeat, although it is a POST: each annotation has its own external id.
        yield _request(Method.POST, f"{path}/annotations", part)


def _request(method: Method, path: str, body: Json) -> Repeatable[Done]:
    return Repeatable(method=method, path=path, content=json_content(body), parse=objects.nothing)


def publish_comment(
    settings: Settings, result: RunResult, about: About, publisher: Publisher
) -> str:
    """Write or update the comment; return the number of the pull request.

    Raises:
        UnpublishedError: It could not be done.
    """
    number = settings.context.pull_request_id or ""
    if not re.fullmatch(r"[0-9]{1,9}", number):
        message = "BITBUCKET_PR_ID is not the number of a pull request"
        raise UnpublishedError(message)
    path = f"{_repository(settings)}/pullrequests/{number}/comments"
    try:
        answer = comment.put(publisher, path, comment.body(result, about, identity(settings)))
    except PipeError as error:
        raise UnpublishedError(_reason(error)) from error
    if isinstance(answer, Rejected):
        scopes = "read:pullrequest:bitbucket and write:pullrequest:bitbucket"
        raise UnpublishedError(_refused(answer, scopes))
    if isinstance(answer, FateUnknown):
        message = f"it may be there or not, the answer was lost ({answer.reason})"
        raise UnpublishedError(message)
    return number


def _repository(settings: Settings) -> str:
    workspace, _, slug = (settings.context.repository or "").partition("/")
    if not workspace or not slug:
        message = "BITBUCKET_REPO_FULL_NAME is not the name of a repository (workspace/slug)"
        raise UnpublishedError(message)
    return f"/2.0/repositories/{segment(workspace)}/{segment(slug)}"


def _reason(error: PipeError) -> str:
    return " ".join(part for part in (error.problem.what, error.problem.why) if part)


def _refused(answer: Rejected, scopes: str) -> str:
    said = answer.message or "nothing"
    return f"Bitbucket says ({answer.status}): {said}. An API token needs the scope {scopes}."
