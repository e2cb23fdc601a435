"""Write the variables of one owner: values, then fingerprints, then deletions.

Values are written several at a time; the order between the stages is what safety needs.
"""

from http import HTTPStatus
from typing import TypeAlias

from msgspec import Struct

from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.variable_writes import Overwritten, Upserted, VariableStore
from pipe.bitbucket.requests import Rejected
from pipe.models.changes import (
    CreateVariable,
    DeleteVariable,
    MissingSecret,
    RewriteSecured,
    UpdateVariable,
    VariableChange,
    WriteFingerprints,
)
from pipe.models.declaration import FINGERPRINTS_KEY, PlainVariable
from pipe.models.errors import PipeError, Problem, RunOverError
from pipe.models.existing import ExistingVariable
from pipe.models.results import Outcome
from pipe.planning import fingerprints
from pipe.planning.safety import is_pruned, pruning_problem
from pipe.process.parallel import map_parallel

ValueChange: TypeAlias = CreateVariable | UpdateVariable | RewriteSecured


class VariableWriter(Struct, frozen=True):
    """Writes the variables of one owner and records the outcome of each change."""

    store: VariableStore
    outcomes: ChangeOutcomes

    def write(self, changes: tuple[VariableChange, ...], *, protected: bool = True) -> bool:
        """Make the changes: values, then their fingerprints, then deletions.

        Args:
            changes: In the order of the plan.
            protected: Whether the environment is as protected as declared; if it is not, no secured
                value is written.

        Returns:
            Whether all of them are in place.

        Raises:
            PipeError: A request could not be completed, or is forbidden.
        """
        memory = next((each for each in changes if isinstance(each, WriteFingerprints)), None)
        if memory is not None and protected:
            protected = self._invalidate(memory)
        for change in changes:
            if isinstance(change, MissingSecret):
                self.outcomes.set_failed(change, change.problem)
        values = [
            each
            for each in changes
            if isinstance(each, CreateVariable | UpdateVariable | RewriteSecured)
            and (protected or not each.secured)
        ]
        self._write_values(values)
        if memory is not None and protected and memory.written:
            self._complete(memory, values)
        self._delete(changes)
        return all(self.outcomes.is_in_place(change) for change in changes)

    def _begin(self, *changes: VariableChange) -> None:
        """Return if these changes may be made; they are skipped if the run is over."""
        with self.outcomes.skip_on_error(*changes):
            self.store.context.check()

    def _write_values(self, values: list[ValueChange]) -> None:
        """Write the first value alone, then the others together.

        What fails for every value, such as a missing permission, fails once. Each of the others is
        tried whatever became of the rest, so that the number of workers does not change the result.

        Raises:
            PipeError: The error of the first value, in the order of the plan, that had one.
        """
        for change in values[:1]:
            self._write(change)
        errors = map_parallel(self._try, values[1:], workers=self.store.context.workers)
        for error in filter(None, errors):
            raise error

    def _try(self, change: ValueChange) -> PipeError | None:
        try:
            self._write(change)
        except RunOverError:
            raise
        except PipeError as error:
            return error
        return None

    def _write(self, change: ValueChange) -> None:
        self._begin(change)
        with self.outcomes.fail_on_error(change):
            self._record(change, self.store.upsert(change.variable, change.existing))

    def _record(self, change: VariableChange, upserted: Upserted) -> None:
        """Record what happened, which differs from the plan where that rests on a stale list."""
        match upserted, change:
            case Problem(), _:
                self.outcomes.set_failed(change, upserted)
            case Outcome.UNCHANGED, _:
                self.outcomes.set_unchanged(change)
            case Overwritten(before), CreateVariable(variable):
                self.outcomes.set_applied(change, actual=UpdateVariable(before, variable))
            case _:
                self.outcomes.set_applied(change)

    def _invalidate(self, change: WriteFingerprints) -> bool:
        """Remove the fingerprints of the values that are written next; return whether it worked.

        They are replaced by the mark of this run, so that an overlapping run notices.
        """
        self._begin(change)
        mark = self.store.context.mark if change.written else None
        with self.outcomes.fail_on_error(change):
            upserted = self._write_memory(dict(change.kept), change.existing, mark=mark)
        self._record(change, upserted)
        return not isinstance(upserted, Problem)

    def _complete(self, change: WriteFingerprints, values: list[ValueChange]) -> None:
        """Write the fingerprints of the values that are stored now.

        Where another run replaced the mark of this one, which value is stored is not known: the
        fingerprints are then removed for both runs, and the next run writes the values again. Two
        overlapping runs are missed only if one does everything between the last two requests of
        the other.
        """
        self.outcomes.discard(change)
        self._begin(change)
        with self.outcomes.fail_on_error(change):
            listed = self._read_memory(change)
            kept = fingerprints.load(listed.value if listed else None)
            for variable in change.written:
                kept.pop(variable.key, None)
            if listed is None or fingerprints.load_mark(listed.value) != self.store.context.mark:
                upserted = self._write_memory(
                    kept, listed or change.existing, mark=self.store.context.mark
                )
                actual = WriteFingerprints(change.existing, tuple(kept.items()), ())
            else:
                upserted = self._write_memory(kept | self._entries(change, values), listed)
                actual = change
        if isinstance(upserted, Problem):
            self.outcomes.set_failed(change, upserted)
        else:
            self.outcomes.set_applied(change, actual=actual)

    def _read_memory(self, change: WriteFingerprints) -> ExistingVariable | None:
        """Read the variable of fingerprints once the list shows that it was written."""
        before = change.existing.value if change.existing else None
        memory: ExistingVariable | None = None
        for _ in self.store.context.poll_at_once():
            listed = (each for each in self.store.read() or () if each.key == FINGERPRINTS_KEY)
            memory = next(listed, None)
            if memory is not None and memory.value != before:
                break
        return memory

    def _entries(self, change: WriteFingerprints, values: list[ValueChange]) -> dict[str, str]:
        """Return the fingerprints of the values that this run has stored."""
        key = self.store.context.policy.active_key
        stored = {each.variable for each in values if self.outcomes.is_applied(each)}
        bound_to = fingerprints.bound_to(self.store.owner)
        return {
            variable.key: fingerprints.fingerprint(key, bound_to, variable)
            for variable in change.written
            if key is not None and variable in stored
        }

    def _write_memory(
        self, entries: dict[str, str], known: ExistingVariable | None, *, mark: str | None = None
    ) -> Upserted:
        # A variable that somebody secured can't be read: writing it plain repairs that.
        memory = PlainVariable(FINGERPRINTS_KEY, fingerprints.dump(entries, mark=mark))
        return self.store.upsert(memory, known)

    def _delete(self, changes: tuple[VariableChange, ...]) -> None:
        deletions = [each for each in changes if isinstance(each, DeleteVariable)]
        if not deletions:
            return
        self._begin(*deletions)
        with self.outcomes.fail_on_error(*deletions):
            wanted = {_identity(each.existing) for each in deletions}
            listed = self._read_again(wanted)
            if not wanted <= {_identity(each) for each in listed}:
                self.store.check_environment()
        problem = None if self.store.context.force else self._reconsidered(changes, listed)
        present = {_identity(each) for each in listed}
        confirmed: list[DeleteVariable] = []
        for change in deletions:
            if _identity(change.existing) not in present:
                self.outcomes.set_unchanged(change)  # somebody else deleted it
            elif problem is not None and is_pruned(change):
                self.outcomes.set_refused(change, problem)
            else:
                confirmed.append(change)
        # One after the other: each write makes the list lag anew, and whether a variable is gone
        # may have to be read from it.
        for change in confirmed:
            self._delete_one(change)

    def _read_again(self, wanted: set[tuple[str, str]]) -> set[ExistingVariable]:
        """Read until all to be deleted are listed: after a write the list may omit some.

        Raises:
            PipeError: The list can't be read.
        """
        found: set[ExistingVariable] = set()
        listed: tuple[ExistingVariable, ...] | None = None
        for _ in self.store.context.poll_at_once():
            listed = self.store.read()
            found |= set(listed or ())
            if wanted <= {_identity(each) for each in found}:
                return found
        if listed is None:
            doing = f"list the variables of {self.store.owner_text}"
            missing = Rejected(status=HTTPStatus.NOT_FOUND)
            raise PipeError(self.store.unavailable(doing, missing))
        return found

    def _reconsidered(
        self, changes: tuple[VariableChange, ...], listed: set[ExistingVariable]
    ) -> Problem | None:
        """Return why so many variables are not pruned, given what was read last."""
        created = {
            each.key
            for each in changes
            if isinstance(each, CreateVariable) and self.outcomes.is_applied(each)
        }
        existing = {each.key for each in listed} - created - {FINGERPRINTS_KEY}
        return pruning_problem(f"variables of {self.store.owner_text}", changes, len(existing))

    def _delete_one(self, change: DeleteVariable) -> None:
        self._begin(change)
        with self.outcomes.fail_on_error(change):
            deleted = self.store.delete(change.existing)
        self._record(change, deleted)


def _identity(variable: ExistingVariable) -> tuple[str, str]:
    return variable.uuid, variable.key
