"""What became of a run: frozen values from which every report is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pipe.changes import (
    Create,
    CreateVariable,
    Delete,
    DeleteVariable,
    Keep,
    RewriteSecured,
    SetType,
    Update,
    UpdateVariable,
    WriteFingerprints,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipe.changes import Change, EnvironmentPlan
    from pipe.declaration import Repository
    from pipe.errors import Problem


class Outcome(StrEnum):
    """What became of an environment, or of one change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    PLANNED = "planned"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """One change and what became of it; `problem` says why it is not applied."""

    change: Change
    outcome: Outcome
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentResult:
    """One environment and what became of it.

    Attributes:
        plan: What was to happen.
        outcome: What happened to it as a whole.
        uuid: Known once it exists.
        changes: One for each change of the plan.
        problem: The first thing that went wrong.
    """

    plan: EnvironmentPlan
    outcome: Outcome
    uuid: str | None = None
    changes: tuple[ChangeResult, ...] = ()
    problem: Problem | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that went wrong, each once."""
        found = [self.problem, *(each.problem for each in self.changes)]
        return tuple(dict.fromkeys(each for each in found if each is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryResult:
    """One repository and what became of it.

    Attributes:
        repository: Which.
        environments: In the order of the plan.
        problem: Why the repository as a whole could not be handled.
        pipelines: What became of turning Pipelines on; `None`: it was not needed.
    """

    repository: Repository
    environments: tuple[EnvironmentResult, ...] = ()
    problem: Problem | None = None
    pipelines: Outcome | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that went wrong, each once."""
        inner = [problem for each in self.environments for problem in each.problems]
        own = [] if self.problem is None else [self.problem]
        return tuple(dict.fromkeys([*own, *inner]))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCounts:
    """Environments by what happened.

    One that was created or updated and then failed counts as both: both happened.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableCounts:
    """Variables by what happened, the pipe's own fingerprint variable included."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0


def count_environments(results: Iterable[EnvironmentResult]) -> EnvironmentCounts:
    """Count what happened to environments; what was only planned is not counted."""
    created = updated = unchanged = deleted = failed = refused = 0
    for result in results:
        plan, outcome = result.plan, result.outcome
        applied = any(each.outcome is Outcome.APPLIED for each in result.changes)
        if isinstance(plan, Create):
            created += any(
                isinstance(each.change, SetType) and each.outcome is Outcome.APPLIED
                for each in result.changes
            )
        elif isinstance(plan, Update):
            updated += applied
        elif isinstance(plan, Delete):
            deleted += outcome is Outcome.APPLIED
        unchanged += outcome is Outcome.UNCHANGED
        failed += outcome in (Outcome.FAILED, Outcome.UNVERIFIED)
        refused += outcome is Outcome.REFUSED
    return EnvironmentCounts(
        created=created,
        updated=updated,
        unchanged=unchanged,
        deleted=deleted,
        failed=failed,
        refused=refused,
    )


def count_variables(results: Iterable[EnvironmentResult]) -> VariableCounts:
    """Count what happened to variables; what was only planned is not counted."""
    created = updated = unchanged = deleted = failed = 0
    for result in results:
        if isinstance(result.plan, Update | Keep):
            unchanged += result.plan.unchanged_variables
        for each in result.changes:
            change = each.change
            if each.outcome in (Outcome.FAILED, Outcome.UNVERIFIED):
                failed += change.field.startswith("variables.")
            elif each.outcome is not Outcome.APPLIED:
                continue
            elif isinstance(change, CreateVariable):
                created += 1
            elif isinstance(change, UpdateVariable | RewriteSecured):
                updated += 1
            elif isinstance(change, DeleteVariable):
                deleted += 1
            elif isinstance(change, WriteFingerprints):
                created += change.existing is None
                updated += change.existing is not None
    return VariableCounts(
        created=created, updated=updated, unchanged=unchanged, deleted=deleted, failed=failed
    )


def is_drift(change: Change) -> bool:
    """Whether a change says that something differs (a blind rewrite of a secret says nothing)."""
    return not isinstance(change, RewriteSecured)
