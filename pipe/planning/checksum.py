"""The checksum of a plan: what was reviewed can be told from what would be applied (pure).

It covers repositories, environments (an existing one by its uuid, so that another of the same name
is not the one that was reviewed) and changes with their values before and after, whatever the order
of lists and workers. Of secured values it covers only that they would be written: a checksum
over a secret would be something to guess the secret against.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from pipe.models.changes import (
    Change,
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    Shown,
    changes_of,
    existing_of,
)


def checksum(plans: Iterable[RepositoryPlan]) -> str:
    """Return `sha256:` and 64 hexadecimal digits."""
    lines = sorted(line for plan in plans for line in _lines(plan))
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _lines(plan: RepositoryPlan) -> Iterable[str]:
    place = [plan.repository.workspace, plan.repository.slug]
    if plan.enable_pipelines:
        yield json.dumps([*place, "enable pipelines"])
    for environment in plan.environments:
        if not isinstance(environment, Keep):
            yield json.dumps([*place, *_environment(environment)])


def _environment(plan: EnvironmentPlan) -> list[object]:
    details = sorted((_change(each) for each in changes_of(plan)), key=json.dumps)
    reason = plan.problem.key if isinstance(plan, Refuse) else None
    existing = existing_of(plan)
    uuid = None if existing is None else existing.uuid
    return [plan.name, uuid, type(plan).__name__.lower(), reason, details]


def _change(change: Change) -> list[object]:
    if change.secured:
        return [change.field, type(change).__name__]
    return [change.field, type(change).__name__, _value(change.before), _value(change.after)]


def _value(value: Shown) -> object:
    return sorted(value) if isinstance(value, tuple) else value
