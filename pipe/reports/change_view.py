"""Present a change: its mark, its difference, and what is notable about its outcome."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    Create,
    CreateVariable,
    DeleteVariable,
    EnvironmentPlan,
    MissingSecret,
    Refuse,
    RewriteSecured,
    UpdateVariable,
    WriteFingerprints,
)
from pipe.models.declaration import FINGERPRINTS_KEY
from pipe.models.errors import ExitCode, Problem
from pipe.models.results import ChangeResult, Outcome
from pipe.reports.console import WIDTH
from pipe.reports.text import format_difference, format_value, name_list, one_line, truncate

_MAX_FIELD: Final = 44
_MAX_NOTE: Final = 72


class ChangeView(Struct, frozen=True, kw_only=True):
    """One change.

    Attributes:
        mark: `+` (new), `~` (changed) or `-` (lost).
        field: For example `name` or `variables.API_URL`.
        text: The difference; never the value of a secured variable.
        note: What is notable about the outcome; empty: it is as planned.
    """

    mark: str
    field: str
    text: str
    note: str
    outcome: Outcome


def change_lines(views: Sequence[ChangeView]) -> tuple[str, ...]:
    """Return one line for each change, its parts aligned."""
    width = min(_MAX_FIELD, max((len(each.field) for each in views), default=0))
    return tuple(_line(each, width) for each in views)


def _line(view: ChangeView, width: int) -> str:
    field = truncate(view.field, _MAX_FIELD)
    note = f"   ({truncate(view.note, _MAX_NOTE)})" if view.note else ""
    return truncate(f"{view.mark} {field:<{width}}  {view.text}", WIDTH - len(note)) + note


def _unreadable(problem: Problem | None) -> bool:
    """Return whether the outcome could not be read: then nothing is known about the change."""
    return problem is not None and problem.code in (ExitCode.GAVE_UP, ExitCode.PERMISSION)


def present_change(
    result: ChangeResult, plan: EnvironmentPlan | None, *, is_bad: bool
) -> ChangeView:
    """Return what the reports show of a change.

    Args:
        result: Its result.
        plan: The plan of its environment; `None`: it changes the repository itself.
        is_bad: Whether another change of the environment failed, so that success is notable.
    """
    mark = _mark(result.change, plan.plan if isinstance(plan, Refuse) else plan)
    note = _NOTES[result.outcome]
    if result.outcome is Outcome.APPLIED and is_bad:
        note = "done"
    elif result.outcome is Outcome.UNVERIFIED and _unreadable(result.problem):
        note = "not verified"
    elif isinstance(result.change, MissingSecret):
        note = "missing"
    elif result.steps:
        note = one_line(f"failed, changed in part: {name_list(result.steps)}")
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
        return "fingerprints of the secured values"
    if isinstance(change, MissingSecret) and change.variable.from_env:
        return f"secured value, from {change.variable.from_env}, which is not defined"
    if isinstance(change, UpdateVariable) and change.lacks_fingerprint:
        return "secured value, not written with this key yet"
    if isinstance(change, WriteFingerprints) and not change.written:
        return "fingerprints of the secured values, removed"
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
