"""Reads what a decision needs, and no more: one list, then only what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipe import problems
from pipe.bitbucket.protocol import Rejected
from pipe.declaration import Desired, State
from pipe.errors import PipeError
from pipe.existing import ExistingContents
from pipe.matching import Found
from pipe.plan import ByName, ByRule, Observed, conflicting_type, targets

if TYPE_CHECKING:
    from pipe.declaration import Declaration, Repository
    from pipe.errors import Problem
    from pipe.existing import (
        ExistingBranchRestriction,
        ExistingEnvironment,
        ExistingVariable,
    )
    from pipe.plan import Target
    from pipe.service import Service

_NOT_FOUND: Final = 404
_NO_INTERNAL_ENDPOINT: Final = (401, 403, 404, 410)


def observe(service: Service, repository: Repository, declaration: Declaration) -> Observed:
    """Read the repository as far as its declaration needs it.

    Raises:
        PipeError: The repository can't be read.
    """
    environments = list_environments(service, repository)
    contents = {
        existing.uuid: read_contents(service, repository, existing, desired)
        for target in targets(declaration, environments)
        for existing, desired in _kept(target)
    }
    return Observed(
        environments=environments,
        contents=contents,
        pipelines_enabled=(
            _pipelines_enabled(service, repository) if declaration.enable_pipelines else None
        ),
    )


def _kept(target: Target) -> tuple[tuple[ExistingEnvironment, Desired], ...]:
    """Return the environment whose contents matter: one that stays and is not refused."""
    match target:
        case ByName(declared, Found(existing)) if (
            declared.state is State.PRESENT and conflicting_type(declared, existing) is None
        ):
            return ((existing, declared.desired),)
        case ByRule(rule, existing) if rule.state is State.PRESENT:
            return ((existing, rule.desired),)
        case _:
            return ()


def list_environments(service: Service, repository: Repository) -> tuple[ExistingEnvironment, ...]:
    """Return all environments of a repository; a 404 is an error, never an empty list."""
    listed = service.api.environments(repository)
    if isinstance(listed, Rejected):
        raise PipeError(problems.rejection("list the environments", repository, listed))
    return listed


def read_contents(
    service: Service, repository: Repository, existing: ExistingEnvironment, desired: Desired
) -> ExistingContents:
    """Read the variables and branches of one environment, where they are declared."""
    variables = branches = None
    if desired.variables is not None or desired.prune_variables:
        variables = _read_variables(service, repository, existing)
    if desired.branches is not None:
        branches = _read_branches(service, repository, existing)
    return ExistingContents(variables=variables, branches=branches)


def _read_variables(
    service: Service, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingVariable, ...]:
    rejected = None
    for _ in service.tries():
        listed = service.api.variables(repository, existing.uuid)
        if not isinstance(listed, Rejected):
            return listed
        rejected = listed
        if rejected.status != _NOT_FOUND:
            doing = f"list the variables of '{existing.name}'"
            raise PipeError(problems.rejection(doing, repository, rejected))
        # Just after an environment was created its variables may answer 404 for a moment.
    raise PipeError(problems.variables_unavailable(existing.name, rejected or Rejected(status=404)))


def _read_branches(
    service: Service, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingBranchRestriction, ...] | Problem:
    listed = service.api.branch_restrictions(repository, existing.uuid)
    if not isinstance(listed, Rejected):
        return listed
    if listed.status in _NO_INTERNAL_ENDPOINT:
        return problems.branches_unsupported(existing.name, listed)
    doing = f"list the branches of '{existing.name}'"
    raise PipeError(problems.rejection(doing, repository, listed))


def _pipelines_enabled(service: Service, repository: Repository) -> bool:
    enabled = service.api.pipelines_enabled(repository)
    if isinstance(enabled, Rejected):
        doing = "read whether Pipelines is enabled"
        raise PipeError(problems.rejection(doing, repository, enabled))
    return enabled
