"""Present a result: the values that every report format renders, so that all say the same.

A format is a function of a `RunView`. Texts from outside are cleaned here, once.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    CreateVariable,
    Delete,
    DeleteVariable,
    EnvironmentPlan,
    FoundBy,
    Keep,
    MissingSecret,
    RewriteSecured,
    SetName,
    Update,
    UpdateVariable,
    WriteFingerprints,
    existing_of,
)
from pipe.models.declaration import FINGERPRINTS_KEY
from pipe.models.errors import ConfigError, ExitCode, Problem
from pipe.models.results import (
    Action,
    ChangeResult,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
    action_of,
    differs,
    is_drift,
    worst_outcome,
)
from pipe.reports.console import WIDTH
from pipe.reports.summary import deletions, plan_sentence, summary, would_change
from pipe.reports.text import format_difference, format_value, one_line, truncate
from pipe.settings.pipelines import PipelineContext

_MAX_FIELD: Final = 44
_MAX_NAME: Final = 60


class About(Struct, frozen=True, kw_only=True):
    """What a report says about the run besides its result.

    Attributes:
        at: The time at which the run ended, in UTC.
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


class State(StrEnum):
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
    UNVERIFIED = "not verified"
    FAILED = "failed"


DONE: Final = (State.UNCHANGED, State.CREATED, State.UPDATED, State.DELETED)
PENDING: Final = (State.TO_CREATE, State.TO_CHANGE, State.TO_DELETE)
BAD: Final = (State.DRIFT, State.REFUSED, State.UNVERIFIED, State.FAILED)
"""The states that someone has to look at."""

_MARKS: Final = {State.TO_CREATE: "+", State.TO_CHANGE: "~", State.TO_DELETE: "-"}
_PARTICIPLES: Final = {
    Action.CREATE: State.CREATED,
    Action.UPDATE: State.UPDATED,
    Action.DELETE: State.DELETED,
    Action.NONE: State.UNCHANGED,
    Action.REFUSE: State.REFUSED,
}
_PENDING: Final = {
    Action.CREATE: State.TO_CREATE,
    Action.UPDATE: State.TO_CHANGE,
    Action.DELETE: State.TO_DELETE,
}


_STATES: Final = {
    Outcome.UNCHANGED: State.UNCHANGED,
    Outcome.REFUSED: State.REFUSED,
    Outcome.UNVERIFIED: State.UNVERIFIED,
    Outcome.FAILED: State.FAILED,
    Outcome.SKIPPED: State.FAILED,
}


def mark_of(state: State) -> str:
    """Return the mark before an item: `+ ~ -` for what is pending, else `✔` or `✖`."""
    return _MARKS.get(state) or ("✖" if state in BAD else "✔")


class ChangeView(Struct, frozen=True, kw_only=True):
    """One change.

    Attributes:
        mark: `+` (new), `~` (changed) or `-` (lost).
        field: For example `admin_only` or `variables.API_URL`.
        text: The difference; never the value of a secured variable.
        note: What is notable about the outcome; empty: it is as planned.
        outcome: The outcome.
    """

    mark: str
    field: str
    text: str
    note: str
    outcome: Outcome


class ItemView(Struct, frozen=True, kw_only=True):
    """One thing that a run brings into line: an environment, or a part of the repository itself.

    Attributes:
        name: The name that it has before the run.
        new_name: The name that a rename declares; `None`: it keeps its name.
        title: The name, and the new name of a rename that is not refused or failed.
        type: The type of an environment, where known.
        state: The state.
        verdict: The state in words.
        changes: In the order of the plan.
        problems: Each once.
    """

    name: str
    new_name: str | None = None
    title: str
    type: str | None = None
    state: State
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
        width = min(_MAX_FIELD, max((len(each.field) for each in self.changes), default=0))
        return tuple(_change_line(each, width) for each in self.changes)

    @property
    def details(self) -> list[str]:
        """The lines of its changes and of its problems."""
        return [*self.lines, *(text for each in self.problems for text in problem_texts(each))]


def _change_line(view: ChangeView, width: int) -> str:
    field = truncate(view.field, _MAX_FIELD)
    text = truncate(f"{view.mark} {field:<{width}}  {view.text}", WIDTH)
    return f"{text}   ({view.note})" if view.note else text


