"""Changes an environment's own fields, and reads back until the change shows.

Bitbucket answers 202 with an empty body: the change is queued. What counts is what shows.
"""

from __future__ import annotations

from typing import assert_never

from pipe.apply import problems
from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.reader import ApplyContext
from pipe.bitbucket import problems as bitbucket_problems
from pipe.bitbucket.requests import Done, OutcomeUnknown, Rejected
from pipe.models.changes import FieldChange, SetAdminOnly, SetName
from pipe.models.declaration import Repository
from pipe.models.errors import Problem
from pipe.models.existing import ExistingEnvironment

_SPLITTABLE = (400, 402, 403)
"""Answers after which each field of a combined change may still be possible by itself."""

_MAY_BE_TRUE_ALREADY = (400, 409)
"""What Bitbucket answers to a change that changes nothing is not known."""


def change_fields(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    changes: tuple[FieldChange, ...],
    ledger: ChangeOutcomes,
) -> bool:
    """Make the changes in one request; if Bitbucket refuses the combination, one by one.

    Returns:
        Whether all of them show.

    Raises:
        PipeError: A request could not be completed; what was not recorded was not done.
    """
    with ledger.accounting(*changes):
        settled = _change_together(service, repository, environment, changes, ledger)
    if isinstance(settled, bool):
        return settled
    if _may_be_split(changes, settled):
        # Tightening first: if the rest is refused, the environment is protected.
        ordered = sorted(changes, key=lambda each: isinstance(each, SetName))
        done = [
            change_fields(service, repository, environment, (each,), ledger) for each in ordered
        ]
        return all(done)
    for change in changes:
        ledger.failed(change, _problem(repository, environment, change, settled))
    return False


def _change_together(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    changes: tuple[FieldChange, ...],
    ledger: ChangeOutcomes,
) -> bool | Rejected:
    """Make the changes in one request; return whether all of them show, or what refused them."""
    for _ in service.tries():
        answer = _send(service, repository, environment, changes)
        match answer:
            case Done():
                return _verify(service, repository, environment, changes, ledger)
            case OutcomeUnknown():
                with ledger.doubting(*changes):
                    shows = _shows(service, repository, environment, changes, ledger)
                if shows:
                    return True
            case Rejected(status=status):
                shows = (
                    status in _MAY_BE_TRUE_ALREADY
                    and not _may_be_split(changes, answer)
                    and _shows(service, repository, environment, changes, ledger)
                )
                return True if shows else answer
            case _:
                assert_never(answer)
    return _verify(service, repository, environment, changes, ledger)


def _may_be_split(changes: tuple[FieldChange, ...], rejected: Rejected) -> bool:
    return len(changes) > 1 and rejected.status in _SPLITTABLE


def _send(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    changes: tuple[FieldChange, ...],
) -> Done | Rejected | OutcomeUnknown:
    name = next((each.after for each in changes if isinstance(each, SetName)), None)
    admin_only = next((each.after for each in changes if isinstance(each, SetAdminOnly)), None)
    return service.api.change_environment(
        repository, environment.uuid, name=name, admin_only=admin_only
    )


def _shows(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    changes: tuple[FieldChange, ...],
    ledger: ChangeOutcomes,
) -> bool:
    """Look once whether the changes are there."""
    current = service.api.environment(repository, environment.uuid)
    if isinstance(current, Rejected) or not all(_is_made(each, current) for each in changes):
        return False
    for change in changes:
        ledger.applied(change)
    return True


def _verify(
    service: ApplyContext,
    repository: Repository,
    environment: ExistingEnvironment,
    changes: tuple[FieldChange, ...],
    ledger: ChangeOutcomes,
) -> bool:
    """Look until all changes show, or patience ends."""
    current: ExistingEnvironment | Rejected | None = None
    waiting = changes
    # The order was taken: whether it was carried out is what is not known.
    with ledger.doubting(*changes):
        for _ in service.looks():
            current = service.api.environment(repository, environment.uuid)
            if isinstance(current, Rejected):
                continue
            for change in waiting:
                if _is_made(change, current):
                    ledger.applied(change)
            waiting = tuple(each for each in waiting if not ledger.is_applied(each))
            if not waiting:
                return True
    for change in waiting:
        if isinstance(current, Rejected):
            ledger.unverified(change, problems.environment_disappeared(environment.name))
        else:
            ledger.unverified(change, _does_not_show(environment, change))
    return False


def _is_made(change: FieldChange, current: ExistingEnvironment) -> bool:
    match change:
        case SetName():
            return current.name == change.after
        case SetAdminOnly():
            return current.admin_only == change.after
        case _:
            assert_never(change)


def _does_not_show(environment: ExistingEnvironment, change: FieldChange) -> Problem:
    match change:
        case SetName():
            return problems.rename_does_not_show(change.before, change.after)
        case SetAdminOnly():
            return problems.admin_only_did_not_stick(environment.name, wanted=change.after)
        case _:
            assert_never(change)


def _problem(
    repository: Repository,
    environment: ExistingEnvironment,
    change: FieldChange,
    rejected: Rejected,
) -> Problem:
    match rejected.status:
        case 400 | 409:
            return problems.change_not_supported(environment.name, change.field, rejected)
        case 402:
            return problems.plan_lacks_feature(environment.name, change.field, rejected)
        case 404:
            return problems.environment_disappeared(environment.name)
        case _:
            doing = f"change {change.field} of '{environment.name}'"
            return bitbucket_problems.rejection(doing, repository, rejected)
