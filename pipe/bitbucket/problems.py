"""Catalogue of the failures of talking to Bitbucket: what failed, why, and what to do."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final, TypeVar

from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import ExitCode, PipeError, Problem

T = TypeVar("T")

BRANCHES_UNSUPPORTED: Final = "branches-unsupported"

_RERUN: Final = "Completed changes are kept; rerun to continue."
_STATUS_PAGE: Final = "https://bitbucket.status.atlassian.com"
_SCOPES: Final = (
    "An API token needs the scopes read:pipeline:bitbucket and admin:pipeline:bitbucket (neither"
    " includes the other), also read:repository:bitbucket to select among repositories (or name"
    " them one by one) and admin:repository:bitbucket for ENABLE_PIPELINES; an access token or"
    " OAuth consumer needs pipeline:write, pipeline:variable and repository."
)

_MEANINGS: Final[dict[int, tuple[str, ExitCode, str]]] = {
    HTTPStatus.UNAUTHORIZED: (
        "not-authenticated",
        ExitCode.PERMISSION,
        (
            "The token is wrong, expired, or of a kind that this call does not accept: create a new"
            " one, and check that the step passes it to the pipe (a secured variable of the step's"
            " deployment environment, repository or workspace) and, with an API token, the email"
            " address of the same Atlassian account. App passwords were removed on 2026-07-28; use"
            " an API token instead."
        ),
    ),
    HTTPStatus.PAYMENT_REQUIRED: (
        "payment-required",
        ExitCode.INCOMPLETE,
        "The workspace's plan lacks this feature: upgrade the plan, or remove the setting.",
    ),
    HTTPStatus.FORBIDDEN: (
        "not-permitted",
        ExitCode.PERMISSION,
        (
            f"Use a credential with the required scopes. {_SCOPES} The owner of the credential"
            " must be an administrator of the repository."
        ),
    ),
    HTTPStatus.NOT_FOUND: (
        "not-found",
        ExitCode.PERMISSION,
        (
            "{subject} does not exist, or this credential can't see it (Bitbucket does not say"
            " which). Check WORKSPACE and REPO_SLUG (a renamed repository has a new slug), and that"
            " the owner of the credential has access."
        ),
    ),
    HTTPStatus.GONE: (
        "removed-by-bitbucket",
        ExitCode.INCOMPLETE,
        "Bitbucket removed this function from its API: use a newer version of this pipe.",
    ),
}
_OTHER: Final = (
    "refused-by-bitbucket",
    ExitCode.INCOMPLETE,
    "Correct what Bitbucket objects to, then rerun: what is already correct is left alone.",
)

_PLAN: Final = re.compile(
    r"(?i)\b(?:(?:your|current|workspace(?:'s)?) plan|plan of (?:this|the|your) workspace"
    r"|premium (?:plan|feature)|requires? (?:a )?premium|upgrade (?:your|the|to))\b"
)
"""How a message says that the plan of the workspace lacks something: never one word alone, which a
slug or name in the message may be."""

_ALLOWLIST: Final = (
    "The workspace accepts requests from listed IP addresses only: add the addresses of the runner"
    " of this step to the workspace's IP allowlist, or run the step on a runner that is listed."
)
_TWO_STEP: Final = (
    "The workspace requires two-step verification: its owner must enable it for the Atlassian"
    " account behind this credential; or use an access token, which belongs to no person."
)
_REMEDIES_BY_MESSAGE: Final[tuple[tuple[int, str, str], ...]] = (
    (
        HTTPStatus.UNAUTHORIZED,
        "token expired",
        "The token expired: create a new one, and store it where the step takes it from.",
    ),
    (HTTPStatus.FORBIDDEN, "allowlist", _ALLOWLIST),
    (HTTPStatus.FORBIDDEN, "whitelist", _ALLOWLIST),
    (HTTPStatus.FORBIDDEN, "two-step verification", _TWO_STEP),
    (HTTPStatus.FORBIDDEN, "two-factor", _TWO_STEP),
    (
        HTTPStatus.FORBIDDEN,
        "archived",
        (
            "An archived repository is read-only: unarchive it, or exclude it from REPOSITORIES"
            " with '!' before its slug."
        ),
    ),
    (
        HTTPStatus.FORBIDDEN,
        "authentication mechanism",
        (
            "This call does not accept this kind of credential: use an API token where you use an"
            " access token or OAuth consumer, and the other way round."
        ),
    ),
    (
        HTTPStatus.FORBIDDEN,
        "access to this workspace",
        (
            "The owner of the credential is not a member of the workspace: check WORKSPACE, or"
            " use a credential of a member."
        ),
    ),
    (
        HTTPStatus.NOT_FOUND,
        "no workspace with identifier",
        "There is no such workspace: correct WORKSPACE, or the workspace in the CONFIG_FILE.",
    ),
)
"""Remedies for a status and a part of Bitbucket's message (lower case); the first match wins."""