class RepositoryView(Struct, frozen=True, kw_only=True):
    """One repository.

    Attributes:
        name: `workspace/slug`.
        problem: Why the repository as a whole could not be handled.
        items: What was handled in it.
    """

    name: str
    problem: Problem | None
    items: tuple[ItemView, ...]

    @property
    def states(self) -> tuple[State, ...]:
        """The states in it, each once."""
        own = [State.FAILED] if self.problem else []
        return tuple(dict.fromkeys([*(each.state for each in self.items), *own]))


class RunView(Struct, frozen=True, kw_only=True):
    """A run.

    Attributes:
        result: What everything here is taken from.
        about: When and where it ran.
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
    def mode(self) -> Mode:
        """What was done with the plan."""
        return self.result.mode

    @property
    def config_errors(self) -> tuple[ConfigError, ...]:
        """Errors in the settings."""
        return self.result.config_errors

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Problems of the run as a whole."""
        return self.result.problems

    @property
    def remaining(self) -> tuple[str, ...]:
        """Repositories that were not started."""
        return tuple(one_line(str(each)) for each in self.result.remaining)

    @property
    def deletions(self) -> str:
        """The part of `plan` that says how much is deleted."""
        return deletions(self.result.plan)

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
    shows_plan = result.mode in (Mode.PLAN, Mode.CHECK) and not result.config_errors
    return RunView(
        result=result,
        about=about,
        repositories=tuple(present_repository(each, result.mode) for each in result.repositories),
        plan=plan_sentence(result.repositories) if shows_plan else None,
        summary=summary(result),
        checksum=result.plan_checksum if shows_plan and would_change(result) else None,
    )


def present_repository(
    result: RepositoryResult, mode: Mode, *, is_next: bool = False
) -> RepositoryView:
    """Return what the reports show of a repository.

    Args:
        result: Its result.
        mode: What the run does with its plan.
        is_next: Whether what is planned will be carried out next.
    """
    items: list[ItemView] = []
    if result.pipelines is not None:
        items.append(_pipelines(result.pipelines, mode, is_next=is_next))
    if result.changes or result.unchanged_variables:
        items.append(_repository_variables(result, mode, is_next=is_next))
    items += [_environment(each, mode, is_next=is_next) for each in result.environments]
    return RepositoryView(
        name=one_line(str(result.repository)), problem=result.problem, items=tuple(items)
    )


def _pipelines(outcome: Outcome, mode: Mode, *, is_next: bool) -> ItemView:
    state = _state(outcome, Action.UPDATE, mode, is_drift=True)
    verdict = _verdict(state, "enabled", is_next=is_next)
    return ItemView(name="Pipelines", title="Pipelines", state=state, verdict=verdict)


def _repository_variables(result: RepositoryResult, mode: Mode, *, is_next: bool) -> ItemView:
    outcome = worst_outcome(each.outcome for each in result.changes)
    problems = tuple(dict.fromkeys(each.problem for each in result.changes if each.problem))
    state = _state(
        outcome,
        Action.UPDATE,
        mode,
        is_drift=is_drift(result.changes),
        would_fail=bool(problems) and not is_next,
    )
    return ItemView(
        name="Repository variables",
        title="Repository variables",
        state=state,
        verdict=_verdict(state, _updated(result.changes), is_next=is_next),
        changes=tuple(_change(each, None, state) for each in result.changes),
        problems=problems,
    )


_UNUSUAL: Final = (FoundBy.CASE, FoundBy.UUID, FoundBy.SLUG)
"""How an environment may be found that is not obvious from its name."""


def _environment(result: EnvironmentResult, mode: Mode, *, is_next: bool) -> ItemView:
    state = _state(
        result.outcome,
        action_of(result.plan),
        mode,
        is_drift=differs(result),
        would_fail=bool(result.problems) and not is_next,
    )
    name = one_line(result.plan.name)
    rename = next((each for each in result.changes if isinstance(each.change, SetName)), None)
    new_name = one_line(str(rename.change.after)) if rename else None
    title = truncate(name, _MAX_NAME)
    if rename and new_name and rename.outcome in (Outcome.APPLIED, Outcome.PLANNED):
        title += f" → {truncate(new_name, _MAX_NAME)}"
    if isinstance(result.plan, Update | Keep | Delete) and result.plan.found_by in _UNUSUAL:
        title += f" (found by {result.plan.found_by})"
    verdict = _verdict(state, _done(result), is_next=is_next)
    if isinstance(result.plan, Keep) and result.plan.existing is None:
        verdict = "absent, as declared"
    return ItemView(
        name=name,
        new_name=new_name,
        title=title,
        type=type_of(result.plan),
        state=state,
        verdict=verdict,
        changes=tuple(_change(each, result.plan, state) for each in result.changes),
        problems=result.problems,
    )


