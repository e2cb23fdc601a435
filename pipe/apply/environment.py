"""Apply the plan of one environment in the safe order and record the outcome of every change."""

from typing import Final

from pipe.apply import problems
from pipe.apply.branches import take_steps, verify_branches
from pipe.apply.context import ApplyContext, EnvironmentWriter
from pipe.apply.creation import FoundEnvironment, create, find_former
from pipe.apply.deletion import PruneCheck, delete
from pipe.apply.fields import change_fields
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.reader import read_contents
from pipe.apply.variable_stages import VariableWriter
from pipe.apply.variable_writes import VariableStore
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
    SetName,
    SetType,
    Update,
)
from pipe.models.declaration import Desired, Repository
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import ExistingContents, ExistingEnvironment, VariableOwner
from pipe.models.results import EnvironmentResult, planned
from pipe.planning.order import Order, order
from pipe.planning.planner import Planner
from pipe.planning.safety import review_environment, review_replanned

_NOTHING_PRUNED: Final = PruneCheck()


def apply_environment(
    context: ApplyContext,
    repository: Repository,
    plan: EnvironmentPlan,
    prune_check: PruneCheck = _NOTHING_PRUNED,
) -> EnvironmentResult:
    """Apply the plan; problems are in the result. `prune_check` is for deletions only."""
    match plan:
        case Keep() | Refuse():
            return planned(plan)
        case Delete():
            return delete(context, repository, plan, prune_check)
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
    branches = steps.branches
    restricted = True
    try:
        if steps.tighten:
            change_fields(writer, steps.tighten)
        protected = all(
            outcomes.is_in_place(each) for each in steps.tighten if not isinstance(each, SetName)
        )
        if branches is not None:
            problem = _tighten_branches(writer, branches, steps)
            restricted = problem is None
            # Where branches can't be set at all, everything else is done nevertheless.
            protected &= problem is None or problem.key == bitbucket_problems.BRANCHES_UNSUPPORTED
        if steps.unavailable is not None:
            restricted = not steps.unavailable.after
            outcomes.set_failed(steps.unavailable, steps.unavailable.problem)
        written = _variable_writer(writer).write(steps.variables, protected=protected)
        if not (protected and restricted and written):
            return None
        if steps.loosen:
            change_fields(writer, steps.loosen)
        if branches is not None and steps.loosen_branches:
            _loosen_branches(writer, branches, steps)
    except PipeError as error:
        return error.problem
    return None


def _variable_writer(writer: EnvironmentWriter) -> VariableWriter:
    owner = VariableOwner(writer.repository, writer.environment.uuid)
    store = VariableStore(writer.context, owner, writer.environment.name, writer.outcomes.add_step)
    return VariableWriter(store, writer.outcomes)


def _tighten_branches(
    writer: EnvironmentWriter, branches: SetBranches, steps: Order
) -> Problem | None:
    outcomes = writer.outcomes
    if steps.tighten_branches:
        writer.begin(branches)
    with outcomes.fail_on_error(branches):
        problem = take_steps(writer, branches, steps.tighten_branches)
    if problem is not None:
        outcomes.set_failed(branches, problem)
    elif not steps.loosen_branches:
        problem = _verify_branches(writer, branches)
    elif steps.tighten_branches:
        # The outcome if the rest is not reached.
        only_tightened = problems.branches_only_tightened(writer.environment.name)
        outcomes.set_failed(branches, only_tightened)
    return problem


def _loosen_branches(writer: EnvironmentWriter, branches: SetBranches, steps: Order) -> None:
    writer.begin(branches)
    writer.outcomes.discard(branches)
    with writer.outcomes.fail_on_error(branches):
        problem = take_steps(writer, branches, steps.loosen_branches)
    if problem is None:
        _verify_branches(writer, branches)
    else:
        writer.outcomes.set_failed(branches, problem)


def _verify_branches(writer: EnvironmentWriter, branches: SetBranches) -> Problem | None:
    with writer.outcomes.unverified_on_error(branches):
        problem = verify_branches(writer, branches)
    if problem is None:
        writer.outcomes.set_applied(branches)
    else:
        writer.outcomes.set_unverified(branches, problem)
    return problem


def _create(context: ApplyContext, repository: Repository, plan: Create) -> EnvironmentResult:
    outcomes = ChangeOutcomes(plan.changes)
    type_change = next(each for each in plan.changes if isinstance(each, SetType))
    try:
        with outcomes.skip_on_error(type_change):
            former = find_former(context, repository, plan)
            context.check()
        with outcomes.fail_on_error(type_change):
            created = former or create(context, repository, plan)
    except PipeError as error:
        return outcomes.result(plan, None, error.problem)
    if isinstance(created, FoundEnvironment):
        return _adopt(context, repository, plan, created)
    return _complete(context, repository, plan, created)


def _complete(
    context: ApplyContext, repository: Repository, plan: Create, environment: ExistingEnvironment
) -> EnvironmentResult:
    """Make the changes that a new environment still needs."""
    outcomes = ChangeOutcomes(plan.changes)
    remaining: list[Change] = []
    for change in plan.changes:
        if isinstance(change, SetType) or (
            isinstance(change, SetAdminOnly) and _is_so(change, environment)
        ):
            outcomes.set_applied(change)
        else:
            remaining.append(change)
    writer = EnvironmentWriter(context, repository, environment, outcomes)
    problem = _apply_changes(writer, tuple(remaining))
    return outcomes.result(plan, environment.uuid, problem)


def _is_so(change: SetAdminOnly, environment: ExistingEnvironment) -> bool:
    """Return whether a new environment is as declared; not mentioned means unrestricted."""
    readable = not environment.is_admin_only_unreadable
    return readable and bool(environment.admin_only) == change.after


def _adopt(
    context: ApplyContext, repository: Repository, plan: Create, adopted: FoundEnvironment
) -> EnvironmentResult:
    """Apply to an environment that the first list did not show: plan anew from what it contains.

    If this run may have created it and it is empty, as a new one is, the plan is still right.
    """
    found, may_be_ours = adopted.found, adopted.may_be_ours
    existing, desired = found.existing, plan.declared.desired
    try:
        contents = read_contents(context, repository, existing, desired)
    except PipeError as error:
        outcomes = ChangeOutcomes(plan.changes)
        for change in plan.changes:
            if may_be_ours and isinstance(change, SetType | SetAdminOnly):
                outcomes.set_unverified(change, error.problem)
        return outcomes.result(plan, existing.uuid, error.problem)
    if may_be_ours and _is_as_new(existing, contents, desired):
        return _complete(context, repository, plan, existing)
    planner = Planner(repository, context.policy)
    anew = planner.plan_environment(plan.declared, found, contents)
    checked = anew if context.force else review_environment(anew)
    permitted = review_replanned(
        checked, (plan,), reviewed=context.reviewed, counted=context.counted
    )
    return apply_environment(context, repository, permitted)


def _is_as_new(existing: ExistingEnvironment, contents: ExistingContents, desired: Desired) -> bool:
    """Return whether an environment contains nothing that a new one does not."""
    is_restricted = bool(existing.admin_only) and not desired.admin_only
    has_branches = isinstance(contents.branches, tuple) and bool(contents.branches)
    return not (is_restricted or has_branches or contents.variables)
