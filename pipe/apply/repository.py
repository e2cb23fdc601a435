"""One repository from beginning to end: observe, decide, and carry out."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from pipe.apply.environment import apply_environment
from pipe.apply.reader import ApplyContext, read_state
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import Rejected
from pipe.models.changes import Keep, Refuse, RepositoryPlan, existing_of
from pipe.models.declaration import Declaration, Repository
from pipe.models.errors import PipeError, Problem
from pipe.models.results import Outcome, RepositoryResult, planned
from pipe.planning import problems as planning_problems
from pipe.planning.planner import plan_repository
from pipe.planning.safety import review


class Unreadable(Struct, frozen=True):
    """A repository that could not be observed."""

    repository: Repository
    problem: Problem


def plan_one(
    service: ApplyContext, repository: Repository, declaration: Declaration
) -> RepositoryPlan | Unreadable:
    """Observe a repository and decide what would happen to it; this only reads."""
    try:
        observed = read_state(service, repository, declaration)
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


def apply_one(
    service: ApplyContext, plan: RepositoryPlan, declaration: Declaration
) -> RepositoryResult:
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
    if isinstance(anew, Unreadable):
        return replace(tell_one(anew), pipelines=Outcome.APPLIED)
    permitted = _only_reviewed(anew, plan) if service.reviewed else anew
    return replace(_apply_environments(service, permitted), pipelines=Outcome.APPLIED)


def _only_reviewed(anew: RepositoryPlan, reviewed: RepositoryPlan) -> RepositoryPlan:
    """Refuse whatever a plan has that an earlier one has not."""
    return replace(
        anew,
        environments=tuple(
            each
            if isinstance(each, Keep | Refuse) or each in reviewed.environments
            else Refuse(
                name=each.name,
                existing=existing_of(each),
                problem=planning_problems.not_reviewed(each.name),
            )
            for each in anew.environments
        ),
    )


def _apply_environments(service: ApplyContext, plan: RepositoryPlan) -> RepositoryResult:
    return RepositoryResult(
        repository=plan.repository,
        environments=tuple(
            apply_environment(service, plan.repository, each) for each in plan.environments
        ),
    )


def _enable_pipelines(service: ApplyContext, repository: Repository) -> Problem | None:
    try:
        answer = service.api.enable_pipelines(repository)
    except PipeError as error:
        return error.problem
    if isinstance(answer, Rejected):
        return bitbucket_problems.rejection("enable Pipelines", repository, answer)
    return None
