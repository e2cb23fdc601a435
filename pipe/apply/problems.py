"""Messages about applying a plan."""

from typing import Final

from pipe.bitbucket.rejections import bitbucket_says
from pipe.bitbucket.requests import Rejected
from pipe.models.errors import ExitCode, Problem

_RERUN_SOON: Final = "Rerun in a minute: Bitbucket's lists are known to lag."
_RERUN: Final = "Rerun: the pipe reads first and makes only the changes that are missing."


def admin_only_did_not_stick(name: str, *, wanted: bool) -> Problem:
    return Problem(
        "admin-only-did-not-stick",
        ExitCode.INCOMPLETE,
        f"Bitbucket accepted admin_only={str(wanted).lower()} for '{name}', but it did not take"
        " effect.",
        "Restricting deployments to administrators is a feature of the Premium plan (deployment"
        " permissions); without it Bitbucket may ignore the change.",
        "Check the workspace's plan and rerun, or remove admin_only (ADMIN_ONLY).",
    )


def rename_does_not_show(before: str, after: str) -> Problem:
    return Problem(
        "rename-does-not-show",
        ExitCode.INCOMPLETE,
        f"Bitbucket accepted the rename of '{before}' to '{after}', but it did not take effect.",
        "Bitbucket queues such changes and usually makes them within a second.",
        "Rerun in a minute.",
    )


def change_not_supported(name: str, field: str, rejected: Rejected) -> Problem:
    return Problem(
        "change-not-supported",
        ExitCode.INCOMPLETE,
        f"Bitbucket refused to change {field} of '{name}' (HTTP {rejected.status}).",
        bitbucket_says(rejected),
        "Change it on the repository's Deployments settings page, or remove it from the"
        " declaration.",
    )


def plan_lacks_feature(name: str, rejected: Rejected) -> Problem:
    return Problem(
        "plan-lacks-feature",
        ExitCode.INCOMPLETE,
        f"The workspace's plan does not include admin_only of '{name}' (HTTP {rejected.status}).",
        bitbucket_says(rejected),
        "Deployment permissions are a feature of the Premium plan: upgrade, or remove admin_only"
        " (ADMIN_ONLY).",
    )


def environment_disappeared(name: str) -> Problem:
    return Problem(
        "environment-disappeared",
        ExitCode.INCOMPLETE,
        f"'{name}' disappeared while it was being changed.",
        "Bitbucket answers that it does not exist: somebody else may have deleted it.",
        "Rerun: the pipe plans anew from what exists.",
    )


def not_created(name: str, rejected: Rejected) -> Problem:
    return Problem(
        "not-created",
        ExitCode.INCOMPLETE,
        f"'{name}' could not be created.",
        f"{bitbucket_says(rejected)} Bitbucket lists no environment with that name.",
        "Check the name (letters, digits, spaces, '_' and '-' are safe) and the number of"
        " environments in the repository; otherwise rerun later.",
    )


def deletion_does_not_show(name: str) -> Problem:
    return Problem(
        "deletion-does-not-show",
        ExitCode.INCOMPLETE,
        f"Bitbucket accepted the deletion of '{name}', but still lists it.",
        "The list may lag, or somebody created it anew.",
        _RERUN_SOON,
    )


def environment_moved(name: str) -> Problem:
    return Problem(
        "deletion-reconsidered",
        ExitCode.INCOMPLETE,
        f"'{name}' was not deleted: a second read shows it with another name.",
        "Somebody renamed it in the meantime, so it may not be the environment that is meant.",
        "Check the repository's environments, then rerun.",
    )


def variable_not_listed(key: str) -> Problem:
    return Problem(
        "variable-not-listed",
        ExitCode.INCOMPLETE,
        f"The variable {key} could not be written.",
        "Bitbucket answers that it already exists, but does not list it.",
        _RERUN_SOON,
    )


def variable_key_differs_by_case(key: str, existing: str) -> Problem:
    return Problem(
        "variable-key-differs-by-case",
        ExitCode.INCOMPLETE,
        f"The variable {key} could not be created: {existing} exists.",
        "Bitbucket treats keys that differ only by case as the same variable, and the pipe changes"
        " nothing that is not declared.",
        f"Declare it as {existing}, or delete {existing} first.",
    )


def secured_stored_plain(key: str) -> Problem:
    return Problem(
        "secured-stored-plain",
        ExitCode.INCOMPLETE,
        f"Bitbucket stored the secured variable {key} as a plain one.",
        "Its response contains secured: false, although true was requested.",
        "Delete the variable on the Deployments settings page, replace the secret, and report it"
        " to Atlassian's support.",
    )


def branches_only_tightened(name: str) -> Problem:
    return Problem(
        "branches-only-tightened",
        ExitCode.INCOMPLETE,
        f"The undeclared branches of '{name}' were removed, but no declared ones were added.",
        "Another change failed before, and changes that permit more are made last.",
        "Correct the other failure and rerun.",
    )


def branches_differ(name: str, found: tuple[str, ...]) -> Problem:
    listed = ", ".join(found) if found else "no pattern"
    return Problem(
        "branches-differ",
        ExitCode.INCOMPLETE,
        f"The branches of '{name}' were set, but Bitbucket lists {listed}.",
        "Another run or person may have changed them at the same time.",
        _RERUN,
    )


def rejected_write(doing: str, rejected: Rejected) -> Problem:
    """Describe a write that Bitbucket refused; `doing` completes "Bitbucket refused to"."""
    return Problem(
        "write-rejected",
        ExitCode.INCOMPLETE,
        f"Bitbucket refused to {doing} (HTTP {rejected.status}).",
        bitbucket_says(rejected),
        "Correct what it names and rerun; completed changes are kept.",
    )
