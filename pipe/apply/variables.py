"""Write the variables of one owner: values, then fingerprints, then deletions."""

from __future__ import annotations

from msgspec import Struct

from pipe.apply.context import ApplyContext
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.variable_store import (
    AlreadyRight,
    Deleted,
    Overwritten,
    Upserted,
    Vanished,
    VariableStore,
)
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
from pipe.models.errors import Problem
from pipe.models.existing import VariableOwner
from pipe.planning import fingerprints


class VariableWriter(Struct, frozen=True):
    """Writes the variables of one owner and records the outcome of each change.

    Attributes:
        context: The dependencies.
        owner: The environment or repository.
        owner_name: The environment's name; `None`: the repository itself.
        outcomes: Records the outcome of each change.
    """

    context: ApplyContext
    owner: VariableOwner
    owner_name: str | None
    outcomes: ChangeOutcomes

    def write(self, changes: tuple[VariableChange, ...], *, protected: bool) -> bool:
        """Make the changes.

        Args:
            changes: In the order of the plan.
            protected: Whether the environment is as protected as declared; if it is not, no secured
                value is written.

        Returns:
            Whether all of them are in place.

        Raises:
            PipeError: A request could not be completed, or is forbidden.
        """
        for change in changes:
            if not (change.secured and not protected):
                with self.outcomes.fail_on_error(change):
                    self._write(change, changes)
        self._delete(tuple(each for each in changes if isinstance(each, DeleteVariable)))
        return all(self.outcomes.is_in_place(change) for change in changes)

    @property
    def _store(self) -> VariableStore:
        return VariableStore(self.context, self.owner, self.owner_name)

    def _write(self, change: VariableChange, changes: tuple[VariableChange, ...]) -> None:
        match change:
            case CreateVariable(variable):
                self._record(change, self._store.upsert(variable, None))
            case RewriteSecured(existing, variable) | UpdateVariable(existing, variable):
                self._record(change, self._store.upsert(variable, existing))
            case WriteFingerprints():
                self._record(change, self._write_fingerprints(change, changes))
            case MissingSecret(problem=problem):
                self.outcomes.set_failed(change, problem)
            case DeleteVariable():
                pass  # together, at the end

    def _record(self, change: VariableChange, upserted: Upserted) -> None:
        """Record what happened, which differs from the plan where that rests on a stale list."""
        match upserted, change:
            case Problem(), _:
                self.outcomes.set_failed(change, upserted)
            case AlreadyRight(), _:
                self.outcomes.set_unchanged(change)
            case Overwritten(before), CreateVariable(variable):
                self.outcomes.set_applied(change, actual=UpdateVariable(before, variable))
            case _:
                self.outcomes.set_applied(change)

    def _write_fingerprints(
        self, change: WriteFingerprints, changes: tuple[VariableChange, ...]
    ) -> Upserted:
        """Write the fingerprints of what is known to be stored: after the values, never before."""
        stored = {
            each.variable
            for each in changes
            if isinstance(each, CreateVariable | UpdateVariable | RewriteSecured)
            and self.outcomes.is_applied(each)
        }
        key = self.context.policy.active_key
        entries = dict(change.kept)
        if key is not None:
            bound_to = fingerprints.bound_to(self.owner)
            entries |= {
                variable.key: fingerprints.fingerprint(key, bound_to, variable)
                for variable in change.written
                if variable in stored
            }
        # A memory that somebody secured can't be read: writing it plain repairs that.
        memory = PlainVariable(FINGERPRINTS_KEY, fingerprints.dump(entries))
        return self._store.upsert(memory, change.existing)

    def _delete(self, changes: tuple[DeleteVariable, ...]) -> None:
        if not changes:
            return
        with self.outcomes.fail_on_error(*changes):
            confirmed = self._read_again(
                {(each.existing.uuid, each.existing.key) for each in changes}
            )
        for change in changes:
            if (change.existing.uuid, change.existing.key) not in confirmed:
                # No second read shows it: somebody else deleted it.
                self.outcomes.set_unchanged(change)
                continue
            with self.outcomes.fail_on_error(change):
                self._delete_one(change)

    def _read_again(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which are still listed; after a write the list may omit some for a while."""
        found: set[tuple[str, str]] = set()
        for _ in self.context.attempts():
            found |= wanted & {(each.uuid, each.key) for each in self._store.read()}
            if found == wanted:
                break
        return found

    def _delete_one(self, change: DeleteVariable) -> None:
        deleted = self._store.delete(change.existing)
        match deleted:
            case Deleted():
                self.outcomes.set_applied(change)
            case Vanished():
                self.outcomes.set_unchanged(change)
            case Problem():
                self.outcomes.set_failed(change, deleted)
