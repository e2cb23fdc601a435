"""Put the changes of one environment into an order in which it is never less protected (pure)."""

from msgspec import Struct

from pipe.models.changes import (
    BranchesUnavailable,
    Change,
    FieldChange,
    SetBranches,
    SetName,
    VariableChange,
)
from pipe.models.existing import ExistingBranchRestriction


class AddBranch(Struct, frozen=True):
    """One more branch pattern may deploy, or the first one restricts."""

    pattern: str


class RemoveBranch(Struct, frozen=True):
    """One branch pattern less may deploy, or removing the last one lifts the restriction."""

    restriction: ExistingBranchRestriction


BranchStep = AddBranch | RemoveBranch


class Order(Struct, frozen=True, kw_only=True):
    """The changes of one environment in their safe order.

    Attributes:
        tighten: The environment's own fields if they restrict (and a rename, which is neutral).
        branches: The branches to set, in the steps below.
        tighten_branches: Until no more branches may deploy than declared.
        unavailable: Branches that Bitbucket offers no way to set.
        variables: Written while the environment is as protected as ever.
        loosen: The environment's own fields if they permit more.
        loosen_branches: What was still missing.
    """

    tighten: tuple[FieldChange, ...]
    branches: SetBranches | None
    tighten_branches: tuple[BranchStep, ...]
    unavailable: BranchesUnavailable | None
    variables: tuple[VariableChange, ...]
    loosen: tuple[FieldChange, ...]
    loosen_branches: tuple[BranchStep, ...]


def order(changes: tuple[Change, ...]) -> Order:
    """Return the changes of an existing environment in their safe order."""
    tighten_fields, loosen_fields = _field_steps(
        tuple(each for each in changes if isinstance(each, FieldChange))
    )
    branches = next((each for each in changes if isinstance(each, SetBranches)), None)
    tighten, loosen = branch_steps(branches) if branches else ((), ())
    return Order(
        tighten=tighten_fields,
        branches=branches,
        tighten_branches=tighten,
        unavailable=next((each for each in changes if isinstance(each, BranchesUnavailable)), None),
        variables=tuple(each for each in changes if isinstance(each, VariableChange)),
        loosen=loosen_fields,
        loosen_branches=loosen,
    )


def _field_steps(
    fields: tuple[FieldChange, ...],
) -> tuple[tuple[FieldChange, ...], tuple[FieldChange, ...]]:
    """Return the changes that tighten, and those that loosen.

    A rename does neither: it goes along with the others, in the same request.
    """
    loosen = tuple(each for each in fields if each.loosens)
    tighten = tuple(each for each in fields if not each.loosens)
    if loosen and all(isinstance(each, SetName) for each in tighten):
        return (), fields
    return tighten, loosen


def branch_steps(change: SetBranches) -> tuple[tuple[BranchStep, ...], tuple[BranchStep, ...]]:
    """Return the steps that tighten, and those that loosen, from the existing set to the declared.

    An empty set permits every branch, so the set is never empty on the way unless it was before or
    is to be; and no pattern is ever in it that is in neither set.
    """
    add = tuple(AddBranch(pattern) for pattern in change.after if pattern not in set(change.before))
    remove = tuple(
        RemoveBranch(each)
        for each in sorted(change.existing, key=lambda each: (each.pattern, each.uuid))
        if each.pattern not in change.after
    )
    if not change.existing:
        return add, ()
    if not change.after:
        return (), remove
    if len(remove) < len(change.existing):
        return remove, add
    # Nothing stays: the first new pattern must be there before the last old one is removed.
    return (*add[:1], *remove), add[1:]
