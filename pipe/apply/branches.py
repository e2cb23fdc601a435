"""Set the branch patterns that may deploy, through Bitbucket's internal endpoint."""

from http import HTTPStatus
from typing import Final

from pipe.apply import problems
from pipe.apply.context import EnvironmentWriter
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.rejections import rejection
from pipe.bitbucket.requests import AlreadyGone, Done, OutcomeUnknown, Rejected
from pipe.models.changes import SetBranches
from pipe.models.errors import ExitCode, PipeError, Problem
from pipe.models.existing import ExistingBranchRestriction
from pipe.planning.order import AddBranch, BranchStep

UNSUPPORTED: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)
"""Answers of an internal endpoint that is not available to this credential."""


def take_steps(
    writer: EnvironmentWriter, change: SetBranches, steps: tuple[BranchStep, ...]
) -> Problem | None:
    """Take the steps in order and stop at the first that fails: each makes the next one safe.

    Returns:
        Why a step failed, or `None`.

    Raises:
        PipeError: A request could not be completed.
    """
    for step in steps:
        if isinstance(step, AddBranch):
            problem, made = _add(writer, change, step.pattern), f"{step.pattern} added"
        else:
            problem = _remove(writer, change, step.restriction)
            made = f"{step.restriction.pattern} removed"
        if problem is not None:
            return problem
        writer.outcomes.add_step(change.field, made)
    return None


def verify_branches(writer: EnvironmentWriter, change: SetBranches) -> Problem | None:
    """Read back until the patterns are as declared; return why they are not, or `None`.

    Another run that sets other branches at the same time is found by this.
    """
    name = writer.environment.name
    found: tuple[str, ...] = ()
    for _ in writer.context.poll_at_once():
        listed = _listed(writer)
        if isinstance(listed, Rejected):
            return _unavailable(writer, change, f"list the branches of '{name}'", listed)
        found = tuple(sorted({each.pattern for each in listed}))
        if set(found) == set(change.after):
            return None
    return problems.branches_differ(name, found)


def _unavailable(
    writer: EnvironmentWriter, change: SetBranches, doing: str, rejected: Rejected
) -> Problem:
    """Describe an endpoint that is not available to this credential, or a write that is not.

    Raises:
        PipeError: The endpoint answers this credential, which must not write or is refused now.
    """
    if rejected.is_forbidden and _answers(writer, change):
        problem = rejection(doing, writer.repository, rejected)
        if problem.code is ExitCode.PERMISSION:
            raise PipeError(problem)
        return problem  # the workspace's plan lacks it
    return bitbucket_problems.branches_unsupported(writer.environment.name, rejected)


def _answers(writer: EnvironmentWriter, change: SetBranches) -> bool:
    """Return whether the endpoint answered this credential before, or lets it read now."""
    answered = change.existing or writer.outcomes.steps(change.field)
    return bool(answered) or not isinstance(_listed(writer), Rejected)


def _add(writer: EnvironmentWriter, change: SetBranches, pattern: str) -> Problem | None:
    doing = f"add the branch pattern '{pattern}'"
    attempts = writer.api.attempts()
    while True:
        answer = writer.api.add_branch_restriction(
            writer.repository, writer.environment.uuid, pattern, attempts
        )
        match answer:
            case ExistingBranchRestriction():
                return None
            case Rejected(status=status) if status in UNSUPPORTED:
                return _unavailable(writer, change, doing, answer)
            case Rejected():
                if _is_listed(writer, pattern):
                    return None
                return problems.rejected_write(doing, answer)
            case OutcomeUnknown():
                if _is_listed(writer, pattern):
                    return None


def _remove(
    writer: EnvironmentWriter, change: SetBranches, restriction: ExistingBranchRestriction
) -> Problem | None:
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
            return _unavailable(writer, change, doing, answer)
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
