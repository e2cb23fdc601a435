"""What became of a run: frozen values from which every report is made."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

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
    WriteFingerprints,
    changes_of,
    existing_of,
)
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError, ExitCode, Problem, most_important


class Mode(StrEnum):
    """What a run does with the plan; all but `APPLY` only read."""

    APPLY = "apply"
    PLAN = "plan"
    CHECK = "check"
    EXPORT = "export"


class Counts(Struct, frozen=True, kw_only=True):
    """The requests sent to the API so far; those for an OAuth token are not among them.

    Attributes:
        total: All, repeats included; a request that never left is not counted.
        reads: Those with GET.
        writes: The others.
        retries: How many of the total were repeats.
    """

    total: int = 0
    reads: int = 0
    writes: int = 0
    retries: int = 0


class Outcome(StrEnum):
    """What became of an environment, or of one change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    PLANNED = "planned"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    SKIPPED = "skipped"
    REFUSED = "refused"


class ChangeResult(Struct, frozen=True, kw_only=True):
    """One change and what became of it; `problem` says why it is not applied."""

    change: Change
    outcome: Outcome
    problem: Problem | None = None


class EnvironmentResult(Struct, frozen=True, kw_only=True):
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


class RepositoryResult(Struct, frozen=True, kw_only=True):
    """One repository and what became of it.

    Attributes:
        repository: Which.
        environments: In the order of the plan.
        changes: What became of each change of the repository's own variables.
        unchanged_variables: How many of them were as declared.
        problem: Why the repository as a whole could not be handled.
        pipelines: What became of turning Pipelines on; `None`: it was not needed.
    """

    repository: Repository
    environments: tuple[EnvironmentResult, ...] = ()
    changes: tuple[ChangeResult, ...] = ()
    unchanged_variables: int = 0
    problem: Problem | None = None
    pipelines: Outcome | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that went wrong, each once."""
        found = [self.problem, *(each.problem for each in self.changes)]
        found += [problem for each in self.environments for problem in each.problems]
        return tuple(dict.fromkeys(each for each in found if each is not None))


class EnvironmentCounts(Struct, frozen=True, kw_only=True):
    """Environments by what happened.

    One that was created or updated and then failed counts as both: both happened.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0
    refused: int = 0


class VariableCounts(Struct, frozen=True, kw_only=True):
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


def differs(result: EnvironmentResult) -> bool:
    """Whether a plan says that something differs; a blind rewrite of a secret says nothing."""
    if isinstance(result.plan, Delete):
        return True
    return _is_drift(result.changes)


def _is_drift(changes: tuple[ChangeResult, ...]) -> bool:
    return any(not isinstance(each.change, RewriteSecured) for each in changes)


def planned(plan: EnvironmentPlan) -> EnvironmentResult:
    """Return the result of a plan that is only told."""
    existing = existing_of(plan)
    changes = tuple(_planned_change(each) for each in changes_of(plan))
    problem = next((each.problem for each in changes if each.problem), None)
    failed = any(each.outcome is Outcome.FAILED for each in changes)
    outcome = Outcome.FAILED if failed else Outcome.PLANNED
    match plan:
        case Keep():
            outcome = Outcome.UNCHANGED
        case Refuse():
            outcome, problem = Outcome.REFUSED, plan.problem
        case Create() | Update() | Delete():
            pass
        case _:
            assert_never(plan)
    return EnvironmentResult(
        plan=plan,
        outcome=outcome,
        uuid=None if existing is None else existing.uuid,
        changes=changes,
        problem=problem,
    )


def _planned_change(change: Change) -> ChangeResult:
    if isinstance(change, BranchesUnavailable):
        return ChangeResult(change=change, outcome=Outcome.FAILED, problem=change.problem)
    if isinstance(change, MissingSecret):
        return ChangeResult(change=change, outcome=Outcome.PLANNED, problem=change.problem)
    return ChangeResult(change=change, outcome=Outcome.PLANNED)


class RunOutcome(StrEnum):
    """What became of the run as a whole, in one word."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    PLANNED = "planned"
    DRIFT = "drift"
    REFUSED = "refused"
    FAILED = "failed"


class RunResult(Struct, frozen=True, kw_only=True):
    """Everything a report can tell of a run.

    Attributes:
        mode: What was done with the plan.
        repositories: One result each, in a fixed order whatever the number of workers.
        problems: What concerns the run as a whole.
        faults: What is wrong with the settings; then nothing else is known.
        remaining: Repositories that were not begun because the run was over; a rerun continues.
        plan_checksum: Known once everything was planned.
        counts: The requests sent.
        seconds: How long the run took.
    """

    mode: Mode
    repositories: tuple[RepositoryResult, ...] = ()
    problems: tuple[Problem, ...] = ()
    faults: tuple[ConfigError, ...] = ()
    remaining: tuple[Repository, ...] = ()
    plan_checksum: str | None = None
    counts: Counts
    seconds: float

    @property
    def environments(self) -> tuple[EnvironmentResult, ...]:
        """The results of all environments, in order."""
        return tuple(each for one in self.repositories for each in one.environments)

    @property
    def exit_code(self) -> ExitCode:
        """The most important of all that happened."""
        if self.faults:
            return ExitCode.CONFIGURATION
        found = [*self.problems, *(each for one in self.repositories for each in one.problems)]
        checks = self.mode is Mode.CHECK
        codes = [ExitCode.DRIFT if checks and each.is_drift else each.code for each in found]
        if self.mode is Mode.CHECK and self._would_change():
            codes.append(ExitCode.DRIFT)
        return most_important(codes)

    @property
    def outcome(self) -> RunOutcome:
        """What became of the run, in one word."""
        match self.exit_code:
            case ExitCode.OK:
                return self._success()
            case ExitCode.DRIFT:
                return RunOutcome.DRIFT
            case ExitCode.REFUSED:
                return RunOutcome.REFUSED
            case _:
                return RunOutcome.FAILED

    def _success(self) -> RunOutcome:
        outcomes = {each.outcome for each in self.environments}
        outcomes |= {each.pipelines for each in self.repositories if each.pipelines}
        outcomes |= {each.outcome for one in self.repositories for each in one.changes}
        if Outcome.APPLIED in outcomes:
            return RunOutcome.CHANGED
        return RunOutcome.PLANNED if Outcome.PLANNED in outcomes else RunOutcome.UNCHANGED

    def _would_change(self) -> bool:
        return any(differs(each) for each in self.environments) or any(
            each.pipelines is Outcome.PLANNED or _is_drift(each.changes)
            for each in self.repositories
        )