def rejection(doing: str, repository: Repository, rejected: Rejected) -> Problem:
    """Describe why Bitbucket refused a request; `doing` completes "Bitbucket refused to"."""
    return rejection_about(f"{doing} in {repository}", f"The repository {repository}", rejected)


def raise_for_rejection(answer: T | Rejected, doing: str, repository: Repository) -> T:
    """Return the answer, unless Bitbucket refused the request.

    Raises:
        PipeError: It did; `doing` completes "Bitbucket refused to".
    """
    if isinstance(answer, Rejected):
        raise PipeError(rejection(doing, repository, answer))
    return answer


def rejection_about(doing: str, subject: str, rejected: Rejected) -> Problem:
    """Describe why Bitbucket refused a request where `subject` is what may not exist."""
    lacks_plan = plan_lacks_it(rejected)
    status = HTTPStatus.PAYMENT_REQUIRED if lacks_plan else rejected.status
    key, code, remedy = _MEANINGS.get(status, _OTHER)
    scopes = [
        f"{title}: {', '.join(names)}."
        for title, names in (("Required", rejected.required), ("Granted", rejected.granted))
        if names
    ]
    message = rejected.message.casefold()
    specific = next(
        (
            text
            for status, part, text in _REMEDIES_BY_MESSAGE
            if status == rejected.status and part in message
        ),
        _scopes_remedy(rejected) or remedy.format(subject=subject),
    )
    if rejected.status == HTTPStatus.UNAUTHORIZED and rejected.hint:
        specific = rejected.hint
    return Problem(
        key,
        code,
        f"Bitbucket refused to {doing} (HTTP {rejected.status}).",
        " ".join([bitbucket_says(rejected), *scopes]),
        specific,
    )


def plan_lacks_it(rejected: Rejected) -> bool:
    """Return whether the workspace's plan lacks what was requested: a 402, or a 403 saying so."""
    if rejected.status == HTTPStatus.FORBIDDEN:
        return _PLAN.search(rejected.message) is not None
    return rejected.status == HTTPStatus.PAYMENT_REQUIRED


def _scopes_remedy(rejected: Rejected) -> str:
    """Return which scopes are missing; empty: Bitbucket does not say."""
    missing = ", ".join(each for each in rejected.required if each not in rejected.granted)
    return f"Use a credential that also has: {missing}." if missing else ""


def bitbucket_says(rejected: Rejected) -> str:
    """Return Bitbucket's reason as a sentence, with the stable key of the error if it has one."""
    key = f" ({rejected.key})" if rejected.key else ""
    if not rejected.message:
        return f"Bitbucket gave no reason{key}."
    return f"Bitbucket says: {rejected.message}{key}"


