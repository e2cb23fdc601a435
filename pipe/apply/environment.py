"""Apply the plan of one environment in the safe order and record the outcome of every change."""

from __future__ import annotations

from pipe.apply import problems
from pipe.apply.branches import take_steps
from pipe.apply.context import ApplyContext
from pipe.apply.creation import AdoptedEnvironment, NewEnvironment, create
from pipe.apply.deletion import delete
from pipe.apply.fields import change_fields
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.reader import read_contents
from pipe.apply.variables import VariableWriter
from pipe.apply.writer import EnvironmentWriter
from pipe.bitbucket import problems as bitbucket_problems
from pipe.models.changes import (
    Change,
    Create,
    Delete,
    EnvironmentPlan,
    Keep,
    Refuse,
    SetAdminOnly,
    SetBranches,
    SetType,
    Update,
)
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import ExistingEnvironment, VariableOwner
from pipe.models.results import EnvironmentResult, planned
from pipe.planning import problems as planning_problems
from pipe.planning.matching import Found
from pipe.planning.planner import plan_environment
from pipe.planning.safety import branch_steps, order, review_environment


def apply_environment(
    context: ApplyContext, repository: Repository, plan: EnvironmentPlan
) -> EnvironmentResult:
    """Apply the plan; problems are in the result."""
    match plan:
        case Keep() | Refuse():
            return planned(plan)
        case Delete():
            return delete(context, repository, plan)
        case Update(existing=existing, changes=changes):
            outcomes = ChangeOutcomes(changes)
            writer = EnvironmentWriter(context, repository, existing, outcomes)
            return outcomes.result(plan, existing.uuid, _apply_changes(writer, changes))
        case Create():
            return _create(context, repository, plan)


def _apply_changes(writer: EnvironmentWriter, changes: tuple[Change, ...]) -> Problem | None:
    """Tighten, write variables, loosen; what may not be loosened yet is left as it is.

    Returns:
        The error that ended the work early, or `None`.
    """
    steps = order(changes)
    outcomes = writer.outcomes
    branches = next((each for each in changes if isinstance(each, SetBranches)), None)
    restricted = True
    try:
        if steps.tighten is not None:
            change_fields(writer, steps.tighten.changes)
        protected = all(
            outcomes.is_in_place(each)
            for each in (steps.tighten.changes if steps.tighten else ())
            if isinstance(each, SetAdminOnly)
        )
        if branches is not None:
            problem = _tighten_branches(writer, branches)
            restricted = problem is None
            # Where branches can't be set at all, everything else is done nevertheless.
            protected &= problem is None or problem.key == bitbucket_problems.BRANCHES_UNSUPPORTED
        if steps.unavailable is not None:
            restricted = not steps.unavailable.after
            outcomes.set_failed(steps.unavailable, steps.unavailable.problem)
        written = _variable_writer(writer).write(steps.variables, protected=protected)
        if not (protected and restricted and written):
            return None
        if steps.loosen is not None:
            change_fields(writer, steps.loosen.changes)
        if branches is not None and steps.loosen_branches:
            _loosen_branches(writer, branches)
    except PipeError as error:
        return error.problem
    return None


def _variable_writer(writer: EnvironmentWriter) -> VariableWriter:
    return VariableWriter(
        context=writer.context,
        owner=VariableOwner(writer.repository, writer.environment.uuid),
        owner_name=writer.environment.name,
        outcomes=writer.outcomes,
    )


def _tighten_branches(writer: EnvironmentWriter, branches: SetBranches) -> Problem | None:
    tighten, loosen = branch_steps(branches)
    outcomes = writer.outcomes
    with outcomes.fail_on_error(branches):
        problem = take_steps(writer, tighten)
    if problem is not None:
        outcomes.set_failed(branches, problem)
    elif not loosen:
        outcomes.set_applied(branches)
    elif tighten:
        # The outcome if the rest is not reached.
        only_tightened = problems.branches_only_tightened(writer.environment.name)
        outcomes.set_failed(branches, only_tightened)
    return problem


def _loosen_branches(writer: EnvironmentWriter, branches: SetBranches) -> None:
    with writer.outcomes.fail_on_error(branches):
        problem = take_steps(writer, branch_steps(branches)[1])
    if problem is None:
        writer.outcomes.set_applied(branches)
    else:
        writer.outcomes.set_failed(branches, problem)


def _create(context: ApplyContext, repository: Repository, plan: Create) -> EnvironmentResult:
    outcomes = ChangeOutcomes(plan.changes)
    type_change = next(each for each in plan.changes if isinstance(each, SetType))
    try:
        with outcomes.fail_on_error(type_change):
            created = create(context, repository, plan)
    except PipeError as error:
        return outcomes.result(plan, None, error.problem)
    match created:
        case Problem():
            outcomes.set_failed(type_change, created)
            return outcomes.result(plan, None, created)
        case AdoptedEnvironment(found):
            return _adopt(context, repository, plan, found)
        case NewEnvironment(environment):
            outcomes.set_applied(type_change)
            remaining: list[Change] = []
            for change in plan.changes:
                if isinstance(change, SetAdminOnly) and _is_so(change, environment):
                    outcomes.set_applied(change)
                elif change is not type_change:
                    remaining.append(change)
            writer = EnvironmentWriter(context, repository, environment, outcomes)
            problem = _apply_changes(writer, tuple(remaining))
            return outcomes.result(plan, environment.uuid, problem)


def _is_so(change: SetAdminOnly, environment: ExistingEnvironment) -> bool:
    """Return whether a new environment is as declared; not mentioned means unrestricted."""
    readable = not environment.is_admin_only_unreadable
    return readable and bool(environment.admin_only) == change.after


def _adopt(
    context: ApplyContext, repository: Repository, plan: Create, found: Found
) -> EnvironmentResult:
    """Plan anew, and apply, for an environment that the first list did not show."""
    existing = found.existing
    try:
        contents = read_contents(context, repository, existing, plan.declared.desired)
    except PipeError as error:
        return ChangeOutcomes(plan.changes).result(plan, existing.uuid, error.problem)
    decided = plan_environment(plan.declared, found, contents, context.policy)
    permitted = review_environment(decided, force=context.force)
    if context.reviewed and not isinstance(permitted, Keep | Refuse):
        problem = planning_problems.not_reviewed(plan.name)
        permitted = Refuse(name=plan.name, existing=existing, problem=problem)
    return apply_environment(context, repository, permitted)
