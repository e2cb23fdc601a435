"""One repository from beginning to end: observe, decide, and carry out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipe import problems as wire_problems
from pipe.apply.environment import apply_environment
from pipe.bitbucket.protocol import Rejected
from pipe.errors import PipeError, Problem
from pipe.gather import observe
from pipe.plan import plan_repository
from pipe.results import Outcome, RepositoryResult, planned
from pipe.safety import review

if TYPE_CHECKING:
    from pipe.changes import RepositoryPlan
    from pipe.declaration import Declaration, Repository
    from pipe.service import Service


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A repository that could not be observed."""

    repository: Repository
    problem: Problem


def plan_one(
    service: Service, repository: Repository, declaration: Declaration
) -> RepositoryPlan | Unreadable:
    """Observe a repository and decide what would happen to it; this only reads."""
    try:
        observed = observe(service, repository, declaration)
    except PipeError as error:
        return Unreadable(repository, error.problem)
    return review(
        plan_repository(repository, declaration, observed, service.policy),
        existing_count=len(observed.environments),
        force=service.force,
    )


def tell_one(plan: RepositoryPlan | Unreadable) -> RepositoryResult:
    """Return the result of a plan that is only told."""
    if isinstance(plan, Unreadable):
        return RepositoryResult(repository=plan.repository, problem=plan.problem)
    return RepositoryResult(
        repository=plan.repository,
        environments=tuple(planned(each) for each in plan.environments),
        pipelines=Outcome.PLANNED if plan.enable_pipelines else None,
    )


def apply_one(service: Service, plan: RepositoryPlan, declaration: Declaration) -> RepositoryResult:
    """Carry out the plan of one repository; whatever goes wrong is in the result."""
    if not plan.enable_pipelines:
        return _apply_environments(service, plan)
    problem = _enable_pipelines(service, plan.repository)
    if problem is not None:
        return RepositoryResult(
            repository=plan.repository, problem=problem, pipelines=Outcome.FAILED
        )
    # Bitbucket may have created Test, Staging and Production by itself: decide anew.
    anew = plan_one(service, plan.repository, declaration)
    result = tell_one(anew) if isinstance(anew, Unreadable) else _apply_environments(service, anew)
    return replace(result, pipelines=Outcome.APPLIED)


def _apply_environments(service: Service, plan: RepositoryPlan) -> RepositoryResult:
    return RepositoryResult(
        repository=plan.repository,
        environments=tuple(
            apply_environment(service, plan.repository, each) for each in plan.environments
        ),
    )


def _enable_pipelines(service: Service, repository: Repository) -> Problem | None:
    try:
        answer = service.api.enable_pipelines(repository)
    except PipeError as error:
        return error.problem
    if isinstance(answer, Rejected):
        return wire_problems.rejection("enable Pipelines", repository, answer)
    return None
