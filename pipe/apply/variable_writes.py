"""Create, update and delete single variables of an environment or repository.

Answers to writes are trusted, the list is not: it lags (six independent clients wait one to seven
seconds after each write) and was seen empty while variables existed. The list is therefore read
only where an answer makes that necessary, and nothing is deleted because one list omits it.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from pydantic import SecretStr

from pipe.apply import problems
from pipe.apply.context import ApplyContext
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.rejections import rejection
from pipe.bitbucket.requests import AlreadyGone, Done, OutcomeUnknown, Rejected
from pipe.bitbucket.retry import Attempts
from pipe.models.declaration import PlainVariable, SecuredUpdate, SecuredVariable, WritableVariable
from pipe.models.errors import PipeError, Problem
from pipe.models.existing import ExistingVariable, VariableOwner
from pipe.models.results import Outcome

_PLACEHOLDER: Final = "pending"
"""What a variable holds until it is certain that it is stored secured."""


class Overwritten(Struct, frozen=True):
    """The variable is as declared; it had another value before."""

    before: ExistingVariable


Upserted: TypeAlias = Outcome | Overwritten | Problem
"""What came of writing a variable: applied, if it did not exist before; unchanged, if it was as
declared before this run wrote anything, but the list omitted it; or why it is not as declared."""


class _Undecided(Struct, frozen=True):
    """Another attempt is needed.

    Attributes:
        known: The variable, if it was found with another value.
        last: Bitbucket's last answer to a write.
    """

    known: ExistingVariable | None
    last: Rejected | OutcomeUnknown | None


class VariableStore(Struct, frozen=True):
    """The variables of one owner.

    Attributes:
        owner_name: The environment's name; `None`: the repository itself.
        add_step: Records a part of the change of a field that was made.
    """

    context: ApplyContext
    owner: VariableOwner
    owner_name: str | None
    add_step: Callable[[str, str], None]

    @property
    def owner_text(self) -> str:
        """The owner in a message."""
        return "the repository" if self.owner_name is None else f"'{self.owner_name}'"

    def read(self) -> tuple[ExistingVariable, ...] | None:
        """Return the variables that are listed now; `None`: the list answers 404.

        That is normal for a moment after an environment is created. Later it means that the owner
        was deleted, renamed or hidden, and proves nothing about its variables.
        """
        # Several threads may read at the same time: one page each.
        listed = replace(self.context.api, workers=1).variables(self.owner)
        match listed:
            case Rejected(status=HTTPStatus.NOT_FOUND):
                return None
            case Rejected():
                doing = f"list the variables of {self.owner_text}"
                raise PipeError(self._rejection(doing, listed))
            case _:
                return listed

    def upsert(self, variable: WritableVariable, known: ExistingVariable | None) -> Upserted:
        """Create the variable, or update it where it is known to exist; read whenever in doubt.

        Raises:
            PipeError: A request could not be completed, or is forbidden.
        """
        last: Rejected | OutcomeUnknown | None = None
        tried = False
        attempts = self.context.api.attempts()
        for _ in self.context.poll_at_once():
            if known is None:
                if isinstance(last, Rejected):
                    # Refused because the environment is new: waiting for it is no repeat.
                    attempts = self.context.api.attempts()
                step = self._create(variable, last, attempts)
                if not isinstance(step, _Undecided):
                    return _attributed(step, tried=tried)
                known, last = step.known, step.last
                tried = tried or isinstance(last, OutcomeUnknown)
            if known is not None:
                step = self._update(variable, known)
                if not isinstance(step, _Undecided):
                    return _attributed(step, tried=tried)
                # The answer to an earlier attempt may have been lost.
                known, last, tried = step.known, step.last, True
        return self._gave_up(variable.key, last)

    def delete(self, existing: ExistingVariable) -> Outcome | Problem:
        """Delete the variable.

        Returns:
            Applied; unchanged, if somebody else deleted it; or why it is not deleted.

        Raises:
            PipeError: A request could not be completed, or is forbidden.
        """
        doing = f"delete the variable {existing.key}"
        answer = self.context.api.delete_variable(self.owner, existing.uuid)
        match answer:
            case Done():
                return Outcome.APPLIED
            case AlreadyGone() if self._is_gone(existing):
                return Outcome.APPLIED
            case AlreadyGone():
                return self._refused(doing, Rejected(status=HTTPStatus.NOT_FOUND))
            case Rejected(status=HTTPStatus.NOT_FOUND) if self._is_gone(existing):
                return Outcome.UNCHANGED
            case Rejected():
                return self._refused(doing, answer)

    def _create(
        self,
        variable: WritableVariable,
        last: Rejected | OutcomeUnknown | None,
        attempts: Attempts,
    ) -> Upserted | _Undecided:
        """Create the variable unless it is known to exist; then find it in the list."""
        if not _is_taken(last):
            created = self.context.api.create_variable(self.owner, variable, attempts)
            if isinstance(created, ExistingVariable):
                return _stored_plain(variable, created) or Outcome.APPLIED
            if isinstance(created, Rejected) and created.status not in (
                HTTPStatus.NOT_FOUND,
                HTTPStatus.CONFLICT,
            ):
                return self._refused(f"write the variable {variable.key}", created)
            last = created
        listed = self.read() or ()
        match _find(variable.key, listed):
            case ExistingVariable(key=variable.key) as found if _is_right(variable, found):
                is_ours = isinstance(last, OutcomeUnknown)
                return Outcome.APPLIED if is_ours else Outcome.UNCHANGED
            case ExistingVariable(key=variable.key) as found:
                return _Undecided(found, last)
            case ExistingVariable(key=other) if _is_taken(last):
                return problems.variable_key_differs_by_case(variable.key, other)
            case _:
                uuid = last.existing_uuid if isinstance(last, Rejected) else None
                named = uuid if all(each.uuid != uuid for each in listed) else None
                return self._update_unlisted(variable, named) if named else _Undecided(None, last)

    def _update_unlisted(self, variable: WritableVariable, uuid: str) -> Upserted | _Undecided:
        """Write over a variable that a 409 names by its uuid while the list still omits it.

        Whether it is stored secured is unknown: a secret is sent only once a placeholder is
        stored secured there, and never under `SECURED_UPDATE=if-missing`.
        """
        unlisted = ExistingVariable(uuid=uuid, key=variable.key, value=None, secured=True)
        if isinstance(variable, SecuredVariable):
            if self.context.policy.update is SecuredUpdate.IF_MISSING:
                return Outcome.UNCHANGED
            placeholder = SecuredVariable(variable.key, SecretStr(_PLACEHOLDER))
            stored = self._write_over(placeholder, unlisted)
            if isinstance(stored, ExistingVariable) and not stored.secured:
                return self._delete_to_recreate(variable, unlisted)
        return self._put(variable, unlisted)

    def _update(self, variable: WritableVariable, known: ExistingVariable) -> Upserted | _Undecided:
        if isinstance(variable, SecuredVariable) and not known.secured:
            return self._secure(variable, known)
        return self._put(variable, known)

    def _put(self, variable: WritableVariable, known: ExistingVariable) -> Upserted | _Undecided:
        updated = self._write_over(variable, known)
        match updated:
            case ExistingVariable(secured=True) if isinstance(variable, PlainVariable):
                return self._delete_to_recreate(variable, known)
            case ExistingVariable():
                return _stored_plain(variable, updated) or Overwritten(known)
            case Rejected(status=HTTPStatus.NOT_FOUND):
                # It went away, or was replaced by one with another uuid: look again.
                self.check_environment()
                return _Undecided(None, updated)
            case Rejected() if known.secured and isinstance(variable, PlainVariable):
                return self._delete_to_recreate(variable, known)
            case Rejected():
                return self._refused(f"write the variable {variable.key}", updated)

    def check_environment(self) -> None:
        """Check that the environment exists, which no variable proves.

        Those of an environment that does not exist look like none, and can be created (a live
        test of 2023): only reading the environment itself shows it.

        Raises:
            PipeError: Somebody deleted it; nothing more may be written to it.
        """
        uuid, name = self.owner.environment_uuid, self.owner_name
        if uuid is not None and name is not None:
            found = self.context.api.environment(self.owner.repository, uuid)
            if isinstance(found, Rejected) and found.status == HTTPStatus.NOT_FOUND:
                raise PipeError(problems.environment_disappeared(name))

    def _secure(self, variable: SecuredVariable, known: ExistingVariable) -> Upserted | _Undecided:
        """Make a plain variable secured; its secret is never stored plain on the way.

        One client changes it by PUT, another reports that this is impossible. The variable is
        therefore first made secured with the value that is plain already: the secret is sent only
        when it is certain that it will be stored secured. Under `SECURED_UPDATE=if-missing`, a run
        that ends in between would leave that value for good: there it is deleted and created, so
        that what is half done is missing.
        """
        if self.context.policy.update is not SecuredUpdate.IF_MISSING:
            same_value = SecuredVariable(variable.key, SecretStr(known.value or ""))
            answer = self._write_over(same_value, known)
            took_effect = isinstance(answer, ExistingVariable) and answer.secured
            if took_effect and self._shows_secured(known):
                return self._put(variable, known)
        return self._delete_to_recreate(variable, known)

    def _write_over(
        self, variable: WritableVariable, known: ExistingVariable
    ) -> ExistingVariable | Rejected:
        answer = self.context.api.update_variable(self.owner, known.uuid, variable)
        if isinstance(answer, Rejected) and answer.is_forbidden:
            doing = f"write the variable {variable.key}"
            raise PipeError(self._rejection(doing, answer))
        return answer

    def _delete_to_recreate(
        self, variable: WritableVariable, known: ExistingVariable
    ) -> Upserted | _Undecided:
        """Delete a variable that must be created anew to be stored the other way."""
        gone = self.context.api.delete_variable(self.owner, known.uuid)
        match gone:
            case Done():
                pass
            case AlreadyGone() | Rejected(status=HTTPStatus.NOT_FOUND):
                if not self._is_gone(known):
                    return _Undecided(known, Rejected(status=HTTPStatus.NOT_FOUND))
            case Rejected():
                return self._refused(f"replace the variable {variable.key}", gone)
        self.add_step(f"variables.{variable.key}", "deleted")
        return _Undecided(None, None)

    def _gave_up(self, key: str, last: Rejected | OutcomeUnknown | None) -> Problem:
        match last:
            case OutcomeUnknown():
                raise PipeError(last.problem)
            case Rejected(status=HTTPStatus.NOT_FOUND):
                return self.unavailable(f"write the variable {key}", last)
            case _:
                return problems.variable_not_listed(key)

    def unavailable(self, doing: str, rejected: Rejected) -> Problem:
        """Describe a 404 that does not pass."""
        if self.owner_name is None:
            return self._rejection(doing, rejected)
        return bitbucket_problems.variables_unavailable(self.owner_name, rejected)

    def _refused(self, doing: str, rejected: Rejected) -> Problem:
        if rejected.is_forbidden:
            # Other writes to this owner would be refused as well.
            raise PipeError(self._rejection(doing, rejected))
        return problems.rejected_write(doing, rejected)

    def _rejection(self, doing: str, rejected: Rejected) -> Problem:
        return rejection(doing, self.owner.repository, rejected)

    def _shows_secured(self, existing: ExistingVariable) -> bool:
        """Return whether Bitbucket's list confirms that the variable is secured now."""
        for _ in self.context.poll():
            listed = next((each for each in self.read() or () if each.uuid == existing.uuid), None)
            if listed is not None and listed.secured:
                return True
        return False

    def _is_gone(self, existing: ExistingVariable) -> bool:
        """Return whether two reads of the list agree that the variable does not exist."""
        absences = 0
        for _ in self.context.poll_at_once():
            listed = self.read()
            absences += listed is not None and all(each.uuid != existing.uuid for each in listed)
            if absences > 1:
                return True
        return False


def _attributed(upserted: Upserted, *, tried: bool) -> Upserted:
    """Attribute what is found after a write of unknown outcome to that write."""
    return Outcome.APPLIED if tried and not isinstance(upserted, Problem) else upserted


def _is_taken(last: Rejected | OutcomeUnknown | None) -> bool:
    """Return whether Bitbucket answered that the key exists."""
    return isinstance(last, Rejected) and last.status == HTTPStatus.CONFLICT


def _stored_plain(variable: WritableVariable, answer: ExistingVariable) -> Problem | None:
    if isinstance(variable, SecuredVariable) and not answer.secured:
        return problems.secured_stored_plain(variable.key)
    return None


def _is_right(variable: WritableVariable, listed: ExistingVariable) -> bool:
    return (
        isinstance(variable, PlainVariable)
        and not listed.secured
        and listed.value == variable.value
    )


def _find(key: str, listed: tuple[ExistingVariable, ...]) -> ExistingVariable | None:
    """Return the variable with that key; else one whose key differs by case only."""
    same = [each for each in listed if each.key.casefold() == key.casefold()]
    return min(same, key=lambda each: each.key != key, default=None)