def oauth_refused(rejected: Rejected) -> Problem:
    return Problem(
        "oauth-refused",
        ExitCode.PERMISSION,
        f"Bitbucket refused to issue a token to the OAuth consumer (HTTP {rejected.status}).",
        bitbucket_says(rejected),
        "Check BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET (Key and Secret in the"
        " workspace's settings), and that the consumer is marked as private.",
    )


def credential_unusable() -> Problem:
    return Problem(
        "credential-unusable",
        ExitCode.PERMISSION,
        "The access token can't be sent.",
        "It is empty, or contains spaces, line breaks or other characters that no token has.",
        "Copy it again, without what a shell or an editor may have added.",
    )


def list_incomplete(what: str, found: int, size: int | None) -> Problem:
    """Describe a list that could not be read completely; `size` is `None` for an endless one."""
    return Problem(
        "list-incomplete",
        ExitCode.INCOMPLETE,
        f"The list of the {what} can't be read completely.",
        "The list has no end."
        if size is None
        else f"Bitbucket reports {size} items and returned {found} of them, after several reads.",
        "Nothing is decided from an incomplete list. Rerun; if it happens again, report it to"
        " Bitbucket's support.",
    )


def unexpected_response(call: str, attempts: int, last: str) -> Problem:
    return Problem(
        "unexpected-response",
        ExitCode.INCOMPLETE,
        f"{call} returned an unexpected response ({_attempts(attempts)}).",
        f"Last response: {last}",
        "Check BITBUCKET_API_URL, and whether a proxy answers in Bitbucket's place.",
    )


def redirected(call: str, status: int) -> Problem:
    return Problem(
        "redirected",
        ExitCode.INCOMPLETE,
        f"{call} was redirected (HTTP {status}).",
        "It points elsewhere; it is not followed, so that credentials go to Bitbucket only.",
        "Check BITBUCKET_API_URL, and whether a proxy or login page answers in Bitbucket's place.",
    )


def repository_renamed(old: str, status: int, workspace: str | None, slug: str | None) -> Problem:
    """Describe a redirection to the same address under another repository.

    Args:
        old: Workspace and slug that were requested.
        status: The HTTP status.
        workspace: The workspace that it points to, if it can be shown.
        slug: The slug that it points to, if it can be shown.
    """
    known = workspace is not None and slug is not None
    return Problem(
        "repository-renamed",
        ExitCode.INCOMPLETE,
        f"The repository {old} was renamed or moved (HTTP {status}).",
        f"Bitbucket redirects to {workspace}/{slug}; redirections are not followed."
        if known
        else "Bitbucket redirects to another repository; redirections are not followed.",
        f"Write WORKSPACE: {workspace} and REPO_SLUG: {slug}, if this is the right repository."
        if known
        else "Write its new name in WORKSPACE and REPO_SLUG, as its address in the browser has it.",
    )


def unreachable(call: str, attempts: int, last: str) -> Problem:
    return Problem(
        "service-unreachable",
        ExitCode.GAVE_UP,
        f"{call} could not be sent ({_attempts(attempts)}): no connection to the service.",
        f"Last attempt: {last}",
        "Check the network, BITBUCKET_API_URL, HTTPS_PROXY and NO_PROXY, and SSL_CERT_FILE if"
        f" certificates are mentioned. {_RERUN}",
    )


def unavailable(call: str, attempts: int, last: str) -> Problem:
    return Problem(
        "service-unavailable",
        ExitCode.GAVE_UP,
        f"{call} failed ({_attempts(attempts)}).",
        f"Last response: {last}",
        f"See {_STATUS_PAGE}, and retry later. {_RERUN}",
    )


def rate_limited(call: str, attempts: int, last: str) -> Problem:
    return Problem(
        "rate-limited",
        ExitCode.GAVE_UP,
        f"{call} was refused ({_attempts(attempts)}): too many requests.",
        f"Last response: {last}",
        "Bitbucket allows about 1,000 requests an hour per identity. Wait, use a separate"
        f" credential for this pipe, or split the work. {_RERUN}",
    )


