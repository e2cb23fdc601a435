"""What would have to change in the variables of one environment (pure)."""

from collections.abc import Mapping

from msgspec import Struct
from pydantic import SecretStr

from pipe.models.changes import (
    CreateVariable,
    DeleteReason,
    DeleteVariable,
    MissingSecret,
    RewriteSecured,
    UpdateVariable,
    VariableChange,
    WriteFingerprints,
)
from pipe.models.declaration import (
    FINGERPRINTS_KEY,
    AbsentVariable,
    DeclaredVariable,
    Desired,
    ManagedSecret,
    PlainVariable,
    SecuredUpdate,
    SecuredVariable,
)
from pipe.models.existing import ExistingVariable, VariableOwner
from pipe.planning import fingerprints, problems


class SecretsPolicy(Struct, frozen=True):
    """When secured values that exist are written again, and the key of their fingerprints."""

    update: SecuredUpdate = SecuredUpdate.ALWAYS
    fingerprint_key: SecretStr | None = None

    @property
    def active_key(self) -> SecretStr | None:
        """The key, where fingerprints are to be kept at all."""
        return self.fingerprint_key if self.update is SecuredUpdate.ON_CHANGE else None


class VariablesPlan(Struct, frozen=True):
    """The changes, in the order they are made, and how many variables are right already."""

    changes: tuple[VariableChange, ...]
    unchanged: int


def plan_variables(
    desired: Desired,
    existing: tuple[ExistingVariable, ...],
    owner: VariableOwner | None,
    policy: SecretsPolicy,
) -> VariablesPlan:
    """Compare declared variables with the existing ones; keys are compared exactly.

    Args:
        desired: What the environment or repository should hold.
        existing: The complete list of its variables.
        owner: What fingerprints are bound to; `None` for an environment to be created.
        policy: How secured values are treated.
    """
    by_key = {each.key: each for each in existing}
    memory = by_key.get(FINGERPRINTS_KEY)
    stored = fingerprints.load(memory.value if memory else None)
    declared = desired.variables or ()
    changes: list[VariableChange] = []
    unchanged = 0
    for variable in declared:
        current = by_key.get(variable.key)
        change = _change(variable, current, stored, owner, policy)
        if change is not None:
            changes.append(change)
        else:
            unchanged += current is not None
    changes += _fingerprints(declared, changes, memory, stored, policy)
    if desired.prune_variables:
        kept = {variable.key for variable in declared}  # those declared absent are planned above
        if policy.active_key is not None:
            kept.add(FINGERPRINTS_KEY)
        changes += [
            DeleteVariable(each)
            for each in sorted(existing, key=lambda each: each.key)
            if each.key not in kept
        ]
    return VariablesPlan(tuple(changes), unchanged)


def _change(
    variable: DeclaredVariable,
    current: ExistingVariable | None,
    stored: Mapping[str, str],
    owner: VariableOwner | None,
    policy: SecretsPolicy,
) -> VariableChange | None:
    match variable:
        case ManagedSecret():
            if current is None or not current.secured:
                problem = problems.secret_missing(variable, current)
                return MissingSecret(variable, problem, current)
            return None
        case AbsentVariable():
            return None if current is None else DeleteVariable(current, DeleteReason.DECLARED)
        case _ if current is None:
            return CreateVariable(variable)
        case PlainVariable(value=value):
            same = not current.secured and current.value == value
            return None if same else UpdateVariable(current, variable)
        case SecuredVariable():
            return _secured_change(variable, current, stored, owner, policy)


def _secured_change(
    variable: SecuredVariable,
    current: ExistingVariable,
    stored: Mapping[str, str],
    owner: VariableOwner | None,
    policy: SecretsPolicy,
) -> UpdateVariable | RewriteSecured | None:
    if not current.secured:
        return UpdateVariable(current, variable)
    match policy.update:
        case SecuredUpdate.ALWAYS:
            return RewriteSecured(current, variable)
        case SecuredUpdate.IF_MISSING:
            return None
        case SecuredUpdate.ON_CHANGE:
            key = policy.active_key
            known = (
                key is not None
                and owner is not None
                and stored.get(variable.key)
                == fingerprints.fingerprint(key, fingerprints.bound_to(owner), variable)
            )
            if known:
                return None
            return UpdateVariable(current, variable, lacks_fingerprint=variable.key not in stored)


def _fingerprints(
    declared: tuple[DeclaredVariable, ...],
    changes: list[VariableChange],
    memory: ExistingVariable | None,
    stored: Mapping[str, str],
    policy: SecretsPolicy,
) -> tuple[WriteFingerprints, ...]:
    """Remember what is written; where no fingerprints are kept, forget what would become untrue."""
    written = tuple(
        change.variable
        for change in changes
        if isinstance(change, CreateVariable | UpdateVariable | RewriteSecured)
        and isinstance(change.variable, SecuredVariable)
    )
    rewritten = {variable.key for variable in written}
    secured = {each.key for each in declared if isinstance(each, SecuredVariable)}
    kept = tuple((key, entry) for key, entry in stored.items() if key in secured - rewritten)
    if policy.active_key is not None:
        return (WriteFingerprints(memory, kept, written),) if written else ()
    is_marked = memory is not None and fingerprints.load_mark(memory.value) is not None
    if memory is not None and rewritten and (rewritten & stored.keys() or is_marked):
        # Without a key: also where an overlapping run is about to write fingerprints.
        return (WriteFingerprints(memory, kept, ()),)
    return ()
