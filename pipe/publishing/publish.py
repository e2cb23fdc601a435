"""Publish the result as Code Insights report and pull-request comment; failures are warnings."""

import re
from collections.abc import Iterator
from hashlib import sha256
from http import HTTPMethod

from pipe.bitbucket import payloads
from pipe.bitbucket.auth import ApiToken
from pipe.bitbucket.requests import (
    AlreadyGone,
    Done,
    IdempotentRequest,
    Json,
    OutcomeUnknown,
    Rejected,
    json_content,
    segment,
)
from pipe.models.errors import PipeError
from pipe.publishing import code_insights, pr_comment
from pipe.publishing.publisher import Publisher
from pipe.reports.console import Log
from pipe.reports.presentation import RunView
from pipe.settings.loader import Settings


def identity(settings: Settings) -> str:
    """Return 12 hexadecimal digits that stay the same from run to run.

    A pipeline may use the pipe several times, for one environment each or in parallel steps. The
    content of a configuration file changes with every pull request, so only its name counts.
    """
    if settings.options.config_file is not None:
        parts = [settings.options.config_file]
    else:
        base = settings.declarations.base
        parts = [repr(settings.selection.items)]
        parts += [each.name for each in base.environments]
        parts += [f"{each.name_pattern} {each.type}" for each in base.rules]
    parts.append(repr(settings.parallel))
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


class UnpublishedError(Exception):
    """Something could not be published; the message says why."""


def publish(settings: Settings, view: RunView, publisher: Publisher, console: Log) -> None:
    """Publish what the settings ask for, and log it; the result of the run is not affected."""
    if settings.options.code_insights:
        try:
            commit = publish_insights(settings, view, publisher)
        except (UnpublishedError, PipeError) as error:
            console.warning(f"The Code Insights report was not published: {_reason(error)}")
        else:
            console.info(f"Published as a Code Insights report on commit {commit[:12]}")
    if settings.options.comment and settings.context.pull_request_id is None:
        console.info("No comment: this pipeline does not run for a pull request")
    elif settings.options.comment:
        try:
            number = publish_comment(settings, view, publisher)
        except (UnpublishedError, PipeError) as error:
            console.warning(f"The comment on the pull request was not written: {_reason(error)}")
        else:
            console.info(f"Commented on pull request {number}")


def publish_insights(settings: Settings, view: RunView, publisher: Publisher) -> str:
    """Publish the report and its annotations; return the commit.

    Raises:
        UnpublishedError: Bitbucket refused it, or there is nowhere to publish it.
        PipeError: A request could not be completed.
    """
    commit = settings.context.commit or ""
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        raise UnpublishedError(
            "BITBUCKET_COMMIT is not a commit; outside Pipelines, set it to its hash"
        )
    name = f"bitbucket-environment-{identity(settings)}"
    path = f"{_repository(settings)}/commit/{commit}/reports/{name}"
    for request in _insights(settings, view, path, name):
        answer = publisher.send_through_proxy(request)
        # There may be no report of an earlier run to delete.
        if isinstance(answer, Rejected) and request.method is not HTTPMethod.DELETE:
            is_api_token = isinstance(settings.credentials, ApiToken)
            scopes = "read:repository:bitbucket" if is_api_token else "repository"
            raise UnpublishedError(_refused(answer, scopes))
    return commit


def _insights(
    settings: Settings, view: RunView, path: str, name: str
) -> Iterator[IdempotentRequest[Done | AlreadyGone]]:
    """Yield the requests; deleting an earlier report on this commit deletes its annotations."""
    source = code_insights.DeclarationSource(
        path=code_insights.relative_path(settings.options.config_file, settings.context.clone_dir),
        lines=settings.lines,
    )
    annotations = code_insights.build_annotations(view, source, name)
    yield payloads.deletion(path)
    yield _request(HTTPMethod.PUT, path, code_insights.build_report(view))
    size = code_insights.ANNOTATIONS_PER_REQUEST
    for start in range(0, len(annotations), size):
        # This POST may be repeated: each annotation has its own external id.
        yield _request(HTTPMethod.POST, f"{path}/annotations", annotations[start : start + size])


def _request(method: HTTPMethod, path: str, body: Json) -> IdempotentRequest[Done]:
    return IdempotentRequest(
        method=method, path=path, content=json_content(body), parse=payloads.accepted
    )


def publish_comment(settings: Settings, view: RunView, publisher: Publisher) -> str:
    """Write or update the comment; return the number of the pull request.

    Raises:
        UnpublishedError: Bitbucket refused it, or there is nowhere to publish it.
        PipeError: A request could not be completed.
    """
    number = settings.context.pull_request_id or ""
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise UnpublishedError("BITBUCKET_PR_ID is not the number of a pull request")
    path = f"{_repository(settings)}/pullrequests/{number}/comments"
    answer = pr_comment.put(publisher, path, pr_comment.body(view, identity(settings)))
    if isinstance(answer, Rejected):
        scopes = "pullrequest:write"
        if isinstance(settings.credentials, ApiToken):
            scopes = "read:pullrequest:bitbucket and write:pullrequest:bitbucket"
        raise UnpublishedError(_refused(answer, scopes))
    if isinstance(answer, OutcomeUnknown):
        raise UnpublishedError(
            f"the answer was lost ({answer.reason}), so the comment may exist or not"
        )
    return number


def _repository(settings: Settings) -> str:
    """Return the path of the repository that the pipeline runs in, else of the one selected."""
    name = settings.context.repository or str(settings.selection.single or "")
    workspace, _, slug = name.partition("/")
    if not workspace or not slug:
        raise UnpublishedError(
            "the repository of the pipeline is unknown; set BITBUCKET_REPO_FULL_NAME to"
            " workspace/slug"
        )
    return f"/2.0/repositories/{segment(workspace)}/{segment(slug)}"


def _reason(error: UnpublishedError | PipeError) -> str:
    if isinstance(error, UnpublishedError):
        return str(error)
    return " ".join(part for part in (error.problem.what, error.problem.why) if part)


def _refused(answer: Rejected, scopes: str) -> str:
    message = (answer.message or "no message").rstrip(".")
    return f"Bitbucket says ({answer.status}): {message}. Required scopes: {scopes}."
