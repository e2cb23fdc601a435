"""Read what a plan needs and no more: the environments, then only what is declared of them."""

from http import HTTPStatus
from typing import Final

from pipe.apply.branches import UNSUPPORTED
from pipe.apply.context import ApplyContext
from pipe.bitbucket import problems
from pipe.bitbucket.rejections import raise_for_rejection
from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import DELETED, Declaration, Desired, Repository, needed_of
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import (
    ExistingBranchRestriction,
    ExistingContents,
    ExistingEnvironment,
    ExistingVariable,
    VariableOwner,
)
from pipe.planning.matching import Found
from pipe.planning.planner import (
    ByName,
    ByRule,
    Observed,
    Target,
    Undeclared,
    conflicting_type,
    targets,
)

_NEW_REPOSITORY_PAUSES: Final = (0.25, 0.5, 1.0, 2.0, 3.0, 3.25)
"""Ten seconds: a repository made a moment ago answers 404 for some seconds [sure]. Where Pipelines
is enabled, the repository may be that new; any other 404 most likely is a misspelled slug."""


def read_state(context: ApplyContext, repository: Repository, declaration: Declaration) -> Observed:
    """Read the repository as far as its declaration needs it.

    Raises:
        PipeError: The repository can't be read.
    """
    may_be_new = declaration.enable_pipelines
    environments = list_environments(
        context, repository, pauses=_NEW_REPOSITORY_PAUSES if may_be_new else ()
    )
    contents = {
        existing.uuid: read_contents(context, repository, existing, desired)
        for target in targets(declaration, environments)
        for existing, desired in _with_contents(target, declaration)
    }
    return Observed(
        environments=environments,
        contents=contents,
        pipelines_enabled=(
            _pipelines_enabled(context, repository) if declaration.enable_pipelines else None
        ),
        variables=(
            _own_variables(context, repository) if declaration.repository.needs_variables else None
        ),
    )


def _with_contents(
    target: Target, declaration: Declaration
) -> tuple[tuple[ExistingEnvironment, Desired], ...]:
    """Return the environment whose contents matter, if it is not refused, and which of them."""
    match target:
        case ByName(declared, Found(existing)):
            if conflicting_type(declared.type, existing) is not None:
                return ()
            return ((existing, needed_of(declared)),)
        case ByRule(rule, existing):
            return ((existing, needed_of(rule)),)
        case Undeclared(existing) if declaration.prune_environments:
            return ((existing, DELETED),)
        case _:
            return ()


def list_environments(
    context: ApplyContext, repository: Repository, *, pauses: tuple[float, ...] = ()
) -> tuple[ExistingEnvironment, ...]:
    """Return all environments of a repository.

    While the answer is 404 they are read again, after each of `pauses` in seconds.

    Raises:
        PipeError: They can't be listed; a 404 is an error, never an empty list.
    """
    listed = context.api.environments(repository)
    for number, pause in enumerate(pauses):
        if not isinstance(listed, Rejected) or listed.status != HTTPStatus.NOT_FOUND:
            break
        if number == 0:
            context.notify(f"Waiting up to 10 seconds for {repository}, which may be new")
        context.wait(pause)
        listed = context.api.environments(repository)
    return raise_for_rejection(listed, "list the environments", repository)


def read_contents(
    context: ApplyContext, repository: Repository, existing: ExistingEnvironment, desired: Desired
) -> ExistingContents:
    """Read the variables and branches of one environment, where they are declared.

    Raises:
        PipeError: They can't be read.
    """
    variables = branches = None
    if desired.needs_variables:
        variables = _read_variables(context, repository, existing)
    if desired.branches is not None:
        branches = _read_branches(context, repository, existing)
    return ExistingContents(variables=variables, branches=branches)


def _read_variables(
    context: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingVariable, ...]:
    # Just after an environment was created, its variables may answer 404 for a moment.
    rejected = Rejected(status=HTTPStatus.NOT_FOUND)
    for _ in context.poll_at_once():
        listed = context.api.variables(VariableOwner(repository, existing.uuid))
        if not isinstance(listed, Rejected) or listed.status != HTTPStatus.NOT_FOUND:
            doing = f"list the variables of '{existing.name}'"
            return raise_for_rejection(listed, doing, repository)
        rejected = listed
    raise PipeError(problems.variables_unavailable(existing.name, rejected))


def _read_branches(
    context: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingBranchRestriction, ...] | Problem:
    listed = context.api.branch_restrictions(repository, existing.uuid)
    if isinstance(listed, Rejected) and listed.status in UNSUPPORTED:
        return problems.branches_unsupported(existing.name, listed)
    doing = f"list the branches of '{existing.name}'"
    return raise_for_rejection(listed, doing, repository)


def _own_variables(context: ApplyContext, repository: Repository) -> tuple[ExistingVariable, ...]:
    listed = context.api.variables(VariableOwner(repository))
    return raise_for_rejection(listed, "list the variables", repository)


def _pipelines_enabled(context: ApplyContext, repository: Repository) -> bool:
    enabled = context.api.pipelines_enabled(repository)
    return raise_for_rejection(enabled, "read whether Pipelines is enabled", repository)