def _state(
    outcome: Outcome, action: Action, mode: Mode, *, is_drift: bool, would_fail: bool = False
) -> State:
    """Return the state of an item; only `check` calls a difference drift."""
    match outcome:
        case Outcome.APPLIED:
            return _PARTICIPLES[action]
        case Outcome.PLANNED if mode is Mode.CHECK and is_drift:
            return State.DRIFT
        case Outcome.PLANNED if would_fail:
            return State.FAILED
        case Outcome.PLANNED:
            return _PENDING.get(action, State.UNCHANGED)
        case _:
            return _STATES[outcome]


def _verdict(state: State, done: str, *, is_next: bool) -> str:
    match state:
        case State.CREATED | State.UPDATED | State.DELETED:
            return done
        case State.TO_CREATE | State.TO_CHANGE | State.TO_DELETE:
            return f"{'will' if is_next else 'would'} be {done}"
        case State.DRIFT:
            return f"drifted, would be {done}"
        case State.REFUSED:
            return "refused, nothing was written to it"
        case _:
            return str(state)


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


def _gave_up(problem: Problem | None) -> bool:
    """Return whether Bitbucket did not answer to the end: then nothing is known to be accepted."""
    return problem is not None and problem.code is ExitCode.GAVE_UP


def _change(result: ChangeResult, plan: EnvironmentPlan | None, state: State) -> ChangeView:
    mark = _mark(result.change, plan)
    note = _NOTES[result.outcome]
    if result.outcome is Outcome.APPLIED and state in BAD:
        note = "done"
    elif result.outcome is Outcome.UNVERIFIED and _gave_up(result.problem):
        note = "not verified"
    elif isinstance(result.change, MissingSecret):
        note = "missing"
    return ChangeView(
        mark=mark,
        field=one_line(result.change.field),
        text=one_line(_difference(result.change, mark)),
        note=note,
        outcome=result.outcome,
    )


def _mark(change: Change, plan: EnvironmentPlan | None) -> str:
    match change:
        case CreateVariable() | MissingSecret():
            return "+"
        case DeleteVariable():
            return "-"
        case WriteFingerprints(existing=None):
            return "+"
        case _:
            return "+" if isinstance(plan, Create) else "~"


def _difference(change: Change, mark: str) -> str:
    if isinstance(change, UpdateVariable) and change.switches_storage:
        kinds = ("secured", "plain") if change.existing.secured else ("plain", "secured")
        return f"{kinds[0]} → {kinds[1]}; deleted and created again if Bitbucket requires it"
    if change.secured:
        return _secured(change)
    before, after = format_value(change.before), format_value(change.after)
    if isinstance(change, BranchesUnavailable):
        before = "(unknown)"
    match mark:
        case "+":
            return after
        case "-":
            return before
        case _:
            return format_difference(before, after)


def _secured(change: Change) -> str:
    """Return what is said instead of a value that is not shown."""
    if isinstance(change, DeleteVariable) and change.key == FINGERPRINTS_KEY:
        return _SECURED[WriteFingerprints]
    if isinstance(change, MissingSecret) and change.variable.from_env:
        return f"secured value, from {change.variable.from_env}, which is not defined"
    return _SECURED.get(type(change), "secured value")


_SECURED: Final[dict[type[Change], str]] = {
    MissingSecret: "secured value, managed elsewhere",
    RewriteSecured: "secured value, rewritten (stored values can't be read back)",
    UpdateVariable: "secured value → new secured value",
    WriteFingerprints: "fingerprints of the secured values",
}

_NOTES: Final = {
    Outcome.APPLIED: "",
    Outcome.PLANNED: "",
    Outcome.UNCHANGED: "already in place",
    Outcome.FAILED: "failed",
    Outcome.UNVERIFIED: "accepted, but did not take effect",
    Outcome.SKIPPED: "skipped",
    Outcome.REFUSED: "refused",
}


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
