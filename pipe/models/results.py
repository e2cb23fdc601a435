"""Results of a run: frozen values from which every report is made; `counting` counts them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Delete,
    DeleteVariable,
    EnvironmentPlan,
    Keep,
    MissingSecret,
    Refuse,
    RepositoryPlan,
    RewriteSecured,
    changes_of,
    existing_of,
)
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError, ExitCode, Problem, most_important


class Mode(StrEnum):
    """What a run does with its plan; every mode except `APPLY` is read-only."""

    APPLY = "apply"
    PLAN = "plan"
    CHECK = "check"
    EXPORT = "export"


class Counts(Struct, frozen=True, kw_only=True):
    """The requests sent to the API so far; requests for an OAuth token are not counted.

    Attributes:
        total: All requests, repeats included; one that could not be sent is not counted.
        retries: How many of the total were repeats.
    """

    total: int = 0
    reads: int = 0
    writes: int = 0
    retries: int = 0


class Outcome(StrEnum):
    """The outcome of an environment, or of one change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    PLANNED = "planned"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    SKIPPED = "skipped"
    REFUSED = "refused"


_WORST_FIRST: Final = (
    Outcome.FAILED,
    Outcome.REFUSED,
    Outcome.UNVERIFIED,
    Outcome.SKIPPED,
    Outcome.PLANNED,
    Outcome.APPLIED,
)


