"""How results are named in every report, so that all reports say the same (pure)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, assert_never

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    Delete,
    EnvironmentPlan,
    Keep,
    Refuse,
    RewriteSecured,
    Update,
    UpdateVariable,
    WriteFingerprints,
    existing_of,
)
from pipe.models.errors import Problem
from pipe.models.results import ChangeResult, EnvironmentResult, Mode, Outcome, RunResult, differs
from pipe.reports.console import WIDTH
from pipe.reports.text import before_after, cut, one_line, shown
from pipe.settings.pipelines import PipelineContext

_LONGEST_FIELD: Final = 44


class About(Struct, frozen=True, kw_only=True):
    """What a report says of the run beside its result.

    Attributes:
        at: When it ended, in UTC.
        context: What Pipelines told about the step.
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


def change_lines(result: EnvironmentResult) -> list[str]:
    """Return a line for each change: the field, its difference, and what is notable about it."""
    width = max((len(each.change.field) for each in result.changes), default=0)
    return [_change_line(each, min(width, _LONGEST_FIELD)) for each in result.changes]


def _change_line(result: ChangeResult, width: int) -> str:
    field = cut(one_line(result.change.field), _LONGEST_FIELD)
    text = cut(f"{field:<{width}}  {one_line(difference(result.change))}", WIDTH)
    aside = note(result)
    return f"{text}   ({aside})" if aside else text


def problem_texts(problem: Problem) -> list[str]:
    """Return what happened, why, and what to do."""
    why = [f"Why: {one_line(problem.why)}"] if problem.why else []
    return [one_line(problem.what), *why, f"What to do: {one_line(problem.remedy)}"]


Action = Literal["create", "update", "none", "delete", "refuse"]


class State(StrEnum):
    """What a reader wants to know of an environment, in a word or two."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    PLANNED = "would change"
    DRIFT = "drifted"
    REFUSED = "refused"
    UNVERIFIED = "not verified"
    FAILED = "failed"


GOOD: Final = (State.UNCHANGED, State.CHANGED, State.PLANNED)
"""The states that are as asked for; all others want someone to look."""


def mark_of(state: State) -> str:
    """Return the sign before a state; what is only planned is neither right nor wrong."""
    if state is State.PLANNED:
        return "→"
    return "✔" if state in GOOD else "✖"


def state_of(result: EnvironmentResult, mode: Mode) -> State:
    """Return the state of an environment; what `check` was to find is drift there only."""
    match result.outcome:
        case Outcome.UNCHANGED:
            return State.UNCHANGED
        case Outcome.APPLIED:
            return State.CHANGED
        case Outcome.PLANNED:
            return State.DRIFT if mode is Mode.CHECK and differs(result) else State.PLANNED
        case Outcome.REFUSED:
            return State.REFUSED
        case Outcome.UNVERIFIED:
            return State.UNVERIFIED
        case Outcome.FAILED | Outcome.SKIPPED:
            return State.FAILED
        case _:
            assert_never(result.outcome)


def states(result: RunResult) -> dict[State, int]:
    """Count the environments by their state; states that none is in are left out."""
    counts = Counter(state_of(each, result.mode) for each in result.environments)
    return {state: counts[state] for state in State if counts[state]}


def pipelines_state(outcome: Outcome, mode: Mode) -> State:
    """Return the state of turning Pipelines on."""
    match outcome:
        case Outcome.APPLIED:
            return State.CHANGED
        case Outcome.PLANNED:
            return State.DRIFT if mode is Mode.CHECK else State.PLANNED
        case _:
            return State.FAILED


def verdict(result: EnvironmentResult, mode: Mode) -> str:
    """Say what became of an environment."""
    match state_of(result, mode):
        case State.UNCHANGED if isinstance(result.plan, Keep) and result.plan.existing is None:
            return "absent, as declared"
        case State.CHANGED:
            return _done(result)
        case State.PLANNED:
            return f"would be {_done(result)}"
        case State.DRIFT:
            return f"drifted, would be {_done(result)}"
        case State.REFUSED:
            return "refused, nothing was written to it"
        case state:
            return str(state)


def _done(result: EnvironmentResult) -> str:
    match result.plan:
        case Create():
            return "created"
        case Delete(reason=reason):
            return f"deleted ({reason})"
        case _:
            return "updated" if differs(result) else "updated (secured values only)"


def difference(change: Change) -> str:
    """Say in one line what a change does; no value of a secured variable."""
    match change:
        case RewriteSecured():
            return "secured value, written again: a stored one can't be compared"
        case WriteFingerprints():
            return "fingerprints of the secured values just written"
        case UpdateVariable() if change.switches_storage:
            kinds = ("secured", "plain") if change.existing.secured else ("plain", "secured")
            return f"{kinds[0]} → {kinds[1]}; deleted and created anew if Bitbucket insists"
        case _ if change.secured:
            return _SECURED[type(change).__name__]
        case _:
            unknown = isinstance(change, BranchesUnavailable)
            before = "(unknown)" if unknown else shown(change.before)
            return before_after(before, shown(change.after))


_SECURED: Final = {
    "CreateVariable": "(none) → secured value",
    "UpdateVariable": "secured value → another secured value",
    "DeleteVariable": "secured value → (none)",
    "MissingSecret": "a secured value is expected, and none exists",
}

_NOTES: Final = {
    Outcome.APPLIED: "",
    Outcome.PLANNED: "",
    Outcome.UNCHANGED: "there already",
    Outcome.FAILED: "failed",
    Outcome.UNVERIFIED: "accepted, but does not show",
    Outcome.SKIPPED: "not done",
    Outcome.REFUSED: "refused",
}


def note(result: ChangeResult) -> str:
    """Say what is notable about the outcome of a change; empty: it went as planned."""
    return _NOTES[result.outcome]


def action_of(plan: EnvironmentPlan) -> Action:
    """Return what the plan would do, in one word."""
    match plan:
        case Create():
            return "create"
        case Update():
            return "update"
        case Keep():
            return "none"
        case Delete():
            return "delete"
        case Refuse():
            return "refuse"
        case _:
            assert_never(plan)


def type_of(plan: EnvironmentPlan) -> str | None:
    """Return the type of the environment, as far as it is known."""
    if isinstance(plan, Create):
        return str(plan.type)
    existing = existing_of(plan)
    return str(existing.type) if existing is not None and existing.type is not None else None
