"""The checksum of a plan: whether what would be applied is what was reviewed (pure).

It covers everything that would be written: repositories, environments (an existing one by its uuid,
so that another of the same name is not the reviewed one), changes with their values before and
after, for variables how they are stored before and after, and what is lost with a deletion. It does
not depend on the order in which Bitbucket lists anything, or on the number of workers. Secret
values are left out: a checksum over a secret would be something to guess the secret against.
"""

import hashlib
import json
from collections.abc import Iterable

from pipe.models.changes import (
    Change,
    Delete,
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    VariableChange,
    WriteFingerprints,
    changes_of,
    existing_of,
)
from pipe.models.declaration import FINGERPRINTS_KEY, DeclaredVariable, PlainVariable
from pipe.models.existing import ExistingVariable


def checksum(plans: Iterable[RepositoryPlan]) -> str:
    """Return `sha256:` and 64 hexadecimal digits."""
    lines = sorted(line for plan in plans for line in _lines(plan))
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _lines(plan: RepositoryPlan) -> Iterable[str]:
    place = [plan.repository.workspace, plan.repository.slug]
    if plan.enable_pipelines:
        yield json.dumps([*place, "enable pipelines"])
    refusal = None if plan.refusal is None else plan.refusal.key
    for change in plan.changes:
        yield json.dumps([*place, "repository", refusal, _change(change)])
    for environment in plan.environments:
        if not isinstance(environment, Keep):
            yield json.dumps([*place, "environment", *_environment(environment)])


def _environment(plan: EnvironmentPlan) -> list[object]:
    details = [_change(each) for each in changes_of(plan)]
    reason = plan.problem.key if isinstance(plan, Refuse) else None
    if isinstance(plan, Delete):
        reason = str(plan.reason)
        details = [_existing(each) for each in plan.variables]
    existing = existing_of(plan)
    uuid = None if existing is None else existing.uuid
    kind = type(plan).__name__.lower()
    return [plan.name, uuid, kind, reason, sorted(details, key=json.dumps)]


def _change(change: Change) -> list[object]:
    shared: list[object] = [change.field, type(change).__name__]
    if isinstance(change, WriteFingerprints):
        return shared
    if isinstance(change, VariableChange):
        return [*shared, _existing(change.existing), _declared(change.variable)]
    return [*shared, change.before, change.after]


def _existing(variable: ExistingVariable | None) -> list[object]:
    if variable is None:
        return []
    # Fingerprints are derived from secrets.
    value = None if variable.key == FINGERPRINTS_KEY else variable.value
    return [variable.key, variable.secured, value]


def _declared(variable: DeclaredVariable | None) -> list[object]:
    value = variable.value if isinstance(variable, PlainVariable) else None
    return [type(variable).__name__, value]
