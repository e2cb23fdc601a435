"""Plan and apply one repository: read, plan, check safety, write."""

from collections.abc import Iterable
from contextlib import suppress

from msgspec.structs import replace

from pipe.apply.context import ApplyContext
from pipe.apply.deletion import PruneCheck
from pipe.apply.environment import apply_environment
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.reader import read_state
from pipe.apply.variable_stages import VariableWriter
from pipe.apply.variable_writes import VariableStore
from pipe.bitbucket.rejections import raise_for_rejection
from pipe.models.changes import Create, Delete, RepositoryPlan, existing_of
from pipe.models.declaration import Declaration, Repository
from pipe.models.errors import PipeError
from pipe.models.existing import VariableOwner
from pipe.models.results import (
    ChangeResult,
    EnvironmentResult,
    Outcome,
    RepositoryResult,
    planned,
    planned_changes,
)
from pipe.planning import problems as planning_problems
from pipe.planning.planner import Planner
from pipe.planning.safety import count_pruned, review, review_replanned


def plan_one(
    context: ApplyContext, repository: Repository, declaration: Declaration
) -> RepositoryPlan | RepositoryResult:
    """Read a repository and plan what would change; this sends no write.

    Returns:
        The plan, or the result of a repository that could not be read.
    """
    try:
        observed = read_state(context, repository, declaration)
    except PipeError as error:
        return RepositoryResult(repository=repository, problem=error.problem)
    return review(
        Planner(repository, context.policy).plan(declaration, observed),
        existing_count=len(observed.environments),
        force=context.force,
    )


def planned_result(plan: RepositoryPlan) -> RepositoryResult:
    """Return the result of a plan that is not applied."""
    return RepositoryResult(
        repository=plan.repository,
        environments=tuple(planned(each) for each in plan.environments),
        changes=planned_changes(plan),
        unchanged_variables=plan.unchanged_variables,
        pipelines=Outcome.PLANNED if plan.enable_pipelines else None,
    )


def apply_one(
    context: ApplyContext, plan: RepositoryPlan, declaration: Declaration
) -> RepositoryResult:
    """Apply the plan of one repository; problems are in the result."""
    if not plan.enable_pipelines:
        return _apply(context, plan)
    try:
        answer = context.api.enable_pipelines(plan.repository)
        raise_for_rejection(answer, "enable Pipelines", plan.repository)
    except PipeError as error:
        return RepositoryResult(
            repository=plan.repository, problem=error.problem, pipelines=Outcome.FAILED
        )
    anew = _plan_anew(context, plan, declaration)
    if isinstance(anew, RepositoryResult):
        return replace(anew, pipelines=Outcome.APPLIED)
    return replace(_apply(context, _permitted(context, anew, plan)), pipelines=Outcome.APPLIED)


def _plan_anew(
    context: ApplyContext, first: RepositoryPlan, declaration: Declaration
) -> RepositoryPlan | RepositoryResult:
    """Plan again: Bitbucket may have created Test, Staging and Production by itself.

    A list that omits what the first plan found may lag; it is read again a few times.
    """
    anew: RepositoryPlan | RepositoryResult = first
    try:
        for _ in context.poll_at_once():
            anew = plan_one(context, first.repository, declaration)
            if isinstance(anew, RepositoryResult) or _found(first) <= _found(anew):
                break
    except PipeError as error:
        return RepositoryResult(repository=first.repository, problem=error.problem)
    return anew


def _found(plan: RepositoryPlan) -> set[str]:
    """Return the uuids of the environments that exist according to a plan."""
    existing = (existing_of(each) for each in plan.environments)
    return {each.uuid for each in existing if each is not None}


def _permitted(
    context: ApplyContext, anew: RepositoryPlan, first: RepositoryPlan
) -> RepositoryPlan:
    """Refuse what the new plan holds and the first one does not permit."""
    refusal = anew.refusal
    if context.reviewed and anew.changes != first.changes:
        refusal = planning_problems.not_reviewed(str(anew.repository))
    return replace(
        anew,
        environments=tuple(
            review_replanned(
                each, first.environments, reviewed=context.reviewed, counted=context.counted
            )
            for each in anew.environments
        ),
        refusal=refusal,
    )


def _apply(context: ApplyContext, plan: RepositoryPlan) -> RepositoryResult:
    """Write the repository's own variables, then its environments."""
    changes = _apply_variables(context, plan)
    environments: list[EnvironmentResult] = []
    pruned = count_pruned(plan)
    for each in plan.environments:
        check = PruneCheck(
            pruned=pruned,
            created=_uuids(each for each in environments if isinstance(each.plan, Create)),
            deleted=_uuids(
                each
                for each in environments
                if isinstance(each.plan, Delete) and each.outcome is Outcome.APPLIED
            ),
        )
        environments.append(apply_environment(context, plan.repository, each, check))
    return RepositoryResult(
        repository=plan.repository,
        environments=tuple(environments),
        changes=changes,
        unchanged_variables=plan.unchanged_variables,
    )


def _uuids(results: Iterable[EnvironmentResult]) -> frozenset[str]:
    return frozenset(each.uuid for each in results if each.uuid is not None)


def _apply_variables(context: ApplyContext, plan: RepositoryPlan) -> tuple[ChangeResult, ...]:
    if plan.refusal is not None:
        return planned_changes(plan)
    outcomes = ChangeOutcomes(plan.changes)
    store = VariableStore(context, VariableOwner(plan.repository), None, outcomes.add_step)
    with suppress(PipeError):  # the change that met it has it as its problem
        VariableWriter(store, outcomes).write(plan.changes)
    return outcomes.results()
