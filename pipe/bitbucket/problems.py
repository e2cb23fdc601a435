"""Every failure of talking to Bitbucket, told: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import ExitCode, Problem

_SCOPES: Final = (
    "An API token needs the scopes read:pipeline:bitbucket and admin:pipeline:bitbucket (neither"
    " includes the other), also read:repository:bitbucket to choose among repositories and"
    " admin:repository:bitbucket for ENABLE_PIPELINES; an access token or OAuth consumer needs"
    " pipeline:write, pipeline:variable and repository."
)
BRANCHES_UNSUPPORTED: Final = "branches-unsupported"

_STANDS: Final = "What was done stands; a rerun continues."


def rejection(doing: str, repository: Repository, rejected: Rejected) -> Problem:
    """Return what Bitbucket's refusal means; `doing` completes "Bitbucket refused to"."""
    return refusal(f"{doing} in {repository}", f"The repository {repository}", rejected)


def refusal(doing: str, subject: str, rejected: Rejected) -> Problem:
    """Return what Bitbucket's refusal means where `subject` is what may not exist."""
    key, code, remedy = _MEANINGS.get(rejected.status, _OTHER)
    said = (
        f"Bitbucket says: {rejected.message}" if rejected.message else "Bitbucket gave no reason."
    )
    return Problem(
        key=key,
        code=code,
        what=f"Bitbucket refused to {doing} (HTTP {rejected.status}).",
        why=" ".join(part for part in (said, _scopes_told(rejected)) if part),
        remedy=remedy(subject, rejected),
    )


def _authenticate(_subject: str, rejected: Rejected) -> str:
    first = (
        "The token expired: create a new one."
        if rejected.message.lower() == "access token expired."
        else "The token is wrong, expired, or of a kind that this call does not take: create a new"
        " one, and check that it is passed to the pipe (a secured variable of the repository or"
        " workspace) and, with an API token, the email of the same Atlassian account."
    )
    return f"{first} App passwords stopped working on 2026-07-28; an API token replaces them."


def _permit(_subject: str, _rejected: Rejected) -> str:
    return (
        f"Use a credential with the scopes that are needed. {_SCOPES} Its owner must be an"
        " administrator of the repository."
    )


def _find(subject: str, _rejected: Rejected) -> str:
    return (
        f"{subject} does not exist, or this credential can't see it (Bitbucket does not say"
        " which). Check WORKSPACE and REPO_SLUG, and that the credential belongs to someone with"
        " access."
    )


def _upgrade(_subject: str, _rejected: Rejected) -> str:
    return "The workspace's plan lacks this feature: upgrade it, or take the field out."


def _removed(_subject: str, _rejected: Rejected) -> str:
    return "Bitbucket removed this function: look for a newer version of this pipe."


def _read_words(_subject: str, _rejected: Rejected) -> str:
    return "Correct what Bitbucket objects to, then run again: what is right is left alone."


_MEANINGS: Final[dict[int, tuple[str, ExitCode, Callable[[str, Rejected], str]]]] = {
    401: ("not-authenticated", ExitCode.PERMISSION, _authenticate),
    402: ("payment-required", ExitCode.INCOMPLETE, _upgrade),
    403: ("not-permitted", ExitCode.PERMISSION, _permit),
    404: ("not-found", ExitCode.PERMISSION, _find),
    410: ("removed-by-bitbucket", ExitCode.INCOMPLETE, _removed),
}
_OTHER: Final = ("refused-by-bitbucket", ExitCode.INCOMPLETE, _read_words)


def _scopes_told(rejected: Rejected) -> str:
    required = f"Required: {', '.join(rejected.required)}." if rejected.required else ""
    granted = f"Granted: {', '.join(rejected.granted)}." if rejected.granted else ""
    return " ".join(part for part in (required, granted) if part)


def oauth_refused(rejected: Rejected) -> Problem:
    """The token endpoint did not accept the OAuth consumer."""
    return Problem(
        key="oauth-refused",
        code=ExitCode.PERMISSION,
        what=f"Bitbucket gave no token to the OAuth consumer (HTTP {rejected.status}).",
        why=f"Bitbucket says: {rejected.message or 'nothing'}",
        remedy="Check BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET (shown as Key and"
        " Secret in the workspace's settings), and that the consumer is marked as private.",
    )


def credential_unusable() -> Problem:
    """A token holds characters that can't be sent."""
    return Problem(
        key="credential-unusable",
        code=ExitCode.PERMISSION,
        what="The access token can't be sent.",
        why="It is empty, or holds spaces, line breaks or other characters that no token has.",
        remedy="Copy it again; mind what a shell or an editor may have added to it.",
    )


def list_incomplete(what: str, found: int, size: int | None) -> Problem:
    """A list that Bitbucket would not give whole."""
    why = (
        "The list has no end."
        if size is None
        else f"Bitbucket says that there are {size}, and gave {found} of them however often asked."
    )
    return Problem(
        key="list-incomplete",
        code=ExitCode.INCOMPLETE,
        what=f"The list of the {what} can't be read completely.",
        why=why,
        remedy="Nothing is decided on half a list. Run again; if it stays so, tell Bitbucket's"
        " support.",
    )


