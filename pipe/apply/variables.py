"""Writes the variables of one environment.

The answers to writes are trusted; the list is not, for it lags (five independent clients wait one
to five seconds after each write; it was seen empty while variables existed). So nothing waits for
the list unless an answer makes it necessary, and nothing is deleted on the strength of one list.
"""

from __future__ import annotations

from typing import Final, TypeAlias, assert_never

from msgspec import Struct
from pydantic import SecretStr

from pipe.apply import problems
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.reader import ApplyContext
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import AlreadyGone, Done, OutcomeUnknown, Rejected
from pipe.models.changes import (
    CreateVariable,
    DeleteVariable,
    MissingSecret,
    RewriteSecured,
    UpdateVariable,
    VariableChange,
    WriteFingerprints,
)
from pipe.models.declaration import (
    FINGERPRINTS_KEY,
    PlainVariable,
    Repository,
    SecuredUpdate,
    SecuredVariable,
    WritableVariable,
)
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import ExistingEnvironment, ExistingVariable, VariableOwner
from pipe.planning import fingerprints

_FORBIDDEN: Final = (401, 403)
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


class Created(Struct, frozen=True):
    """The variable is as declared; there was none before."""


class Overwritten(Struct, frozen=True):
    """The variable is as declared; before, it held something else."""

    before: ExistingVariable


class AsDeclared(Struct, frozen=True):
    """The variable was as declared before this run wrote anything: the list had not shown it."""


Settled: TypeAlias = Created | Overwritten | AsDeclared | Problem
"""The variable is as declared, or it is known why not."""


class Unsettled(Struct, frozen=True):
    """Look or try again.

    Attributes:
        known: The variable, if it was found to exist with something else in it.
        last: Bitbucket's last answer to a write.
    """

    known: ExistingVariable | None
    last: Rejected | OutcomeUnknown | None


class OtherCase(Struct, frozen=True):
    """The list has the key in another case only."""

    key: str


