"""The outcome of each change of one environment."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from pipe.models.changes import Change, EnvironmentPlan
from pipe.models.errors import PipeError, Problem
from pipe.models.results import ChangeResult, EnvironmentResult, Outcome, worst_outcome


class ChangeOutcomes:
    """Records the outcome of each change; a change without one was skipped."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self._changes = changes
        self._results: dict[Change, ChangeResult] = {}
        self._steps: dict[str, tuple[str, ...]] = {}

    def set_applied(self, change: Change, *, actual: Change | None = None) -> None:
        """Record that a change was made and shows; `actual`: the change made in its place."""
        self._results[change] = ChangeResult(change=actual or change, outcome=Outcome.APPLIED)

    def set_unchanged(self, change: Change) -> None:
        """Record that a change was found in place: somebody else made it."""
        self._results[change] = ChangeResult(change=change, outcome=Outcome.UNCHANGED)

    def set_failed(self, change: Change, problem: Problem) -> None:
        """Record that a change could not be made."""
        self._set_problem(change, Outcome.FAILED, problem)

    def set_refused(self, change: Change, problem: Problem) -> None:
        """Record that a change was refused for safety."""
        self._set_problem(change, Outcome.REFUSED, problem)

    def set_unverified(self, change: Change, problem: Problem) -> None:
        """Record that a change was accepted but does not show."""
        self._set_problem(change, Outcome.UNVERIFIED, problem)

    def _set_problem(self, change: Change, outcome: Outcome, problem: Problem) -> None:
        steps = self.steps(change.field) if outcome is Outcome.FAILED else ()
        self._results[change] = ChangeResult(
            change=change, outcome=outcome, problem=problem, steps=steps
        )

    def discard(self, change: Change) -> None:
        """Forget the outcome that was recorded in case the rest of the change is not reached."""
        self._results.pop(change, None)

    def add_step(self, field: str, made: str) -> None:
        """Record a part of the change of a field that was made."""
        self._steps[field] = (*self.steps(field), made)

    def steps(self, field: str) -> tuple[str, ...]:
        """Return the parts of the change of a field that were made so far."""
        return self._steps.get(field, ())

    def is_applied(self, change: Change) -> bool:
        """Return whether this run made the change and it shows."""
        result = self._results.get(change)
        return result is not None and result.outcome is Outcome.APPLIED

    def is_in_place(self, change: Change) -> bool:
        """Return whether the change was made or found in place, and not skipped."""
        result = self._results.get(change)
        return result is not None and result.problem is None

    def fail_on_error(self, *changes: Change) -> AbstractContextManager[None]:
        """Record an error that escapes as the failure of those changes without an outcome."""
        return self._on_error(Outcome.FAILED, changes)

    def skip_on_error(self, *changes: Change) -> AbstractContextManager[None]:
        """Record an error that escapes as the reason why those changes were not tried."""
        return self._on_error(Outcome.SKIPPED, changes)

    def unverified_on_error(self, *changes: Change) -> AbstractContextManager[None]:
        """Record an error that escapes while those changes are verified: they may be in place."""
        return self._on_error(Outcome.UNVERIFIED, changes)

    @contextmanager
    def _on_error(self, outcome: Outcome, changes: tuple[Change, ...]) -> Iterator[None]:
        try:
            yield
        except PipeError as error:
            for change in changes:
                if change not in self._results:
                    self._set_problem(change, outcome, error.problem)
            raise

    def results(self) -> tuple[ChangeResult, ...]:
        """Return one result for each change, in the order of the plan."""
        return tuple(
            self._results.get(change, ChangeResult(change=change, outcome=Outcome.SKIPPED))
            for change in self._changes
        )

    def result(
        self, plan: EnvironmentPlan, uuid: str | None, problem: Problem | None = None
    ) -> EnvironmentResult:
        """Return the result of the environment; `problem` is the error that ended it early."""
        changes = self.results()
        outcome = worst_outcome(each.outcome for each in changes)
        is_skipped = outcome is Outcome.SKIPPED
        not_started = is_skipped and problem is not None and problem.ends_run
        if not not_started and (is_skipped or problem is not None):
            outcome = Outcome.FAILED
        first = problem or next((each.problem for each in changes if each.problem), None)
        return EnvironmentResult(
            plan=plan, outcome=outcome, uuid=uuid, changes=changes, problem=first
        )
