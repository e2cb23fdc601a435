"""Change an environment's own fields and read back until the change shows.

Bitbucket answers 202 with an empty body: the change is queued, and reading back shows whether it
was made.
"""

from http import HTTPStatus
from typing import Final

from pipe.apply import problems
from pipe.apply.context import EnvironmentWriter
from pipe.bitbucket.rejections import plan_lacks_it, raise_for_rejection, rejection
from pipe.bitbucket.requests import Done, OutcomeUnknown, Rejected
from pipe.bitbucket.retry import Attempts
from pipe.models.changes import FieldChange, SetAdminOnly, SetName
from pipe.models.errors import Problem
from pipe.models.existing import ExistingEnvironment

_SPLITTABLE: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN)
"""Answers to a combined change after which each of its fields may still be possible alone."""

_MAY_BE_IN_PLACE: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
"""What Bitbucket answers to a change that changes nothing is not known: one of these, maybe."""


def change_fields(writer: EnvironmentWriter, changes: tuple[FieldChange, ...]) -> None:
    """Make the changes in one request; if Bitbucket refuses the combination, one by one.

    Raises:
        PipeError: A request could not be completed.
    """
    writer.begin(*changes)
    with writer.outcomes.fail_on_error(*changes):
        refused = _change_together(writer, changes)
    if refused is None:
        return
    if _may_be_split(changes, refused):
        # Tightening first: if the rest is refused, the environment is protected.
        for each in sorted(changes, key=lambda each: isinstance(each, SetName)):
            change_fields(writer, (each,))
        return
    for change in changes:
        writer.outcomes.set_failed(change, _problem(writer, change, refused))


def _change_together(
    writer: EnvironmentWriter, changes: tuple[FieldChange, ...]
) -> Rejected | None:
    """Make the changes in one request and verify them; return how they were refused, if so."""
    attempts = writer.api.attempts()
    while True:
        answer = _send(writer, changes, attempts)
        match answer:
            case Done():
                _verify(writer, changes)
                return None
            case OutcomeUnknown():
                with writer.outcomes.unverified_on_error(*changes):
                    if _shows(writer, changes):
                        return None
            case Rejected(status=status):
                shows = (
                    status in _MAY_BE_IN_PLACE
                    and not _may_be_split(changes, answer)
                    and _shows(writer, changes)
                )
                return None if shows else answer


def _may_be_split(changes: tuple[FieldChange, ...], rejected: Rejected) -> bool:
    return len(changes) > 1 and rejected.status in _SPLITTABLE


def _send(
    writer: EnvironmentWriter, changes: tuple[FieldChange, ...], attempts: Attempts
) -> Done | Rejected | OutcomeUnknown:
    name = next((each.after for each in changes if isinstance(each, SetName)), None)
    admin_only = next((each.after for each in changes if isinstance(each, SetAdminOnly)), None)
    return writer.api.change_environment(
        writer.repository, writer.environment.uuid, attempts, name=name, admin_only=admin_only
    )


def _shows(writer: EnvironmentWriter, changes: tuple[FieldChange, ...]) -> bool:
    """Read once whether the changes show."""
    current = _read(writer)
    if current is None or not all(_is_made(each, current) for each in changes):
        return False
    for change in changes:
        writer.outcomes.set_applied(change)
    return True


def _verify(writer: EnvironmentWriter, changes: tuple[FieldChange, ...]) -> None:
    """Poll until all changes show; record which do."""
    current: ExistingEnvironment | None = None
    outcomes, pending = writer.outcomes, changes
    # Bitbucket accepted the change, so an error here leaves it unverified rather than failed.
    with outcomes.unverified_on_error(*changes):
        for _ in writer.context.poll():
            current = _read(writer)
            if current is None:
                continue
            for change in pending:
                if _is_made(change, current):
                    outcomes.set_applied(change)
            pending = tuple(each for each in pending if not outcomes.is_applied(each))
            if not pending:
                return
    for change in pending:
        if current is None:
            problem = problems.environment_disappeared(writer.environment.name)
        else:
            problem = _does_not_show(writer.environment, change)
        outcomes.set_unverified(change, problem)


def _read(writer: EnvironmentWriter) -> ExistingEnvironment | None:
    """Return the environment as it is now; `None`: it does not exist.

    Raises:
        PipeError: It can't be read, which does not mean that it is gone.
    """
    found = writer.api.environment(writer.repository, writer.environment.uuid)
    if isinstance(found, Rejected) and found.status == HTTPStatus.NOT_FOUND:
        return None
    doing = f"read '{writer.environment.name}'"
    return raise_for_rejection(found, doing, writer.repository)


def _is_made(change: FieldChange, current: ExistingEnvironment) -> bool:
    match change:
        case SetName():
            return current.name == change.after
        case SetAdminOnly():
            return current.admin_only == change.after


def _does_not_show(environment: ExistingEnvironment, change: FieldChange) -> Problem:
    match change:
        case SetName():
            return problems.rename_does_not_show(change.before, change.after)
        case SetAdminOnly():
            return problems.admin_only_did_not_stick(environment.name, wanted=change.after)


def _problem(writer: EnvironmentWriter, change: FieldChange, rejected: Rejected) -> Problem:
    name = writer.environment.name
    if isinstance(change, SetAdminOnly) and plan_lacks_it(rejected):
        return problems.plan_lacks_feature(name, rejected)
    match rejected.status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.CONFLICT:
            return problems.change_not_supported(name, change.field, rejected)
        case HTTPStatus.NOT_FOUND:
            return problems.environment_disappeared(name)
        case _:
            doing = f"change {change.field} of '{name}'"
            return rejection(doing, writer.repository, rejected)
