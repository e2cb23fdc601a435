"""What can go wrong while a plan is carried out: one function for each message."""

from __future__ import annotations

from typing import assert_never

from pipe.bitbucket.requests import OutcomeUnknown, Rejected
from pipe.models.errors import ExitCode, Problem


def admin_only_did_not_stick(name: str, *, wanted: bool) -> Problem:
    """A change of admin-only was accepted, and still does not show."""
    return Problem(
        key="admin-only-did-not-stick",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket accepted admin_only={str(wanted).lower()} for '{name}', but it does not"
        " show.",
        why="Restricting deployments to administrators belongs to the Premium plan (deployment"
        " permissions); without it Bitbucket may ignore the change.",
        remedy="Check the workspace's plan, then run again; or take ADMIN_ONLY away.",
    )


def rename_does_not_show(before: str, after: str) -> Problem:
    """A rename was accepted, and still does not show."""
    return Problem(
        key="rename-does-not-show",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket accepted the rename of '{before}' to '{after}', but it does not show.",
        why="Bitbucket queues such changes and usually makes them within a second.",
        remedy="Run again in a minute: what is right by then is left alone.",
    )


def change_not_supported(name: str, field: str, rejected: Rejected) -> Problem:
    """Bitbucket refuses to change this field."""
    return Problem(
        key="change-not-supported",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket refused to change {field} of '{name}'.",
        why=f"Bitbucket says: {rejected.message}",
        remedy="Change it on the repository's Deployments settings page, or take it out of the"
        " declaration.",
    )


def plan_lacks_feature(name: str, field: str, rejected: Rejected) -> Problem:
    """Bitbucket wants to be paid for this field."""
    return Problem(
        key="plan-lacks-feature",
        code=ExitCode.INCOMPLETE,
        what=f"The workspace's plan does not allow to set {field} of '{name}'.",
        why=f"Bitbucket says: {rejected.message}",
        remedy="Deployment permissions belong to the Premium plan: upgrade, or take ADMIN_ONLY"
        " away.",
    )


def environment_disappeared(name: str) -> Problem:
    """An environment that was there is gone."""
    return Problem(
        key="environment-disappeared",
        code=ExitCode.INCOMPLETE,
        what=f"'{name}' disappeared while it was being changed.",
        why="Bitbucket answers that it does not exist (any more): somebody else may have deleted"
        " it.",
        remedy="Run again: the pipe then decides anew on what exists.",
    )


def not_created(name: str, rejected: Rejected | OutcomeUnknown) -> Problem:
    """Bitbucket neither created the environment nor shows one of that name."""
    return Problem(
        key="not-created",
        code=ExitCode.INCOMPLETE,
        what=f"'{name}' could not be created.",
        why=f"Bitbucket says: {_words(rejected)}. No environment of that name is in its list.",
        remedy="Check the name (letters, digits, spaces, '_' and '-' are safe) and the number of"
        " environments in the repository; otherwise run again later.",
    )


def deletion_does_not_show(name: str) -> Problem:
    """A deletion was accepted, and the environment is still in the list."""
    return Problem(
        key="deletion-does-not-show",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket accepted the deletion of '{name}', but its list still shows it.",
        why="The list may lag, or somebody created it anew.",
        remedy="Run again in a minute.",
    )


def environment_moved(name: str) -> Problem:
    """An environment to be deleted has another name on the second look."""
    return Problem(
        key="deletion-reconsidered",
        code=ExitCode.INCOMPLETE,
        what=f"'{name}' was not deleted: on a second look it had another name.",
        why="Somebody renamed it in the meantime, so it may not be what was meant.",
        remedy="Look at the repository's environments, then run again.",
    )


def variable_not_listed(key: str) -> Problem:
    """Bitbucket says that a variable exists, and never lists it."""
    return Problem(
        key="variable-not-listed",
        code=ExitCode.INCOMPLETE,
        what=f"The variable {key} could not be written.",
        why="Bitbucket says that it exists already, but its list of variables does not show it.",
        remedy="Run again in a minute: the list is known to lag.",
    )


def variable_fate_unknown(key: str, unknown: OutcomeUnknown) -> Problem:
    """The request may or may not have taken effect, and the list does not tell."""
    return Problem(
        key="variable-fate-unknown",
        code=ExitCode.INCOMPLETE,
        what=f"It is not known whether the variable {key} was written.",
        why=f"The answer was lost ({unknown.reason}), and Bitbucket's list does not show it.",
        remedy="Run again: the pipe looks first and writes only what is missing.",
    )


def variable_key_differs_by_case(key: str, existing: str) -> Problem:
    """Bitbucket treats two spellings as the same variable; the pipe does not touch the other."""
    return Problem(
        key="variable-key-differs-by-case",
        code=ExitCode.INCOMPLETE,
        what=f"The variable {key} could not be created: {existing} exists.",
        why="Bitbucket treats keys that differ only by case as the same variable, and the pipe"
        " changes nothing that is not declared.",
        remedy=f"Declare it as {existing}, or delete {existing} first.",
    )


def secured_stored_plain(key: str) -> Problem:
    """A secured value was sent, and Bitbucket says that it is stored plain."""
    return Problem(
        key="secured-stored-plain",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket stored the secured variable {key} as a plain one.",
        why="Its answer says secured: false, although true was asked for.",
        remedy="Delete the variable on the Deployments settings page, replace the secret, and tell"
        " Atlassian's support.",
    )


def branches_only_tightened(name: str) -> Problem:
    """The branches no longer declared may not deploy any more; those newly declared not yet."""
    return Problem(
        key="branches-only-tightened",
        code=ExitCode.INCOMPLETE,
        what=f"Of the branches that may deploy to '{name}', only those that are not declared were"
        " taken away.",
        why="Something else could not be made before, and what permits more comes last.",
        remedy="See what else failed, correct it and run again.",
    )


def branch_not_listed(pattern: str, unknown: OutcomeUnknown) -> Problem:
    """A branch pattern may or may not have been added, and the list does not tell."""
    return Problem(
        key="branch-fate-unknown",
        code=ExitCode.INCOMPLETE,
        what=f"It is not known whether the branch pattern '{pattern}' was added.",
        why=f"The answer was lost ({unknown.reason}), and Bitbucket's list does not show it.",
        remedy="Run again: the pipe looks first and adds only what is missing.",
    )


def rejected_write(doing: str, rejected: Rejected) -> Problem:
    """Bitbucket refused one write for a reason of its own."""
    return Problem(
        key="write-rejected",
        code=ExitCode.INCOMPLETE,
        what=f"Bitbucket refused to {doing}.",
        why=f"Bitbucket says ({rejected.status}): {rejected.message}",
        remedy="Correct what it names and run again; what was done stands.",
    )


def _words(answer: Rejected | OutcomeUnknown) -> str:
    match answer:
        case Rejected(status=status, message=message):
            return f"({status}) {message}".rstrip(". ")
        case OutcomeUnknown(reason):
            return f"the answer was lost ({reason})"
        case _:
            assert_never(answer)
