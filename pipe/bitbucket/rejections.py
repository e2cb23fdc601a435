"""Explain why Bitbucket refused a request (4xx): its words, and what to do about them."""

import re
from http import HTTPStatus
from typing import Final, TypeVar

from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import ExitCode, PipeError, Problem

T = TypeVar("T")

_MORE_SCOPES: Final = (
    "also read:repository:bitbucket to select among repositories (or name them one by one) and"
    " admin:repository:bitbucket for ENABLE_PIPELINES; an access token or OAuth consumer needs"
)
_SCOPES: Final = (
    "An API token needs the scopes read:pipeline:bitbucket and admin:pipeline:bitbucket (neither"
    f" includes the other), {_MORE_SCOPES} pipeline:write, pipeline:variable and repository."
)
_SCOPES_TO_READ: Final = (
    "To read, an API token needs the scope read:pipeline:bitbucket,"
    f" {_MORE_SCOPES} pipeline and repository."
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
            "Use a credential with the required scopes. {scopes} The owner of the credential must"
            " be an administrator of the repository."
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
    needed = _SCOPES_TO_READ if rejected.read_only else _SCOPES
    message = rejected.message.casefold()
    specific = next(
        (
            text
            for status, part, text in _REMEDIES_BY_MESSAGE
            if status == rejected.status and part in message
        ),
        scopes_remedy(rejected) or remedy.format(subject=subject, scopes=needed),
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


def scopes_remedy(rejected: Rejected) -> str:
    """Return which scopes are missing; empty: Bitbucket does not say."""
    missing = ", ".join(each for each in rejected.required if each not in rejected.granted)
    return f"Use a credential that also has: {missing}." if missing else ""


def bitbucket_says(rejected: Rejected) -> str:
    """Return Bitbucket's reason as a sentence, with the stable key of the error if it has one."""
    key = f" ({rejected.key})" if rejected.key else ""
    if not rejected.message:
        return f"Bitbucket gave no reason{key}."
    return f"Bitbucket says: {rejected.message}{key}"