def worst_outcome(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of several outcomes; without any, it is unchanged.

    What was done in part is not skipped, but failed.
    """
    present = set(outcomes)
    if Outcome.SKIPPED in present and present & {Outcome.APPLIED, Outcome.UNCHANGED}:
        present.add(Outcome.FAILED)
    return next((each for each in _WORST_FIRST if each in present), Outcome.UNCHANGED)


class ChangeResult(Struct, frozen=True, kw_only=True):
    """One change and its outcome.

    Attributes:
        problem: Why it was not applied.
        steps: What was made of a change that failed, such as `dev added`.
    """

    change: Change
    outcome: Outcome
    problem: Problem | None = None
    steps: tuple[str, ...] = ()


class EnvironmentResult(Struct, frozen=True, kw_only=True):
    """One environment and its outcome.

    Attributes:
        uuid: Known once the environment exists; a deleted one keeps the uuid it had.
        problem: The first problem.
    """

    plan: EnvironmentPlan
    outcome: Outcome
    uuid: str | None = None
    changes: tuple[ChangeResult, ...] = ()
    problem: Problem | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, each once."""
        if self.problem is None and not self.changes:
            return ()  # nearly all environments of a fleet
        found = [self.problem, *(each.problem for each in self.changes)]
        return tuple(dict.fromkeys(each for each in found if each is not None))


class RepositoryResult(Struct, frozen=True, kw_only=True):
    """One repository and its outcome.

    Attributes:
        environments: In the order of the plan.
        changes: One for each change of the repository's own variables.
        unchanged_variables: How many of them were as declared.
        problem: Why the repository as a whole could not be handled.
        pipelines: The outcome of enabling Pipelines; `None`: not needed.
    """

    repository: Repository
    environments: tuple[EnvironmentResult, ...] = ()
    changes: tuple[ChangeResult, ...] = ()
    unchanged_variables: int = 0
    problem: Problem | None = None
    pipelines: Outcome | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, each once."""
        found = [self.problem, *(each.problem for each in self.changes)]
        found += [problem for each in self.environments for problem in each.problems]
        return tuple(dict.fromkeys(each for each in found if each is not None))


def differs(result: EnvironmentResult) -> bool:
    """Whether the environment differs from its declaration.

    Rewriting a secured value is no difference: a stored value can't be read back.
    """
    if isinstance(result.plan, Delete):
        return True
    return is_drift(result.changes)


def is_drift(changes: tuple[ChangeResult, ...]) -> bool:
    """Whether any change is more than the rewriting of a secured value."""
    return any(not isinstance(each.change, RewriteSecured) for each in changes)


def planned(plan: EnvironmentPlan) -> EnvironmentResult:
    """Return the result of a plan that is not carried out."""
    if isinstance(plan, Delete):
        return deletion_result(plan, Outcome.PLANNED)
    existing = existing_of(plan)
    changes = tuple(_planned_change(each) for each in changes_of(plan))
    if isinstance(plan, Refuse) and plan.plan is not None:
        changes = tuple(
            ChangeResult(change=each.change, outcome=Outcome.REFUSED)
            for each in planned(plan.plan).changes
        )
    problem = next((each.problem for each in changes if each.problem), None)
    match plan:
        case Keep():
            outcome = Outcome.UNCHANGED
        case Refuse():
            problem = plan.problem
            refused = problem.code is ExitCode.REFUSED
            outcome = Outcome.REFUSED if refused else Outcome.FAILED
        case _:
            outcome = worst_outcome(each.outcome for each in changes)
    return EnvironmentResult(
        plan=plan,
        outcome=outcome,
        uuid=None if existing is None else existing.uuid,
        changes=changes,
        problem=problem,
    )


def planned_changes(plan: RepositoryPlan) -> tuple[ChangeResult, ...]:
    """Return the results of the repository's own variables if they are not carried out."""
    if plan.refusal is None:
        return tuple(_planned_change(each) for each in plan.changes)
    return tuple(
        ChangeResult(change=each, outcome=Outcome.REFUSED, problem=plan.refusal)
        for each in plan.changes
    )


def deletion_result(
    plan: Delete, outcome: Outcome, problem: Problem | None = None
) -> EnvironmentResult:
    """Return the result of a deletion; its variables, which go with it or stay, share it."""
    changes = tuple(
        ChangeResult(
            change=DeleteVariable(existing=each, reason=plan.reason),
            outcome=outcome,
            problem=problem,
        )
        for each in plan.variables
    )
    return EnvironmentResult(
        plan=plan, outcome=outcome, uuid=plan.existing.uuid, changes=changes, problem=problem
    )


def _planned_change(change: Change) -> ChangeResult:
    problem = change.problem if isinstance(change, BranchesUnavailable | MissingSecret) else None
    outcome = Outcome.FAILED if isinstance(change, BranchesUnavailable) else Outcome.PLANNED
    return ChangeResult(change=change, outcome=outcome, problem=problem)


class Exported(Struct, frozen=True):
    """What `export` wrote.

    Attributes:
        environments: How many are in the configuration file.
        repositories: How many repositories were read.
        path: Where it is; `None`: on standard output.
    """

    environments: int
    repositories: int
    path: str | None


class RunOutcome(StrEnum):
    """The outcome of the run as a whole."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    PLANNED = "planned"
    DRIFT = "drift"
    REFUSED = "refused"
    FAILED = "failed"


class RunResult(Struct, frozen=True, kw_only=True):
    """Everything that a report can show of a run.

    Attributes:
        repositories: One result each, in a fixed order whatever the number of workers.
        problems: Problems of the run as a whole.
        config_errors: Errors in the settings; nothing else is known then.
        remaining: Repositories that were not started because the run ended early.
        plan_checksum: Known once everything was planned.
        exported: What was written in mode `export`.
    """

    mode: Mode
    repositories: tuple[RepositoryResult, ...] = ()
    problems: tuple[Problem, ...] = ()
    config_errors: tuple[ConfigError, ...] = ()
    remaining: tuple[Repository, ...] = ()
    plan_checksum: str | None = None
    exported: Exported | None = None
    counts: Counts
    seconds: float

    @property
    def environments(self) -> tuple[EnvironmentResult, ...]:
        """The results of all environments, in order."""
        return tuple(each for one in self.repositories for each in one.environments)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the run: the most important of its problems.

        What is not as declared is never silent, even if it has no problem.
        """
        if self.config_errors:
            return ExitCode.CONFIGURATION
        found = [*self.problems, *(each for one in self.repositories for each in one.problems)]
        checks = self.mode is Mode.CHECK
        codes = [ExitCode.DRIFT if checks and each.is_drift else each.code for each in found]
        if checks and self._would_change():
            codes.append(ExitCode.DRIFT)
        in_order = {Outcome.APPLIED, Outcome.UNCHANGED}
        if self.mode is not Mode.APPLY:
            in_order.add(Outcome.PLANNED)
        if self.remaining or not self._outcomes <= in_order:
            codes.append(ExitCode.INCOMPLETE)
        return most_important(codes)

    @property
    def outcome(self) -> RunOutcome:
        """The outcome of the run."""
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
        if Outcome.APPLIED in self._outcomes:
            return RunOutcome.CHANGED
        return RunOutcome.PLANNED if Outcome.PLANNED in self._outcomes else RunOutcome.UNCHANGED

    @property
    def _outcomes(self) -> set[Outcome]:
        """The outcomes of Pipelines, of environments, and of all changes."""
        outcomes = {each.pipelines for each in self.repositories if each.pipelines}
        outcomes |= {change.outcome for each in self.repositories for change in each.changes}
        outcomes |= {change.outcome for each in self.environments for change in each.changes}
        return outcomes | {each.outcome for each in self.environments}

    def _would_change(self) -> bool:
        return any(differs(each) for each in self.environments) or any(
            each.pipelines is Outcome.PLANNED or is_drift(each.changes)
            for each in self.repositories
        )
