"""Sets the branch patterns that may deploy, through Bitbucket's internal endpoint."""

from __future__ import annotations

from typing import Final, assert_never

from pipe.apply import problems
from pipe.apply.reader import ApplyContext
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import AlreadyGone, Done, OutcomeUnknown, Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import Problem
from pipe.models.existing import ExistingBranchRestriction, ExistingEnvironment
from pipe.planning.safety import AddBranch, BranchStep, RemoveBranch

_UNSUPPORTED: Final = (401, 403, 404, 410)


def take_steps(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    steps: tuple[BranchStep, ...],
) -> Problem | None:
    """Take the steps in their order and stop at the first that fails: each makes the next safe.

    Returns:
        Why not all steps were taken, or `None`.

    Raises:
        PipeError: A request could not be completed.
    """
    for step in steps:
        match step:
            case AddBranch(pattern):
                problem = _add(service, repository, environment, pattern)
            case RemoveBranch(restriction):
                problem = _remove(service, repository, environment, restriction)
            case _:
                assert_never(step)
        if problem is not None:
            return problem
    return None


def _add(
    service: ApplyContext, repository: Repository, environment: ExistingEnvironment, pattern: str
) -> Problem | None:
    last = OutcomeUnknown("nothing was sent")
    for _ in service.tries():
        answer = service.api.add_branch_restriction(repository, environment.uuid, pattern)
        match answer:
            case ExistingBranchRestriction():
                return None
            case Rejected(status=status) if status in _UNSUPPORTED:
                return bitbucket_problems.branches_unsupported(environment.name, answer)
            case Rejected():
                if _is_there(service, repository, environment, pattern):
                    return None
                return problems.rejected_write(f"add the branch pattern '{pattern}'", answer)
            case OutcomeUnknown():
                if _is_there(service, repository, environment, pattern):
                    return None
                last = answer
            case _:
                assert_never(answer)
    return problems.branch_not_listed(pattern, last)


def _is_there(
    service: ApplyContext, repository: Repository, environment: ExistingEnvironment, pattern: str
) -> bool:
    listed = service.api.branch_restrictions(repository, environment.uuid)
    return not isinstance(listed, Rejected) and any(each.pattern == pattern for each in listed)


def _is_gone(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    restriction: ExistingBranchRestriction,
) -> bool:
    listed = service.api.branch_restrictions(repository, environment.uuid)
    return not isinstance(listed, Rejected) and all(
        each.uuid != restriction.uuid for each in listed
    )


def _remove(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    restriction: ExistingBranchRestriction,
) -> Problem | None:
    answer = service.api.remove_branch_restriction(repository, environment.uuid, restriction.uuid)
    match answer:
        case Done():
            return None
        case AlreadyGone():
            if _is_gone(service, repository, environment, restriction):
                return None
            doing = f"remove the branch pattern '{restriction.pattern}'"
            return problems.rejected_write(doing, Rejected(status=404))
        case Rejected(status=404) if _is_gone(service, repository, environment, restriction):
            return None  # somebody else removed it
        case Rejected(status=status) if status in _UNSUPPORTED:
            return bitbucket_problems.branches_unsupported(environment.name, answer)
        case Rejected():
            doing = f"remove the branch pattern '{restriction.pattern}'"
            return problems.rejected_write(doing, answer)
        case _:
            assert_never(answer)
