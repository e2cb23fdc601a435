"""Carries out the plan of one environment, in the safe order, and accounts for every change."""

from __future__ import annotations

from typing import Final, assert_never

from pipe.apply import problems
from pipe.apply.branches import take_steps
from pipe.apply.creation import Adopted, Created, create
from pipe.apply.fields import change_fields
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.reader import ApplyContext, list_environments, read_contents
from pipe.apply.variables import VariableWriter
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import Rejected
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
from pipe.models.existing import ExistingEnvironment
from pipe.models.results import EnvironmentResult, Outcome
from pipe.planning import problems as planning_problems
from pipe.planning.matching import Found
from pipe.planning.planner import plan_environment
from pipe.planning.safety import branch_steps, order, review_environment

_NOT_FOUND: Final = 404


def apply_environment(
    service: ApplyContext, repository: Repository, plan: EnvironmentPlan
) -> EnvironmentResult:
    """Do what the plan says; whatever goes wrong is in the result."""
    match plan:
        case Keep(existing=existing):
            uuid = existing.uuid if existing else None
            return EnvironmentResult(plan=plan, outcome=Outcome.UNCHANGED, uuid=uuid)
        case Refuse(existing=existing, problem=problem):
            uuid = existing.uuid if existing else None
            refused = Outcome.REFUSED
            return EnvironmentResult(plan=plan, outcome=refused, uuid=uuid, problem=problem)
        case Delete():
            return _delete(service, repository, plan)
        case Update(existing=existing, changes=changes):
            ledger = ChangeOutcomes(changes)
            ended = _bring_into_line(service, repository, existing, changes, ledger)
            return ledger.result(plan, existing.uuid, ended)
        case Create():
            return _create(service, repository, plan)
        case _:
            assert_never(plan)


def _bring_into_line(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    changes: tuple[Change, ...],
    ledger: ChangeOutcomes,
) -> Problem | None:
    """Tighten, write variables, loosen. What must not be loosened yet is left as it is.

    Returns:
        What ended the work early, if anything did.
    """
    steps = order(changes)
    branches = next((each for each in changes if isinstance(each, SetBranches)), None)
    restricted = True
    problem: Problem | None
    try:
        if steps.tighten is not None:
            change_fields(service, repository, environment, steps.tighten.changes, ledger)
        protected = not any(
            isinstance(each, SetAdminOnly) and ledger.went_wrong(each)
            for each in (steps.tighten.changes if steps.tighten else ())
        )
        if branches is not None:
            problem = _tighten_branches(service, repository, environment, branches, ledger)
            restricted = problem is None
            # Where branches can't be set at all, everything else is done nevertheless.
            protected &= problem is None or problem.key == bitbucket_problems.BRANCHES_UNSUPPORTED
        if steps.unavailable is not None:
            restricted = not steps.unavailable.after
            ledger.failed(steps.unavailable, steps.unavailable.problem)
        writer = VariableWriter(service, repository, environment, ledger)
        written = writer.write(steps.variables, protected=protected)
        if not (protected and restricted and written):
            return None
        if steps.loosen is not None:
            change_fields(service, repository, environment, steps.loosen.changes, ledger)
        if branches is not None and steps.loosen_branches:
            with ledger.accounting(branches):
                problem = take_steps(service, repository, environment, steps.loosen_branches)
            if problem is None:
                ledger.applied(branches)
            else:
                ledger.failed(branches, problem)
    except PipeError as error:
        return error.problem
    return None


def _tighten_branches(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    branches: SetBranches,
    ledger: ChangeOutcomes,
) -> Problem | None:
    tighten, loosen = branch_steps(branches)
    with ledger.accounting(branches):
        problem = take_steps(service, repository, environment, tighten)
    if problem is not None:
        ledger.failed(branches, problem)
    elif not loosen:
        ledger.applied(branches)
    elif tighten:
        # Should the rest not be reached, this much was done.
        ledger.failed(branches, problems.branches_only_tightened(environment.name))
    return problem