class VariableWriter(Struct, frozen=True):
    """Writes the variables of one environment and accounts for each."""

    service: ApplyContext
    repository: Repository
    environment: ExistingEnvironment
    ledger: ChangeOutcomes

    @property
    def _owner(self) -> VariableOwner:
        return VariableOwner(self.repository, self.environment.uuid)

    def write(self, changes: tuple[VariableChange, ...], *, protected: bool) -> bool:
        """Make the changes.

        Args:
            changes: In the order of the plan.
            protected: Whether the environment is as protected as declared; if it is not, no secured
                value is written.

        Returns:
            Whether all of them were made.

        Raises:
            PipeError: A request could not be completed, or is forbidden.
        """
        for change in changes:
            if not (change.secured and not protected):
                with self.ledger.accounting(change):
                    self._write(change, changes)
        self._delete(tuple(each for each in changes if isinstance(each, DeleteVariable)))
        return not any(self.ledger.went_wrong(change) for change in changes)

    def _write(self, change: VariableChange, changes: tuple[VariableChange, ...]) -> None:
        match change:
            case CreateVariable(variable):
                settled = self._ensure(variable, None)
            case RewriteSecured(existing, variable):
                settled = self._ensure(variable, existing)
            case UpdateVariable(existing, variable):
                settled = self._ensure(variable, existing)
            case WriteFingerprints():
                settled = self._remember(change, changes)
            case DeleteVariable():
                return  # together, at the end
            case MissingSecret(problem=problem):
                settled = problem
            case _:
                assert_never(change)
        self._account(change, settled)

    def _account(self, change: VariableChange, settled: Settled) -> None:
        """Tell what happened, which may be something else than what was planned on a stale list."""
        match settled, change:
            case Problem(), _:
                self.ledger.failed(change, settled)
            case AsDeclared(), _:
                self.ledger.unchanged(change)
            case Overwritten(before), CreateVariable(variable):
                self.ledger.applied(change, told=UpdateVariable(before, variable))
            case _:
                self.ledger.applied(change)

    def _ensure(self, variable: WritableVariable, known: ExistingVariable | None) -> Settled:
        """Create the variable, or write it where it is known to exist; read whenever in doubt."""
        last: Rejected | OutcomeUnknown | None = None
        tried = False
        for _ in self.service.tries():
            if known is None:
                step = self._create(variable, last)
                if not isinstance(step, Unsettled):
                    return _by_whom(step, tried=tried)
                known, last = step.known, step.last
                tried = tried or isinstance(last, OutcomeUnknown)
            if known is not None:
                step = self._update(variable, known)
                if not isinstance(step, Unsettled):
                    return _by_whom(step, tried=tried)
                # The answer to an earlier attempt may have been lost.
                known, last, tried = step.known, step.last, True
        return self._gave_up(variable.key, last)

    def _create(
        self, variable: WritableVariable, last: Rejected | OutcomeUnknown | None
    ) -> Settled | Unsettled:
        """Create the variable unless it is known to exist already; then find it in the list."""
        if not (isinstance(last, Rejected) and last.status == _CONFLICT):
            created = self.service.api.create_variable(self._owner, variable)
            if isinstance(created, ExistingVariable):
                return _stored(variable, created) or Created()
            if isinstance(created, Rejected) and created.status not in (_NOT_FOUND, _CONFLICT):
                return self._refused(f"write the variable {variable.key}", created)
            last = created
        match _find(variable.key, self._list()):
            case ExistingVariable() as found if _is_right(variable, found):
                return Created() if isinstance(last, OutcomeUnknown) else AsDeclared()
            case ExistingVariable() as found:
                return Unsettled(found, last)
            case OtherCase(other) if isinstance(last, Rejected) and last.status == _CONFLICT:
                return problems.variable_key_differs_by_case(variable.key, other)
            case _:
                return Unsettled(None, last)

    def _update(self, variable: WritableVariable, known: ExistingVariable) -> Settled | Unsettled:
        match variable:
            case SecuredVariable() if not known.secured:
                return self._secure(variable, known)
            case SecuredVariable() | PlainVariable():
                return self._put(variable, known)
            case _:
                assert_never(variable)

    def _put(self, variable: WritableVariable, known: ExistingVariable) -> Settled | Unsettled:
        updated = self._write_over(variable, known)
        match updated:
            case ExistingVariable(secured=True) if isinstance(variable, PlainVariable):
                return self._remove(variable, known)
            case ExistingVariable():
                return _stored(variable, updated) or Overwritten(known)
            case Rejected(status=404):
                # It went away, or was replaced by one with another uuid: look again.
                return Unsettled(None, updated)
            case Rejected() if known.secured and isinstance(variable, PlainVariable):
                return self._remove(variable, known)
            case Rejected():
                return self._refused(f"write the variable {variable.key}", updated)
            case _:
                assert_never(updated)

    def _secure(self, variable: SecuredVariable, known: ExistingVariable) -> Settled | Unsettled:
        """Make a plain variable secured; its secret is never stored plain on the way.

        One client changes it by PUT, another reports that this is impossible. The variable is
        therefore first made secured with the value that is plain already: the secret is sent only
        when it is certain that it will be stored secured. Where secured values that exist are
        believed to be right, a run that ends in between would leave that value for good: there it
        is deleted and created, so that what is half done is missing.
        """
        if self.service.policy.update is not SecuredUpdate.IF_MISSING:
            veiled = SecuredVariable(variable.key, SecretStr(known.value or ""))
            answer = self._write_over(veiled, known)
            sticks = isinstance(answer, ExistingVariable) and answer.secured
            if sticks and self._shows_secured(known):
                return self._put(variable, known)
        return self._remove(variable, known)

    def _write_over(
        self, variable: WritableVariable, known: ExistingVariable
    ) -> ExistingVariable | Rejected:
        answer = self.service.api.update_variable(self._owner, known.uuid, variable)
        if isinstance(answer, Rejected) and answer.status in _FORBIDDEN:
            doing = f"write the variable {variable.key}"
            raise self._forbidden(doing, answer)
        return answer

    def _remove(self, variable: WritableVariable, known: ExistingVariable) -> Settled | Unsettled:
        """Make room for a variable that is stored in the other way."""
        gone = self.service.api.delete_variable(self._owner, known.uuid)
        if isinstance(gone, Rejected) and gone.status != _NOT_FOUND:
            return self._refused(f"replace the variable {variable.key}", gone)
        return Unsettled(None, None)

    def _gave_up(self, key: str, last: Rejected | OutcomeUnknown | None) -> Problem:
        match last:
            case OutcomeUnknown():
                return problems.variable_fate_unknown(key, last)
            case Rejected(status=404):
                return bitbucket_problems.variables_unavailable(self.environment.name, last)
            case _:
                return problems.variable_not_listed(key)

    def _list(self) -> tuple[ExistingVariable, ...]:
        """Return what Bitbucket lists now; just after creation that may be a 404, not a list."""
        listed = self.service.api.variables(self._owner)
        match listed:
            case Rejected(status=404):
                return ()
            case Rejected():
                doing = f"list the variables of '{self.environment.name}'"
                raise PipeError(bitbucket_problems.rejection(doing, self.repository, listed))
            case _:
                return listed

    def _refused(self, doing: str, rejected: Rejected) -> Problem:
        if rejected.status in _FORBIDDEN:
            raise self._forbidden(doing, rejected)
        return problems.rejected_write(doing, rejected)

    def _forbidden(self, doing: str, rejected: Rejected) -> PipeError:
        """Return what ends this environment here: no other write would fare better."""
        return PipeError(bitbucket_problems.rejection(doing, self.repository, rejected))

    def _shows_secured(self, existing: ExistingVariable) -> bool:
        """Whether Bitbucket's list confirms that the variable is secured now."""
        for _ in self.service.looks():
            listed = next((each for each in self._list() if each.uuid == existing.uuid), None)
            if listed is not None and listed.secured:
                return True
        return False

    def _is_gone(self, existing: ExistingVariable) -> bool:
        """Whether the list agrees that the variable is not there: twice, for it may waver."""
        absences = 0
        for _ in self.service.tries():
            absences += all(each.uuid != existing.uuid for each in self._list())
            if absences > 1:
                return True
        return False

    def _remember(self, change: WriteFingerprints, changes: tuple[VariableChange, ...]) -> Settled:
        """Write the fingerprints of what is known to be stored: after the values, never before."""
        stored = {
            each.variable
            for each in changes
            if isinstance(each, CreateVariable | UpdateVariable | RewriteSecured)
            and self.ledger.is_applied(each)
        }
        key = self.service.policy.active_key
        entries = dict(change.kept)
        if key is not None:
            entries |= {
                variable.key: fingerprints.fingerprint(key, self.environment.uuid, variable)
                for variable in change.written
                if variable in stored
            }
        memory = PlainVariable(FINGERPRINTS_KEY, fingerprints.dump(entries))
        # If somebody secured it, nothing in it can be read until it is plain again.
        return self._ensure(memory, change.existing)

    def _still_listed(self, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Look a second time; again where one is missing, for after a write the list may waver."""
        found: set[tuple[str, str]] = set()
        for _ in self.service.tries():
            found |= wanted & {(each.uuid, each.key) for each in self._list()}
            if found == wanted:
                break
        return found

    def _delete(self, changes: tuple[DeleteVariable, ...]) -> None:
        if not changes:
            return
        with self.ledger.accounting(*changes):
            confirmed = self._still_listed(
                {(each.existing.uuid, each.existing.key) for each in changes}
            )
        for change in changes:
            existing = change.existing
            if (existing.uuid, existing.key) not in confirmed:
                # No second look shows it: somebody else deleted it.
                self.ledger.unchanged(change)
                continue
            with self.ledger.accounting(change):
                self._delete_one(change)

    def _delete_one(self, change: DeleteVariable) -> None:
        existing = change.existing
        doing = f"delete the variable {existing.key}"
        answer = self.service.api.delete_variable(self._owner, existing.uuid)
        match answer:
            case Done():
                self.ledger.applied(change)
            case AlreadyGone() if self._is_gone(existing):
                self.ledger.applied(change)
            case AlreadyGone():
                self.ledger.failed(change, self._refused(doing, Rejected(status=404)))
            case Rejected(status=404) if self._is_gone(existing):
                self.ledger.unchanged(change)
            case Rejected():
                self.ledger.failed(change, self._refused(doing, answer))
            case _:
                assert_never(answer)


def _by_whom(settled: Settled, *, tried: bool) -> Settled:
    """What is there after a write of unknown fate is most likely that write's work."""
    return Created() if tried and isinstance(settled, Overwritten | AsDeclared) else settled


def _stored(variable: WritableVariable, answer: ExistingVariable) -> Problem | None:
    if isinstance(variable, SecuredVariable) and not answer.secured:
        return problems.secured_stored_plain(variable.key)
    return None


def _is_right(variable: WritableVariable, listed: ExistingVariable) -> bool:
    return (
        isinstance(variable, PlainVariable)
        and not listed.secured
        and listed.value == variable.value
    )


def _find(key: str, listed: tuple[ExistingVariable, ...]) -> ExistingVariable | OtherCase | None:
    exact = next((each for each in listed if each.key == key), None)
    if exact is not None:
        return exact
    other = next((each for each in listed if each.key.casefold() == key.casefold()), None)
    return None if other is None else OtherCase(other.key)
