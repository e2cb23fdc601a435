"""Catalogue of the failures of talking to Bitbucket: what failed, why, and what to do."""

from typing import Final

from pipe.bitbucket.rejections import bitbucket_says, scopes_remedy
from pipe.bitbucket.requests import Rejected
from pipe.models.errors import ExitCode, Problem

BRANCHES_UNSUPPORTED: Final = "branches-unsupported"

_RERUN: Final = "Completed changes are kept; rerun to continue."
_STATUS_PAGE: Final = "https://bitbucket.status.atlassian.com"


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
    """Describe a redirection to another workspace and slug; `None`: they can't be shown."""
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
    """Describe the end of retries; `asked` is what the service asked to wait, in seconds."""
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


def wait_exceeds_deadline(seconds: float, deadline_seconds: float, remaining: float) -> Problem:
    return Problem(
        "out-of-time",
        ExitCode.GAVE_UP,
        f"Waiting {seconds:.1f} seconds would exceed the {deadline_seconds:g}-second deadline"
        f" ({remaining:.1f} left).",
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
        scopes_remedy(rejected)
        or "Use an access token or an OAuth consumer, which this endpoint accepts more often than"
        " an API token; or set the branches on the repository's Deployments settings page and"
        " remove branches (BRANCHES). Everything that does not depend on them was handled.",
    )


def _attempts(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"
