"""What must not happen unasked, and in which order the rest happens (pure).

The order within one environment: restrictions that tighten, then variables, then restrictions that
loosen. So a secret never stands in an environment that is less protected than declared, and no
moment of a run is less protected than both its beginning and its end.
"""

from __future__ import annotations

from typing import Final, assert_never

from msgspec import Struct
from msgspec.structs import replace

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    EnvironmentPlan,
    Refuse,
    RepositoryPlan,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    Update,
    UpdateVariable,
    VariableChange,
    WriteFingerprints,
)
from pipe.models.declaration import EnvironmentType
from pipe.models.errors import Problem
from pipe.models.existing import ExistingBranchRestriction
from pipe.planning import problems

PRUNE_LIMIT_PERCENT: Final = 30
PRUNE_LIMIT_FROM: Final = 5
"""With fewer things than this there is no limit: a percentage of a handful says nothing."""


def review(plan: RepositoryPlan, *, existing_count: int, force: bool) -> RepositoryPlan:
    """Replace by a refusal what must not happen unless it is forced.

    Args:
        plan: What would happen.
        existing_count: How many environments the repository has.
        force: The user has said that refusals of this kind are to be passed.
    """
    pruned = sum(
        isinstance(each, Delete) and each.reason is DeleteReason.PRUNED
        for each in plan.environments
    )
    problem = (
        problems.too_many_deletions("environments", pruned, existing_count, PRUNE_LIMIT_PERCENT)
        if _too_many(pruned, existing_count)
        else None
    )
    return replace(
        plan,
        environments=tuple(
            review_environment(each, force=force, too_much_pruned=problem)
            for each in plan.environments
        ),
    )


def review_environment(
    plan: EnvironmentPlan, *, force: bool, too_much_pruned: Problem | None = None
) -> EnvironmentPlan:
    """Replace the plan of one environment by a refusal if it must not happen unless forced."""
    if force:
        return plan
    match plan:
        case Delete():
            problem = _deletion_problem(plan, too_much_pruned)
        case Update():
            problem = _prune_problem(plan)
        case _:
            return plan
    if problem is None:
        return plan
    return Refuse(name=plan.name, existing=plan.existing, problem=problem)


def _deletion_problem(plan: Delete, too_much_pruned: Problem | None) -> Problem | None:
    if plan.existing.type not in (EnvironmentType.TEST, EnvironmentType.STAGING):
        return problems.production_deletion(plan.existing)
    match plan.reason:
        case DeleteReason.DECLARED:
            return None
        case DeleteReason.RULE:
            return problems.pattern_deletion(plan.existing)
        case DeleteReason.PRUNED:
            return too_much_pruned
        case _:
            assert_never(plan.reason)


def _prune_problem(plan: Update) -> Problem | None:
    deleted = sum(isinstance(change, DeleteVariable) for change in plan.changes)
    existing = plan.unchanged_variables + sum(
        isinstance(change, DeleteVariable | UpdateVariable | RewriteSecured)
        for change in plan.changes
    )
    if not _too_many(deleted, existing):
        return None
    what = f"variables of '{plan.name}'"
    return problems.too_many_deletions(what, deleted, existing, PRUNE_LIMIT_PERCENT)


def _too_many(deleted: int, existing: int) -> bool:
    return existing >= PRUNE_LIMIT_FROM and deleted * 100 > existing * PRUNE_LIMIT_PERCENT


class Fields(Struct, frozen=True):
    """One request that changes an environment's own fields, together."""

    changes: tuple[SetName | SetAdminOnly, ...]


class AddBranch(Struct, frozen=True):
    """One more branch pattern may deploy, or the first one restricts."""

    pattern: str


class RemoveBranch(Struct, frozen=True):
    """One branch pattern fewer may deploy, or the last one lifts the restriction."""

    restriction: ExistingBranchRestriction


BranchStep = AddBranch | RemoveBranch


class Order(Struct, frozen=True, kw_only=True):
    """The changes of one environment in the order in which they are safe.

    Attributes:
        tighten: The environment's own fields, where they restrict (and a rename, which is neutral).
        tighten_branches: Until no more branches may deploy than declared.
        unavailable: Branches that Bitbucket offers no way to set.
        variables: Written while the environment is as protected as ever.
        loosen: The environment's own fields, where they permit more.
        loosen_branches: What was still missing.
    """

    tighten: Fields | None
    tighten_branches: tuple[BranchStep, ...]
    unavailable: BranchesUnavailable | None
    variables: tuple[VariableChange, ...]
    loosen: Fields | None
    loosen_branches: tuple[BranchStep, ...]


def order(changes: tuple[Change, ...]) -> Order:
    """Put the changes of an existing environment into their safe order."""
    fields = tuple(each for each in changes if isinstance(each, SetName | SetAdminOnly))
    loosens = any(isinstance(each, SetAdminOnly) and not each.after for each in fields)
    branches = next((each for each in changes if isinstance(each, SetBranches)), None)
    tighten, loosen = branch_steps(branches) if branches else ((), ())
    together = Fields(fields) if fields else None
    return Order(
        tighten=None if loosens else together,
        tighten_branches=tighten,
        unavailable=next((each for each in changes if isinstance(each, BranchesUnavailable)), None),
        variables=tuple(
            each
            for each in changes
            if isinstance(
                each,
                CreateVariable
                | UpdateVariable
                | RewriteSecured
                | DeleteVariable
                | WriteFingerprints,
            )
        ),
        loosen=together if loosens else None,
        loosen_branches=loosen,
    )


def branch_steps(change: SetBranches) -> tuple[tuple[BranchStep, ...], tuple[BranchStep, ...]]:
    """Return the steps that tighten, and those that loosen, from the existing set to the declared.

    An empty set permits every branch, so the set is never empty on the way unless it was so before
    or is to be so after; and no pattern stands in it that is in neither.
    """
    add = tuple(AddBranch(pattern) for pattern in change.after if pattern not in set(change.before))
    remove = tuple(
        RemoveBranch(each)
        for each in sorted(change.existing, key=lambda each: (each.pattern, each.uuid))
        if each.pattern not in change.after
    )
    if not change.existing:
        return add, ()
    if not change.after:
        return (), remove
    if len(remove) < len(change.existing):
        return remove, add
    # Nothing stays: the first new pattern must be there before the last old one goes.
    return (*add[:1], *remove), add[1:]
