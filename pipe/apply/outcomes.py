"""The account of one environment: what became of each of its changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipe.models.changes import Change, EnvironmentPlan
from pipe.models.errors import PipeError, Problem
from pipe.models.results import ChangeResult, EnvironmentResult, Outcome

_WORST_FIRST = (Outcome.FAILED, Outcome.UNVERIFIED, Outcome.SKIPPED)


class ChangeOutcomes:
    """Keeps the outcome of each change; what was never reached was skipped."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self._changes = changes
        self._entries: dict[Change, ChangeResult] = {}

    def applied(self, change: Change, *, told: Change | None = None) -> None:
        """Record that a change was made and shows; `told`: what it came to, if to another."""
        self._entries[change] = ChangeResult(change=told or change, outcome=Outcome.APPLIED)

    def unchanged(self, change: Change) -> None:
        """Record that a change turned out to be there already, by another's hand."""
        self._entries[change] = ChangeResult(change=change, outcome=Outcome.UNCHANGED)

    def failed(self, change: Change, problem: Problem) -> None:
        """Record that a change could not be made."""
        self._entries[change] = ChangeResult(change=change, outcome=Outcome.FAILED, problem=problem)

    def unverified(self, change: Change, problem: Problem) -> None:
        """Record that a change was accepted but does not show."""
        self._entries[change] = ChangeResult(
            change=change, outcome=Outcome.UNVERIFIED, problem=problem
        )

    def is_applied(self, change: Change) -> bool:
        """Whether the change was made in this run and shows."""
        entry = self._entries.get(change)
        return entry is not None and entry.outcome is Outcome.APPLIED

    def went_wrong(self, change: Change) -> bool:
        """Whether the change was not made: it failed, does not show, or was not tried."""
        entry = self._entries.get(change)
        return entry is None or entry.problem is not None

    @contextmanager
    def accounting(self, *changes: Change) -> Iterator[None]:
        """Work on these changes; a failure that ends the work is put down to them."""
        try:
            yield
        except PipeError as error:
            for change in changes:
                if change not in self._entries:
                    self.failed(change, error.problem)
            raise

    @contextmanager
    def doubting(self, *changes: Change) -> Iterator[None]:
        """Look whether these changes were made; a failure that ends the work leaves it open."""
        try:
            yield
        except PipeError as error:
            for change in changes:
                if change not in self._entries:
                    self.unverified(change, error.problem)
            raise

    def result(
        self, plan: EnvironmentPlan, uuid: str | None, problem: Problem | None = None
    ) -> EnvironmentResult:
        """Close the account. `problem`: what ended the work early, if anything did."""
        changes = tuple(
            self._entries.get(change, ChangeResult(change=change, outcome=Outcome.SKIPPED))
            for change in self._changes
        )
        outcomes = {each.outcome for each in changes}
        outcome = next((each for each in _WORST_FIRST if each in outcomes), None)
        if problem is not None or outcome is Outcome.SKIPPED:
            outcome = Outcome.FAILED
        if outcome is None:
            outcome = Outcome.APPLIED if Outcome.APPLIED in outcomes else Outcome.UNCHANGED
        first = problem or next((each.problem for each in changes if each.problem), None)
        return EnvironmentResult(
            plan=plan, outcome=outcome, uuid=uuid, changes=changes, problem=first
        )
