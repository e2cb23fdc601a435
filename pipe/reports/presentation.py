"""Present a result: the values that every report format renders, so that all say the same.

A format is a function of a `RunView`. Texts from outside are cleaned here, once.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pipe.models.changes import (
    Create,
    Delete,
    EnvironmentPlan,
    FoundBy,
    Keep,
    SetName,
    Update,
    existing_of,
)
from pipe.models.counting import Action, PlanCounts, action_of, count_plan
from pipe.models.errors import ExitCode, Problem
from pipe.models.results import (
    ChangeResult,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
    differs,
    is_drift,
    worst_outcome,
)
from pipe.reports.change_view import ChangeView, change_lines, present_change
from pipe.reports.summary import is_possible, plan_sentence, shows_plan, summary, would_change
from pipe.reports.text import one_line, truncate
from pipe.settings.pipelines import PipelineContext

_MAX_NAME: Final = 60


class About(Struct, frozen=True, kw_only=True):
    """What a report says about the run besides its result.

    Attributes:
        at: The time at which the run began, in UTC.
        context: The variables that Pipelines sets in the step.
    """

    at: datetime
    context: PipelineContext

    @property
    def pipeline_url(self) -> str | None:
        """The page of the pipeline run, where there is one."""
        if self.context.repository is None or self.context.build_number is None:
            return None
        repository, number = self.context.repository, self.context.build_number
        return f"https://bitbucket.org/{repository}/pipelines/results/{number}"


class ItemState(StrEnum):
    """The state of an item in a report, from harmless to worst."""

    UNCHANGED = "unchanged"
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    TO_CREATE = "to create"
    TO_CHANGE = "to change"
    TO_DELETE = "to delete"
    DRIFT = "drifted"
    REFUSED = "refused"
    NOT_STARTED = "not started"
    UNVERIFIED = "not verified"
    FAILED = "failed"


DONE: Final = (ItemState.UNCHANGED, ItemState.CREATED, ItemState.UPDATED, ItemState.DELETED)
PENDING: Final = (ItemState.TO_CREATE, ItemState.TO_CHANGE, ItemState.TO_DELETE)
BAD: Final = (
    ItemState.DRIFT,
    ItemState.REFUSED,
    ItemState.NOT_STARTED,
    ItemState.UNVERIFIED,
    ItemState.FAILED,
)
"""The states that someone has to look at."""

_MARKS: Final = {ItemState.TO_CREATE: "+", ItemState.TO_CHANGE: "~", ItemState.TO_DELETE: "-"}
_PARTICIPLES: Final = {
    Action.CREATE: ItemState.CREATED,
    Action.UPDATE: ItemState.UPDATED,
    Action.DELETE: ItemState.DELETED,
    Action.NONE: ItemState.UNCHANGED,
    Action.REFUSE: ItemState.REFUSED,
}
_PENDING: Final = {
    Action.CREATE: ItemState.TO_CREATE,
    Action.UPDATE: ItemState.TO_CHANGE,
    Action.DELETE: ItemState.TO_DELETE,
}
_STATES: Final = {
    Outcome.UNCHANGED: ItemState.UNCHANGED,
    Outcome.REFUSED: ItemState.REFUSED,
    Outcome.UNVERIFIED: ItemState.UNVERIFIED,
    Outcome.FAILED: ItemState.FAILED,
    Outcome.SKIPPED: ItemState.NOT_STARTED,
}
_WRITTEN: Final = (Outcome.APPLIED, Outcome.UNVERIFIED)
_UNUSUAL: Final = (FoundBy.CASE, FoundBy.UUID, FoundBy.SLUG)
"""How an environment may be found that is not obvious from its name."""


def mark_of(state: ItemState) -> str:
    """Return the mark before an item: `+ ~ -` for what is pending, else `✔` or `✖`."""
    return _MARKS.get(state) or ("✖" if state in BAD else "✔")


class ItemView(Struct, frozen=True, kw_only=True):
    """One item that a run handles: an environment, or a part of the repository itself.

    Attributes:
        name: The name that it has before the run.
        new_name: The name that a rename declares; `None`: it keeps its name.
        title: The name, and the new name of a rename that is not refused or failed.
        type: The type of an environment, where known.
        verdict: The state in words.
        changes: In the order of the plan.
        problems: Each once.
    """

    name: str
    new_name: str | None = None
    title: str
    type: str | None = None
    state: ItemState
    verdict: str
    changes: tuple[ChangeView, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def mark(self) -> str:
        """The mark before its name."""
        return mark_of(self.state)

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each change, its parts aligned."""
        return change_lines(self.changes)

    @property
    def details(self) -> list[str]:
        """The lines of its changes and of its problems."""
        return [*self.lines, *(text for each in self.problems for text in problem_texts(each))]


