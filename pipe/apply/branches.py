"""Set the branch patterns that may deploy, through Bitbucket's internal endpoint."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pipe.apply import problems
from pipe.apply.context import EnvironmentWriter
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import AlreadyGone, Done, OutcomeUnknown, Rejected
from pipe.models.changes import SetBranches
from pipe.models.errors import Problem
from pipe.models.existing import ExistingBranchRestriction
from pipe.planning.order import AddBranch, BranchStep

UNSUPPORTED: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)
"""Answers of an internal endpoint that is not available to this credential."""


def take_steps(writer: EnvironmentWriter, steps: tuple[BranchStep, ...]) -> Problem | None:
    """Take the steps in order and stop at the first that fails: each makes the next one safe.

    Returns:
        Why a step failed, or `None`.

    Raises:
        PipeError: A request could not be completed.
    """
    for step in steps:
        if isinstance(step, AddBranch):
            problem = _add(writer, step.pattern)
        else:
            problem = _remove(writer, step.restriction)
        if problem is not None:
            return problem
    return None


def verify_branches(writer: EnvironmentWriter, change: SetBranches) -> Problem | None:
    """Read back until the patterns are as declared; return why they are not, or `None`.

    Another run that sets other branches at the same time is found by this.
    """
    found: tuple[str, ...] = ()
    for _ in writer.context.attempts():
        listed = _listed(writer)
        if isinstance(listed, Rejected):
            return bitbucket_problems.branches_unsupported(writer.environment.name, listed)
        found = tuple(sorted({each.pattern for each in listed}))
        if set(found) == set(change.after):
            return None
    return problems.branches_differ(writer.environment.name, found)


def _add(writer: EnvironmentWriter, pattern: str) -> Problem | None:
    attempts = writer.api.attempts()
    while True:
        answer = writer.api.add_branch_restriction(
            writer.repository, writer.environment.uuid, pattern, attempts
        )
        match answer:
            case ExistingBranchRestriction():
                return None
            case Rejected(status=status) if status in UNSUPPORTED:
                return bitbucket_problems.branches_unsupported(writer.environment.name, answer)
            case Rejected():
                if _is_listed(writer, pattern):
                    return None
                return problems.rejected_write(f"add the branch pattern '{pattern}'", answer)
            case OutcomeUnknown():
                if _is_listed(writer, pattern):
                    return None


def _remove(writer: EnvironmentWriter, restriction: ExistingBranchRestriction) -> Problem | None:
    doing = f"remove the branch pattern '{restriction.pattern}'"
    answer = writer.api.remove_branch_restriction(
        writer.repository, writer.environment.uuid, restriction.uuid
    )
    match answer:
        case Done():
            return None
        case AlreadyGone():
            if _is_gone(writer, restriction):
                return None
            return problems.rejected_write(doing, Rejected(status=HTTPStatus.NOT_FOUND))
        case Rejected(status=HTTPStatus.NOT_FOUND) if _is_gone(writer, restriction):
            return None  # somebody else removed it
        case Rejected(status=status) if status in UNSUPPORTED:
            return bitbucket_problems.branches_unsupported(writer.environment.name, answer)
        case Rejected():
            return problems.rejected_write(doing, answer)


def _listed(writer: EnvironmentWriter) -> tuple[ExistingBranchRestriction, ...] | Rejected:
    return writer.api.branch_restrictions(writer.repository, writer.environment.uuid)


def _is_listed(writer: EnvironmentWriter, pattern: str) -> bool:
    listed = _listed(writer)
    return not isinstance(listed, Rejected) and any(each.pattern == pattern for each in listed)


def _is_gone(writer: EnvironmentWriter, restriction: ExistingBranchRestriction) -> bool:
    listed = _listed(writer)
    return not isinstance(listed, Rejected) and all(
        each.uuid != restriction.uuid for each in listed
    )