def no_time_to_retry(call: str, last: str, asked: float | None) -> Problem:
    """Describe a failed request whose next attempt would exceed the deadline.

    Args:
        call: The request.
        last: What was seen at last.
        asked: The seconds that the service asked to wait, if it did.
    """
    pause = f" The service asked to wait {asked:.0f} seconds." if asked is not None else ""
    return Problem(
        "out-of-time",
        ExitCode.GAVE_UP,
        f"{call} failed, and no time is left to retry it.",
        f"Last response: {last}.{pause}",
        f"Increase DEADLINE, or rerun later. {_RERUN}",
    )


def retry_budget_spent(call: str, last: str) -> Problem:
    return Problem(
        "retry-budget-spent",
        ExitCode.GAVE_UP,
        f"{call} failed, and this run has retried too many requests to retry it.",
        f"Last response: {last}",
        f"The service fails often: see {_STATUS_PAGE}, and retry later. {_RERUN}",
    )


def service_failing(failures: int, last: Problem) -> Problem:
    """Describe a run that ends because too many requests in a row failed at every attempt.

    Args:
        failures: How many.
        last: The last of these failures.
    """
    return Problem(
        "service-failing",
        ExitCode.GAVE_UP,
        f"{failures} requests in a row failed: the run ends here.",
        f"{last.what} {last.why}",
        last.remedy,
        ends_run=True,
    )


def hourly_limit_reached(limit: int, seconds: float) -> Problem:
    return Problem(
        "hourly-limit-reached",
        ExitCode.GAVE_UP,
        f"The limit of {limit:,} requests an hour is reached.",
        f"The next request is possible in {seconds:.0f} seconds, after DEADLINE.",
        f"Rerun later, or increase DEADLINE: the run then waits as long as it has to. {_RERUN}",
    )


def deadline_exceeded(deadline_seconds: float) -> Problem:
    return Problem(
        "out-of-time",
        ExitCode.GAVE_UP,
        f"The run exceeded its {deadline_seconds:g}-second deadline.",
        "DEADLINE bounds the whole run, waiting included.",
        f"Increase DEADLINE, or rerun. {_RERUN}",
    )


def pause_exceeds_deadline(seconds: float) -> Problem:
    return Problem(
        "out-of-time",
        ExitCode.GAVE_UP,
        f"Bitbucket asked to wait {seconds:.0f} seconds, longer than this run may take.",
        "DEADLINE bounds the whole run, waiting included.",
        f"Increase DEADLINE, or rerun later. {_RERUN}",
    )


def stopped(reason: str) -> Problem:
    return Problem(
        "stopped",
        ExitCode.GAVE_UP,
        "The run was stopped before it was complete.",
        reason,
        f"Rerun. {_RERUN}",
    )


def variables_unavailable(name: str, rejected: Rejected) -> Problem:
    return Problem(
        "variables-unavailable",
        ExitCode.INCOMPLETE,
        f"The variables of '{name}' can't be read or written (HTTP {rejected.status}).",
        bitbucket_says(rejected),
        "This is normal for a moment after an environment is created: rerun in a minute.",
    )


def branches_unsupported(name: str, rejected: Rejected) -> Problem:
    return Problem(
        BRANCHES_UNSUPPORTED,
        ExitCode.INCOMPLETE,
        f"The branches that may deploy to '{name}' could not be read or set"
        f" (HTTP {rejected.status}).",
        "Bitbucket offers no supported way (BCLOUD-21703), and its internal endpoint refused."
        f" {bitbucket_says(rejected)}",
        _scopes_remedy(rejected)
        or "Use an access token or an OAuth consumer, which this endpoint accepts more often than"
        " an API token; or set the branches on the repository's Deployments settings page and"
        " remove branches (BRANCHES). Everything that does not depend on them was handled.",
    )


def _attempts(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"