class RepositoryView(Struct, frozen=True, kw_only=True):
    """One repository.

    Attributes:
        name: `workspace/slug`.
        problem: Why the repository as a whole could not be handled.
    """

    name: str
    problem: Problem | None
    items: tuple[ItemView, ...]

    @property
    def states(self) -> tuple[ItemState, ...]:
        """The states in it, each once."""
        own = [ItemState.FAILED] if self.problem else []
        return tuple(dict.fromkeys([*(each.state for each in self.items), *own]))


class RunView(Struct, frozen=True, kw_only=True):
    """A run.

    Attributes:
        repositories: In the order of the result.
        plan: What the plan would do, in a sentence; `None`: nothing was planned, or more happened.
        summary: What happened, in a sentence.
        checksum: For PLAN_CHECKSUM; `None`: there is nothing to apply.
    """

    result: RunResult
    about: About
    repositories: tuple[RepositoryView, ...]
    plan: str | None
    summary: str
    checksum: str | None

    @property
    def remaining(self) -> tuple[str, ...]:
        """Repositories that were not started."""
        return tuple(one_line(str(each)) for each in self.result.remaining)

    @property
    def counts(self) -> PlanCounts:
        """Environments by what the plan would do with them."""
        return count_plan(self.result.environments)

    @property
    def is_fleet(self) -> bool:
        """Whether several repositories were selected, so that each must be named."""
        return len(self.repositories) + len(self.result.remaining) > 1

    @property
    def mark(self) -> str:
        """The mark before its outcome."""
        return "✔" if self.result.exit_code is ExitCode.OK else "✖"


def present(result: RunResult, about: About) -> RunView:
    """Return what the reports of a run show."""
    has_plan = shows_plan(result)
    return RunView(
        result=result,
        about=about,
        repositories=tuple(present_repository(each, result.mode) for each in result.repositories),
        plan=plan_sentence(result.repositories) if has_plan else None,
        summary=summary(result),
        checksum=result.plan_checksum if has_plan and would_change(result) else None,
    )


def present_repository(
    result: RepositoryResult, mode: Mode, *, is_next: bool = False
) -> RepositoryView:
    """Return what reports show of a repository; `is_next`: its plan will be carried out next."""
    return _Presenter(mode, is_next).repository(result)


