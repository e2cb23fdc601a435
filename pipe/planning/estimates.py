"""How many requests a plan needs if nothing goes wrong, and whether what is left will do (pure)."""

from __future__ import annotations

from typing import Final, assert_never

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
    RepositoryPlan,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
    UpdateVariable,
    WriteFingerprints,
    changes_of,
)
from pipe.models.declaration import SecuredVariable
from pipe.models.errors import Problem
from pipe.planning import problems
from pipe.planning.safety import branch_steps

_READ_BACK: Final = 1
_SECOND_LOOK: Final = 1
_LOOKS_FOR_FORMER: Final = 2
"""What is to be renamed and is not in the list is looked for twice more before it is created."""
_HOUR: Final = 3600.0
"""Bitbucket counts requests over a rolling hour."""


def requests_needed(plan: RepositoryPlan) -> int:
    """Return how many requests carrying out the plan takes; 0 if there is nothing to do."""
    enabling = 2 if plan.enable_pipelines else 0  # the switch, and another look at what exists
    return enabling + sum(_environment(each) for each in plan.environments)


def _environment(plan: EnvironmentPlan) -> int:
    changes = changes_of(plan)
    second_look = _SECOND_LOOK if any(isinstance(each, DeleteVariable) for each in changes) else 0
    cost = sum(_change(each) for each in changes) + second_look
    match plan:
        case Create():
            looks = _LOOKS_FOR_FORMER if plan.declared.rename_from is not None else 0
            # The restriction travels with the creation.
            return looks + 1 + cost - 2 * sum(isinstance(each, SetAdminOnly) for each in changes)
        case Update():
            # A rename and a restriction travel together.
            fields = sum(isinstance(each, SetName | SetAdminOnly) for each in changes)
            return cost - 2 * max(0, fields - 1)
        case Delete():
            return _SECOND_LOOK + 1 + _READ_BACK
        case Keep() | Refuse():
            return 0
        case _:
            assert_never(plan)


def _change(change: Change) -> int:
    match change:
        case SetType() | BranchesUnavailable() | MissingSecret():
            return 0
        case SetName() | SetAdminOnly():
            return 1 + _READ_BACK
        case SetBranches():
            tighten, loosen = branch_steps(change)
            return len(tighten) + len(loosen)
        case UpdateVariable(existing, SecuredVariable()) if not existing.secured:
            return 2 + _READ_BACK  # veiled first, then given its new value
        case CreateVariable() | UpdateVariable() | RewriteSecured() | DeleteVariable():
            return 1
        case WriteFingerprints():
            return 1
        case _:
            assert_never(change)


class RemainingBudget(Struct, frozen=True, kw_only=True):
    """What a run has left at some moment.

    Attributes:
        sent: Requests sent so far.
        limit: Requests an hour, as Bitbucket told or the run met; `None`: not known yet.
        elapsed: Seconds since the run began.
        remaining: Seconds until its deadline.
        mean: Seconds that a request took on average.
    """

    sent: int
    limit: int | None
    elapsed: float
    remaining: float
    mean: float

    def shortage(self, needed: int) -> Problem | None:
        """Say why so many requests can't be made any more, if they can't."""
        seconds = needed * self.mean
        if seconds > self.remaining:
            return problems.not_enough_left(
                "time", f"{seconds:.0f} seconds", f"{max(0.0, self.remaining):.0f}"
            )
        if self.requests is not None and needed > self.requests:
            return problems.not_enough_left("quota", f"{needed} requests", str(self.requests))
        return None

    @property
    def requests(self) -> int | None:
        """How many requests the run may still send; `None`: as far as is known, any number.

        Where the hour rolls on before the deadline, the run waits for its next requests.
        """
        if self.limit is None or self.elapsed + self.remaining >= _HOUR:
            return None
        return max(0, self.limit - self.sent)