def _create(service: ApplyContext, repository: Repository, plan: Create) -> EnvironmentResult:
    ledger = ChangeOutcomes(plan.changes)
    type_change = next(each for each in plan.changes if isinstance(each, SetType))
    try:
        with ledger.accounting(type_change):
            made = create(service, repository, plan)
    except PipeError as error:
        return ledger.result(plan, None, error.problem)
    match made:
        case Problem():
            ledger.failed(type_change, made)
            return ledger.result(plan, None, made)
        case Adopted(found):
            return _adopt(service, repository, plan, found)
        case Created(environment):
            ledger.applied(type_change)
            remaining: list[Change] = []
            for change in plan.changes:
                if isinstance(change, SetAdminOnly) and _is_so(change, environment):
                    ledger.applied(change)
                elif change is not type_change:
                    remaining.append(change)
            problem = _bring_into_line(service, repository, environment, tuple(remaining), ledger)
            return ledger.result(plan, environment.uuid, problem)
        case _:
            assert_never(made)


def _is_so(change: SetAdminOnly, environment: ExistingEnvironment) -> bool:
    """Whether a new environment has the restriction; unrestricted is what silence means."""
    return bool(environment.admin_only) == change.after


def _adopt(
    service: ApplyContext, repository: Repository, plan: Create, found: Found
) -> EnvironmentResult:
    """Another list tells of an environment that is meant: decide anew on what it is."""
    existing = found.existing
    try:
        contents = read_contents(service, repository, existing, plan.declared.desired)
    except PipeError as error:
        return ChangeOutcomes(plan.changes).result(plan, existing.uuid, error.problem)
    decided = plan_environment(plan.declared, found, contents, service.policy)
    permitted = review_environment(decided, force=service.force)
    if service.reviewed and not isinstance(permitted, Keep | Refuse):
        problem = planning_problems.not_reviewed(plan.name)
        permitted = Refuse(name=plan.name, existing=existing, problem=problem)
    return apply_environment(service, repository, permitted)


def _delete(service: ApplyContext, repository: Repository, plan: Delete) -> EnvironmentResult:
    """Look a second time, delete, and look whether the name is gone from the list.

    A deleted environment could once still be read by its uuid, renamed: the list decides.
    """
    outcome = Outcome.FAILED
    problem: Problem | None = None
    try:
        current = _second_look(service, repository, plan.existing)
        if current is None:
            outcome = Outcome.UNCHANGED
        elif current.name != plan.existing.name:
            problem = problems.environment_moved(plan.existing.name)
        else:
            outcome, problem = _delete_for_good(service, repository, plan)
    except PipeError as error:
        problem = error.problem
    return EnvironmentResult(plan=plan, outcome=outcome, uuid=plan.existing.uuid, problem=problem)


def _second_look(
    service: ApplyContext, repository: Repository, existing: ExistingEnvironment
) -> ExistingEnvironment | None:
    """Find the environment again by its uuid; a list that misses it once may only waver."""
    for _ in service.tries():
        for current in list_environments(service, repository):
            if current.uuid == existing.uuid:
                return current
    return None


def _delete_for_good(
    service: ApplyContext, repository: Repository, plan: Delete
) -> tuple[Outcome, Problem | None]:
    name = plan.existing.name
    answer = service.api.delete_environment(repository, plan.existing.uuid)
    if isinstance(answer, Rejected) and answer.status != _NOT_FOUND:
        doing = f"delete the environment '{name}'"
        return Outcome.FAILED, bitbucket_problems.rejection(doing, repository, answer)
    try:
        for _ in service.tries():
            listed = list_environments(service, repository)
            if not any(each.uuid == plan.existing.uuid and each.name == name for each in listed):
                return Outcome.APPLIED, None
    except PipeError as error:
        return Outcome.UNVERIFIED, error.problem
    return Outcome.UNVERIFIED, problems.deletion_does_not_show(name)