class _Presenter(Struct, frozen=True):
    """Presents one repository; see `present_repository`."""

    mode: Mode
    is_next: bool

    def repository(self, result: RepositoryResult) -> RepositoryView:
        items: list[ItemView] = []
        if result.pipelines is not None:
            state = self._state(result.pipelines, Action.UPDATE)
            verdict = self._verdict(state, "enabled", ())
            items.append(
                ItemView(name="Pipelines", title="Pipelines", state=state, verdict=verdict)
            )
        if result.changes or result.unchanged_variables:
            items.append(self._variables(result))
        items += [self._environment(each) for each in result.environments]
        return RepositoryView(
            name=one_line(str(result.repository)), problem=result.problem, items=tuple(items)
        )

    def _variables(self, result: RepositoryResult) -> ItemView:
        outcome = worst_outcome(each.outcome for each in result.changes)
        problems = tuple(dict.fromkeys(each.problem for each in result.changes if each.problem))
        state = self._state(outcome, Action.UPDATE, problems, differs=is_drift(result.changes))
        return ItemView(
            name="Repository variables",
            title="Repository variables",
            state=state,
            verdict=self._verdict(state, _updated(result.changes), result.changes),
            changes=_changes(result.changes, None, state),
            problems=problems,
        )

    def _environment(self, result: EnvironmentResult) -> ItemView:
        plan = result.plan
        action = action_of(plan)
        state = self._state(result.outcome, action, result.problems, differs=differs(result))
        name = one_line(plan.name)
        rename = next((each for each in result.changes if isinstance(each.change, SetName)), None)
        new_name = one_line(str(rename.change.after)) if rename else None
        title = truncate(name, _MAX_NAME)
        if rename and new_name and rename.outcome in (Outcome.APPLIED, Outcome.PLANNED):
            title += f" → {truncate(new_name, _MAX_NAME)}"
        if isinstance(plan, Update | Keep | Delete) and plan.found_by in _UNUSUAL:
            title += f" (found by {plan.found_by})"
        verdict = self._verdict(state, _done(result), result.changes)
        if isinstance(plan, Keep) and plan.existing is None:
            verdict = "absent, as declared"
        return ItemView(
            name=name,
            new_name=new_name,
            title=title,
            type=type_of(plan),
            state=state,
            verdict=verdict,
            changes=_changes(result.changes, plan, state),
            problems=result.problems,
        )

    def _state(
        self,
        outcome: Outcome,
        action: Action,
        problems: tuple[Problem, ...] = (),
        *,
        differs: bool = True,
    ) -> ItemState:
        """Return the state of an item; only `check` calls a difference drift."""
        match outcome:
            case Outcome.APPLIED:
                return _PARTICIPLES[action]
            case Outcome.PLANNED if self.mode is Mode.CHECK and differs:
                return ItemState.DRIFT
            case Outcome.PLANNED if problems and not self.is_next:
                return ItemState.FAILED
            case Outcome.PLANNED:
                return _PENDING.get(action, ItemState.UNCHANGED)
            case _:
                return _STATES[outcome]

    def _verdict(self, state: ItemState, done: str, changes: tuple[ChangeResult, ...]) -> str:
        match state:
            case ItemState.CREATED | ItemState.UPDATED | ItemState.DELETED:
                return done
            case ItemState.TO_CREATE | ItemState.TO_CHANGE | ItemState.TO_DELETE:
                return f"{'will' if self.is_next else 'would'} be {done}"
            case ItemState.DRIFT:
                return f"drifted, would be {done}"
            case ItemState.REFUSED:
                in_part = any(each.outcome in _WRITTEN for each in changes)
                return "refused in part" if in_part else "refused, nothing was written to it"
            case ItemState.FAILED if self.mode is not Mode.APPLY:
                return "can be applied in part only" if is_possible(changes) else "can't be applied"
            case _:
                return str(state)


def _changes(
    results: tuple[ChangeResult, ...], plan: EnvironmentPlan | None, state: ItemState
) -> tuple[ChangeView, ...]:
    return tuple(present_change(each, plan, is_bad=state in BAD) for each in results)


def _done(result: EnvironmentResult) -> str:
    match result.plan:
        case Create():
            return "created"
        case Delete(reason=reason):
            return f"deleted ({reason})"
        case _:
            return _updated(result.changes)


def _updated(changes: tuple[ChangeResult, ...]) -> str:
    return "updated" if is_drift(changes) else "updated (secured values only)"


def type_of(plan: EnvironmentPlan) -> str | None:
    """Return the type of the environment, as far as it is known."""
    if isinstance(plan, Create):
        return str(plan.type)
    existing = existing_of(plan)
    return str(existing.type) if existing is not None and existing.type is not None else None


def problem_texts(problem: Problem) -> list[str]:
    """Return what failed, why, and what to do."""
    why = [f"Why: {one_line(problem.why)}"] if problem.why else []
    return [one_line(problem.what), *why, f"What to do: {one_line(problem.remedy)}"]
