"""Refuse what must not happen unless it is forced (pure).

A mistake in one configuration file can delete what can't be restored, or take the protection of a
whole workspace away, while each repository by itself looks harmless.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pipe.models.changes import (
    Create,
    Delete,
    DeleteReason,
    DeleteVariable,
    EnvironmentPlan,
    FieldChange,
    Keep,
    Refuse,
    RepositoryPlan,
    SetBranches,
    Totals,
    Update,
    VariableChange,
    changes_of,
    refuse,
)
from pipe.models.declaration import FINGERPRINTS_KEY, EnvironmentType
from pipe.models.errors import Problem
from pipe.models.existing import ExistingEnvironment
from pipe.planning import problems
from pipe.planning.planner import conflicting_type

LIMIT_PERCENT: Final = 30
LIMIT_FROM: Final = 5
"""With fewer things than this there is no limit: a percentage of a handful says nothing."""


def exceeds_limit(affected: int, existing: int) -> bool:
    """Return whether too large a part of what exists is affected."""
    return existing >= LIMIT_FROM and affected * 100 > existing * LIMIT_PERCENT


def review(plan: RepositoryPlan, *, existing_count: int, force: bool) -> RepositoryPlan:
    """Refuse in a plan what must not happen unless it is forced.

    `existing_count` is the number of environments of the repository, as in the functions below.
    """
    totals = Totals(
        environments=existing_count,
        deletions=sum(deletes(each) for each in plan.environments),
        loosenings=sum(loosens(each) for each in plan.environments),
    )
    plan = replace(plan, totals=totals)
    if force:
        return plan
    pruned = count_pruned(plan)
    return replace(
        plan,
        environments=tuple(
            review_environment(each, pruned=pruned, existing_count=existing_count)
            for each in plan.environments
        ),
        refusal=_variables_problem(
            "variables of the repository", plan.changes, plan.unchanged_variables
        ),
    )


def count_pruned(plan: RepositoryPlan) -> int:
    """Return how many environments would be deleted because nothing declares them."""
    return sum(
        isinstance(each, Delete) and each.reason is DeleteReason.PRUNED
        for each in plan.environments
    )


def review_environment(
    plan: EnvironmentPlan, *, pruned: int = 0, existing_count: int = 0
) -> EnvironmentPlan:
    """Refuse the plan of one environment if it must not happen unless it is forced.

    `pruned` is the number of environments of the repository that are pruned.
    """
    match plan:
        case Delete(existing=existing):
            problem = deletion_problem(plan, existing, pruned=pruned, existing_count=existing_count)
        case Update(changes=changes, unchanged_variables=unchanged):
            variables = tuple(each for each in changes if isinstance(each, VariableChange))
            problem = _variables_problem(f"variables of '{plan.name}'", variables, unchanged)
        case _:
            return plan
    if problem is None:
        return plan
    return refuse(plan, problem)


def deletion_problem(
    plan: Delete, current: ExistingEnvironment, *, pruned: int, existing_count: int
) -> Problem | None:
    """Return why an environment, as it was read last, must not be deleted unless it is forced.

    `existing_count` includes the environments that are pruned.
    """
    if current.type not in (EnvironmentType.TEST, EnvironmentType.STAGING):
        return problems.production_deletion(current)
    match plan.reason:
        case DeleteReason.RULE:
            return problems.pattern_deletion(current)
        case DeleteReason.PRUNED if exceeds_limit(pruned, existing_count):
            return problems.too_many_deletions(
                "environments", pruned, existing_count, LIMIT_PERCENT
            )
        case _:
            return None


def changed_type(plan: Delete, current: ExistingEnvironment) -> Problem | None:
    """Return why an environment is not deleted even if forced: it has not the declared type."""
    other = conflicting_type(plan.declared_type, current)
    return None if other is None else problems.deletion_type_differs(current, other)


def pruning_problem(
    what: str, changes: tuple[VariableChange, ...], existing: int
) -> Problem | None:
    """Return why so many variables must not be pruned.

    Args:
        what: Like `variables of 'X'`.
        changes: All that are planned.
        existing: How many variables there are, without the one that holds fingerprints.
    """
    pruned = sum(is_pruned(each) for each in changes)
    if not exceeds_limit(pruned, existing):
        return None
    return problems.too_many_deletions(what, pruned, existing, LIMIT_PERCENT)


def _variables_problem(
    what: str, changes: tuple[VariableChange, ...], unchanged: int
) -> Problem | None:
    changed = sum(
        each.existing is not None and each.existing.key != FINGERPRINTS_KEY for each in changes
    )
    return pruning_problem(what, changes, unchanged + changed)


def is_pruned(change: VariableChange) -> bool:
    """Return whether a variable is deleted because it is not declared.

    The pipe's own variable of fingerprints is not one that could be declared.
    """
    return (
        isinstance(change, DeleteVariable)
        and change.reason is DeleteReason.PRUNED
        and change.key != FINGERPRINTS_KEY
    )


def deletes(plan: EnvironmentPlan) -> bool:
    """Return whether an environment is deleted."""
    return isinstance(plan, Delete)


def loosens(plan: EnvironmentPlan) -> bool:
    """Return whether more people or branches may deploy to an existing environment than before."""
    return not isinstance(plan, Create) and any(
        isinstance(each, FieldChange | SetBranches) and each.loosens for each in changes_of(plan)
    )


def review_replanned(
    replanned: EnvironmentPlan,
    first: tuple[EnvironmentPlan, ...],
    *,
    reviewed: bool,
    counted: bool,
) -> EnvironmentPlan:
    """Refuse a plan that was made during the run if it needs what the first plan does not permit.

    What is counted over several repositories is counted once, before the first write: whether more
    is permitted must not depend on which repository is handled first.

    Args:
        replanned: The plan of one environment.
        first: The plans that the run began with, those that were refused included.
        reviewed: Whether every change must be in one of them (`PLAN_CHECKSUM`).
        counted: Whether one of them must delete the environment or loosen it as well, because
            that is counted over several repositories.
    """
    match replanned:
        case Keep() | Refuse():
            return replanned
        case _ if reviewed and replanned not in first:
            problem: Problem | None = problems.not_reviewed(replanned.name)
        case Update() | Delete() if counted and (deletes(replanned) or loosens(replanned)):
            problem = _not_permitted(replanned, first)
        case _:
            return replanned
    return replanned if problem is None else refuse(replanned, problem)


def _not_permitted(
    replanned: Update | Delete, first: tuple[EnvironmentPlan, ...]
) -> Problem | None:
    """Return why an environment that the first plan refuses or lacks is not deleted or loosened."""
    for each in first:
        planned = each.plan if isinstance(each, Refuse) else each
        if (
            isinstance(planned, Update | Delete)
            and planned.existing.uuid == replanned.existing.uuid
            and deletes(planned) == deletes(replanned)
            and loosens(planned) == loosens(replanned)
        ):
            return each.problem if isinstance(each, Refuse) else None
    return problems.not_counted(replanned.name)


class Excess(Struct, frozen=True):
    """Too many changes of one kind: why they are refused, and which plans contain one."""

    problem: Problem
    concerns: Callable[[EnvironmentPlan], bool]

    def refuse_in(self, plan: RepositoryPlan) -> RepositoryPlan:
        """Refuse the plans that it concerns; the others stay as they are."""
        return replace(
            plan,
            environments=tuple(
                refuse(each, self.problem)
                if isinstance(each, Update | Delete) and self.concerns(each)
                else each
                for each in plan.environments
            ),
        )


def exceeded_limits(totals: Totals, *, parallel_steps: int = 1) -> tuple[Excess, ...]:
    """Return which limits the plans of several repositories exceed together.

    Args:
        totals: What this run has planned so far.
        parallel_steps: How many steps share the work; each is assumed to plan as much.
    """
    kinds: tuple[tuple[str, int, Callable[[EnvironmentPlan], bool]], ...] = (
        ("delete", totals.deletions, deletes),
        ("loosen the protection of", totals.loosenings, loosens),
    )
    existing = totals.environments
    return tuple(
        Excess(problems.fleet_limit(doing, count, existing, LIMIT_PERCENT), concerns)
        for doing, count, concerns in kinds
        if exceeds_limit(count * parallel_steps, existing * parallel_steps)
    )