def makes_no_sense(call: str, attempts: int, last: str) -> Problem:
    """Answers came that are not Bitbucket's, or not whole."""
    return Problem(
        key="answer-makes-no-sense",
        code=ExitCode.INCOMPLETE,
        what=f"{call} was answered with what makes no sense, {_times(attempts)}.",
        why=f"Last answer: {last}",
        remedy="Check BITBUCKET_API_URL, and whether a proxy answers in Bitbucket's place.",
    )


def redirected(call: str, status: int, where: str) -> Problem:
    """An answer points elsewhere; following it could hand credentials to a stranger."""
    return Problem(
        key="redirected",
        code=ExitCode.INCOMPLETE,
        what=f"{call} was answered with a redirection (HTTP {status}).",
        why=f"It points to {where or 'nowhere'}; credentials are not taken there.",
        remedy="Check BITBUCKET_API_URL, WORKSPACE and REPO_SLUG: a renamed repository or workspace"
        " redirects too.",
    )


def unreachable(call: str, attempts: int, last: str) -> Problem:
    """No connection to the service."""
    return Problem(
        key="service-unreachable",
        code=ExitCode.GAVE_UP,
        what=f"{call} could not be sent, {_times(attempts)}: no connection to the service.",
        why=f"Last try: {last}",
        remedy="Check the network, BITBUCKET_API_URL, HTTPS_PROXY and NO_PROXY; if certificates are"
        f" mentioned, SSL_CERT_FILE. {_STANDS}",
    )


def unavailable(call: str, attempts: int, last: str, *, is_write: bool) -> Problem:
    """The service did not do its work."""
    doubt = " Whether it took effect is unknown." if is_write else ""
    return Problem(
        key="service-unavailable",
        code=ExitCode.GAVE_UP,
        what=f"{call} failed, {_times(attempts)}.{doubt}",
        why=f"Last answer: {last}",
        remedy=f"See https://bitbucket.status.atlassian.com, and try later. {_STANDS}",
    )


def rate_limited(call: str, attempts: int, last: str) -> Problem:
    """The service kept asking to slow down."""
    return Problem(
        key="rate-limited",
        code=ExitCode.GAVE_UP,
        what=f"{call} was refused, {_times(attempts)}: too many requests.",
        why=f"Last answer: {last}",
        remedy="Bitbucket allows about 1,000 requests an hour to one identity. Wait, use a"
        f" credential of its own for this pipe, or split the work. {_STANDS}",
    )


def no_time_to_repeat(call: str, last: str, asked: float | None) -> Problem:
    """Waiting for the next try would pass the deadline."""
    wish = f" The service asked to wait {asked:.0f} seconds." if asked is not None else ""
    return Problem(
        key="out-of-time",
        code=ExitCode.GAVE_UP,
        what=f"{call} failed, and no time is left to try again.",
        why=f"Last answer: {last}.{wish}",
        remedy=f"Set DEADLINE higher, or run again later. {_STANDS}",
    )


def budget_spent(call: str, last: str) -> Problem:
    """So much failed that going on would only add to the trouble."""
    return Problem(
        key="retry-budget-spent",
        code=ExitCode.GAVE_UP,
        what=f"{call} failed, and this run has repeated too many requests to try again.",
        why=f"Last answer: {last}",
        remedy="The service is in trouble: see https://bitbucket.status.atlassian.com, and try"
        f" later. {_STANDS}",
    )


def hour_spent(limit: int, seconds: float) -> Problem:
    """The requests of the hour are spent, and the run ends before there are more."""
    return Problem(
        key="hour-spent",
        code=ExitCode.GAVE_UP,
        what=f"The {limit:,} requests that Bitbucket grants in an hour are spent.",
        why=f"The next is free in {seconds:.0f} seconds, and DEADLINE is before that.",
        remedy="Run again later, or set DEADLINE higher: the run then waits as long as it has to."
        f" {_STANDS}",
    )


def out_of_time(deadline_seconds: float) -> Problem:
    """The run's time is over."""
    return Problem(
        key="out-of-time",
        code=ExitCode.GAVE_UP,
        what=f"The {deadline_seconds:g} seconds that this run may take are over.",
        why="DEADLINE bounds the whole run, waiting included.",
        remedy=f"Set DEADLINE higher, or run again. {_STANDS}",
    )


def stopped(reason: str) -> Problem:
    """Somebody ended the run."""
    return Problem(
        key="stopped",
        code=ExitCode.GAVE_UP,
        what="The run was stopped before it was done.",
        why=reason,
        remedy=f"Run again. {_STANDS}",
    )


def variables_unavailable(name: str, rejected: Rejected) -> Problem:
    """The variables of an environment can't be read or written."""
    return Problem(
        key="variables-unavailable",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket has no variables for '{name}'.",
        why=f"Bitbucket says: {rejected.message}",
        remedy="Just after an environment was created this passes: run again in a minute.",
    )


def branches_unsupported(name: str, rejected: Rejected) -> Problem:
    """The internal endpoint for branch patterns does not answer to this credential."""
    return Problem(
        key=BRANCHES_UNSUPPORTED,
        code=ExitCode.INCOMPLETE,
        what=f"The branches that may deploy to '{name}' could not be read or set.",
        why=f"Bitbucket offers no supported way to do it (BCLOUD-21703), and its internal one"
        f" answered {rejected.status}: {rejected.message}",
        remedy="Set them on the repository's Deployments settings page and take BRANCHES away;"
        " whatever does not depend on them was handled.",
    )


def _times(attempts: int) -> str:
    return "at the only try" if attempts == 1 else f"{attempts} times"
