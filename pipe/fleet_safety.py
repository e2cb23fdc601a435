"""What must not happen over many repositories together unless it is forced (pure).

A mistake in one configuration file can take the protection of a whole workspace away; each
repository by itself would look harmless.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipe import refusals
from pipe.changes import Create, Delete, Refuse, SetAdminOnly, SetBranches, changes_of, existing_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.changes import EnvironmentPlan, RepositoryPlan
    from pipe.errors import Problem

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


@dataclass(frozen=True, slots=True)
class Seen:
    """What was planned so far, over all repositories: environments, deletions, loosenings."""

    environments: int = 0
    deletions: int = 0
    loosenings: int = 0

    def plus(self, plan: RepositoryPlan) -> Seen:
        """Count one more repository."""
        return Seen(
            self.environments + sum(existing_of(each) is not None for each in plan.environments),
            self.deletions + sum(deletes(each) for each in plan.environments),
            self.loosenings + sum(loosens(each) for each in plan.environments),
        )


def review_fleet(plans: tuple[RepositoryPlan, ...], seen: Seen) -> tuple[RepositoryPlan, ...]:
    """Refuse the deletions, or the loosenings, if they are too many of all that was seen."""
    for doing, count, chosen in (
        ("delete", seen.deletions, deletes),
        ("loosen the protection of", seen.loosenings, loosens),
    ):
        if count >= LIMIT_FROM and count * 100 > seen.environments * LIMIT_PERCENT:
            problem = refusals.fleet_limit(doing, count, seen.environments, LIMIT_PERCENT)
            plans = tuple(_refuse(plan, chosen, problem) for plan in plans)
    return plans


def _refuse(
    plan: RepositoryPlan, chosen: Callable[[EnvironmentPlan], bool], problem: Problem
) -> RepositoryPlan:
    return replace(
        plan,
        environments=tuple(
            Refuse(name=each.name, existing=existing_of(each), problem=problem)
            if chosen(each)
            else each
            for each in plan.environments
        ),
    )
