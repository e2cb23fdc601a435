"""What must not happen over many repositories together unless it is forced (pure).

A mistake in one configuration file can take the protection of a whole workspace away; each
repository by itself would look harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pipe.models.changes import (
    Create,
    Delete,
    EnvironmentPlan,
    Refuse,
    RepositoryPlan,
    SetAdminOnly,
    SetBranches,
    changes_of,
    existing_of,
)
from pipe.models.errors import Problem
from pipe.planning import problems

LIMIT_PERCENT: Final = 30
LIMIT_FROM: Final = 5
"""Fewer than this is never too much."""


def deletes(plan: EnvironmentPlan) -> bool:
    """Whether an environment goes."""
    return isinstance(plan, Delete)


def loosens(plan: EnvironmentPlan) -> bool:
    """Whether more people or more branches may deploy to an existing environment than before."""
    return not isinstance(plan, Create) and any(
        (isinstance(each, SetAdminOnly) and not each.after)
        or (isinstance(each, SetBranches) and bool(each.existing) and not each.after)
        for each in changes_of(plan)
    )


class Totals(Struct, frozen=True):
    """What was planned so far, over all repositories: environments, deletions, loosenings."""

    environments: int = 0
    deletions: int = 0
    loosenings: int = 0

    def plus(self, plan: RepositoryPlan) -> Totals:
        """Count one more repository."""
        return Totals(
            self.environments + sum(existing_of(each) is not None for each in plan.environments),
            self.deletions + sum(deletes(each) for each in plan.environments),
            self.loosenings + sum(loosens(each) for each in plan.environments),
        )


class Excess(Struct, frozen=True):
    """Too much of one kind: why it is refused, and to which plans that applies."""

    problem: Problem
    concerns: Callable[[EnvironmentPlan], bool]

    def refuse_in(self, plan: RepositoryPlan) -> RepositoryPlan:
        """Refuse what it concerns, and leave the rest of the repository's plan as it is."""
        return replace(
            plan,
            environments=tuple(
                Refuse(name=each.name, existing=existing_of(each), problem=self.problem)
                if self.concerns(each)
                else each
                for each in plan.environments
            ),
        )


def exceeded_limits(seen: Totals) -> tuple[Excess, ...]:
    """Return what there is too much of in all that was planned so far."""
    kinds: tuple[tuple[str, int, Callable[[EnvironmentPlan], bool]], ...] = (
        ("delete", seen.deletions, deletes),
        ("loosen the protection of", seen.loosenings, loosens),
    )
    return tuple(
        Excess(problems.fleet_limit(doing, count, seen.environments, LIMIT_PERCENT), concerns)
        for doing, count, concerns in kinds
        if count >= LIMIT_FROM and count * 100 > seen.environments * LIMIT_PERCENT
    )
