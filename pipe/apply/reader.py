"""Reads what a decision needs, and no more: one list, then only what is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from pipe.bitbucket import problems
from pipe.bitbucket.client import Bitbucket
from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Declaration, Desired, Repository, State
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
    SecretsPolicy,
    Target,
    conflicting_type,
    targets,
)

FIRST_PAUSE: Final = 0.25
"""Seconds. A queued change usually shows within a second, so that an immediate look is wasted."""

LOOKS: Final = 6
"""Looks at what should show: 0.25, 0.5, 1, 2, 4 and 8 seconds apart, almost 16 in all. Bitbucket's
lists were seen to lag by one to five."""


class ApplyContext(Struct, frozen=True, kw_only=True):
    """Bitbucket, as seen by those who change it.

    Attributes:
        api: One method a call.
        wait: Waits for some seconds; raises `RunOverError` rather than pass the deadline.
        policy: How secured values are treated.
        force: Whether the user has said that safety refusals are to be passed.
        reviewed: Whether only what was reviewed may be done (`PLAN_CHECKSUM`): what is decided
            anew in the middle of a run is then refused.
    """

    api: Bitbucket
    wait: Callable[[float], None]
    policy: SecretsPolicy
    force: bool = False
    reviewed: bool = False

    def looks(self) -> Iterator[int]:
        """Pause before each look, a little longer each time; end when patience does."""
        for number in range(LOOKS):
            self.wait(FIRST_PAUSE * 2**number)
            yield number

    def tries(self) -> Iterator[int]:
        """Begin at once, then pause before each further try; end when patience does."""
        yield 0
        for number in self.looks():
            yield number + 1


_NOT_FOUND: Final = 404
_NO_INTERNAL_ENDPOINT: Final = (401, 403, 404, 410)


def read_state(service: ApplyContext, repository: Repository, declaration: Declaration) -> Observed:
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


def list_environments(
    service: ApplyContext, repository: Repository
) -> tuple[ExistingEnvironment, ...]:
    """Return all environments of a repository; a 404 is an error, never an empty list."""
    listed = service.api.environments(repository)
    if isinstance(listed, Rejected):
        raise PipeError(problems.rejection("list the environments", repository, listed))
    return listed


def read_contents(
    service: ApplyContext, repository: Repository, existing: ExistingEnvironment, desired: Desired
) -> ExistingContents:
    """Read the variables and branches of one environment, where they are declared."""
    variables = branches = None
    if desired.variables is not None or desired.prune_variables:
        variables = _read_variables(service, repository, existing)
    if desired.branches is not None:
        branches = _read_branches(service, repository, existing)
    return ExistingContents(variables=variables, branches=branches)


def _read_variables(
    service: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingVariable, ...]:
    rejected = None
    for _ in service.tries():
        listed = service.api.variables(VariableOwner(repository, existing.uuid))
        if not isinstance(listed, Rejected):
            return listed
        rejected = listed
        if rejected.status != _NOT_FOUND:
            doing = f"list the variables of '{existing.name}'"
            raise PipeError(problems.rejection(doing, repository, rejected))
        # Just after an environment was created its variables may answer 404 for a moment.
    raise PipeError(problems.variables_unavailable(existing.name, rejected or Rejected(status=404)))


def _read_branches(
    service: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> tuple[ExistingBranchRestriction, ...] | Problem:
    listed = service.api.branch_restrictions(repository, existing.uuid)
    if not isinstance(listed, Rejected):
        return listed
    if listed.status in _NO_INTERNAL_ENDPOINT:
        return problems.branches_unsupported(existing.name, listed)
    doing = f"list the branches of '{existing.name}'"
    raise PipeError(problems.rejection(doing, repository, listed))


def _pipelines_enabled(service: ApplyContext, repository: Repository) -> bool:
    enabled = service.api.pipelines_enabled(repository)
    if isinstance(enabled, Rejected):
        doing = "read whether Pipelines is enabled"
        raise PipeError(problems.rejection(doing, repository, enabled))
    return enabled
