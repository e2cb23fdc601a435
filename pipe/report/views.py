"""How results are named in every report, so that all reports say the same (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pipe.changes import Create, Delete, Keep, Refuse, Update, existing_of

if TYPE_CHECKING:
    from typing import Literal

    from pipe.changes import EnvironmentPlan

    Action = Literal["create", "update", "none", "delete", "refuse"]


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
