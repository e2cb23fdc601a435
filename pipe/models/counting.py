"""Count results: what plans would do with environments, and what happened to what."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    CreateVariable,
    Delete,
    DeleteVariable,
    EnvironmentPlan,
    Keep,
    MissingSecret,
    Refuse,
    RewriteSecured,
    SetType,
    Update,
    UpdateVariable,
)
from pipe.models.declaration import FINGERPRINTS_KEY
from pipe.models.errors import ExitCode
from pipe.models.results import ChangeResult, EnvironmentResult, Outcome, RepositoryResult


class Action(StrEnum):
    """What a plan would do with an environment."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NONE = "none"
    REFUSE = "refuse"


def action_of(plan: EnvironmentPlan) -> Action:
    """Return what a plan would do.

    What is impossible rather than refused for safety (a creation without a type) keeps its action.
    """
    match plan:
        case Create():
            return Action.CREATE
        case Update():
            return Action.UPDATE
        case Keep():
            return Action.NONE
        case Delete():
            return Action.DELETE
        case Refuse() if plan.problem.code is ExitCode.REFUSED:
            return Action.REFUSE
        case Refuse():
            return Action.CREATE if plan.existing is None else Action.NONE


class PlanCounts(Struct, frozen=True, kw_only=True):
    """Environments by what the plan would do; what is impossible is not counted."""

    create: int = 0
    update: int = 0
    delete: int = 0
    unchanged: int = 0
    refuse: int = 0


def count_plan(results: Iterable[EnvironmentResult]) -> PlanCounts:
    """Count environments by the action of their plan."""
    counts = Counter(action_of(each.plan) for each in results if not is_impossible(each.plan))
    return PlanCounts(
        create=counts[Action.CREATE],
        update=counts[Action.UPDATE],
        delete=counts[Action.DELETE],
        unchanged=counts[Action.NONE],
        refuse=counts[Action.REFUSE],
    )


def is_impossible(plan: EnvironmentPlan) -> bool:
    """Whether nothing of a plan can be carried out, for a reason other than safety."""
    if isinstance(plan, Update):
        return all(isinstance(each, MissingSecret | BranchesUnavailable) for each in plan.changes)
    return isinstance(plan, Refuse) and action_of(plan) is not Action.REFUSE


class VariableCounts(Struct, frozen=True, kw_only=True):
    """Variables by what happened."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0


class EnvironmentCounts(VariableCounts, frozen=True, kw_only=True):
    """Environments by what happened.

    An environment that was created or updated and then failed counts as both.
    """

    refused: int = 0


def count_environments(results: Iterable[EnvironmentResult]) -> EnvironmentCounts:
    """Count what happened to environments; what was only planned is not counted."""
    counts = Counter(event for each in results for event in _environment_events(each))
    return EnvironmentCounts(**counts)


def _environment_events(result: EnvironmentResult) -> Iterator[str]:
    match result.plan:
        case Create() if any(_is_applied(each, SetType) for each in result.changes):
            yield "created"
        case Update() if any(_is_applied(each) or each.steps for each in result.changes):
            yield "updated"
        case Delete() if result.outcome is Outcome.APPLIED:
            yield "deleted"
    match result.outcome:
        case Outcome.UNCHANGED:
            yield "unchanged"
        case Outcome.FAILED | Outcome.UNVERIFIED:
            yield "failed"
        case Outcome.REFUSED:
            yield "refused"
        case _:
            pass  # counted by its plan


def _is_applied(result: ChangeResult, kind: type[Change] | None = None) -> bool:
    of_kind = kind is None or isinstance(result.change, kind)
    return of_kind and result.outcome is Outcome.APPLIED


def count_variables(results: Iterable[RepositoryResult]) -> VariableCounts:
    """Count what happened to variables of repositories and of their environments.

    What was only planned is not counted, nor is the pipe's own variable of fingerprints.
    """
    counts: Counter[str] = Counter()
    for repository in results:
        counts["unchanged"] += repository.unchanged_variables
        changes = [*repository.changes]
        for environment in repository.environments:
            changes += environment.changes
            if isinstance(environment.plan, Update | Keep):
                counts["unchanged"] += environment.plan.unchanged_variables
        counts.update(event for each in changes if (event := _variable_event(each)))
    return VariableCounts(**counts)


def _variable_event(result: ChangeResult) -> str | None:
    """Return how a change is counted; `None`: it is not."""
    match result.change:
        case DeleteVariable(existing=existing) if existing.key == FINGERPRINTS_KEY:
            return None
        case DeleteVariable():
            event = "deleted"
        case CreateVariable():
            event = "created"
        case UpdateVariable() | RewriteSecured() | MissingSecret():
            event = "updated"
        case _:
            return None
    match result.outcome:
        case Outcome.APPLIED:
            return event
        case Outcome.FAILED | Outcome.UNVERIFIED:
            return "failed"
        case _:
            return None
