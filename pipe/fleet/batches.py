"""Into which parts the work on many repositories is cut (pure).

Usually there is one. Only where planning alone would eat the hourly quota are there several, each
planned and carried out before the next: a run that ends early has then finished what it planned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipe.models.declaration import Declaration, Repository
from pipe.planning.estimates import RemainingBudget

HOURLY_REQUESTS: Final = 1000
"""What Bitbucket grants to most identities; some access tokens are told a higher number."""

_WHOLE_SHARE: Final = 2
"""Planning may take one half of the hour's requests before the work goes in parts …"""

_PART_SHARE: Final = 4
"""… of which each may then take a quarter."""


def split_into_batches(
    repositories: tuple[Repository, ...], reads: Callable[[Repository], int], limit: int
) -> list[tuple[Repository, ...]]:
    """Cut the work so that planning a part leaves most of the hour for carrying it out.

    Args:
        repositories: In order; there is at least one.
        reads: How many requests planning a repository takes.
        limit: Requests granted in an hour.
    """
    costs = [reads(each) for each in repositories]
    if sum(costs) * _WHOLE_SHARE <= limit:
        return [repositories]
    parts: list[list[Repository]] = [[]]
    spent = 0
    for repository, cost in zip(repositories, costs, strict=True):
        if parts[-1] and (spent + cost) * _PART_SHARE > limit:
            parts.append([])
            spent = 0
        parts[-1].append(repository)
        spent += cost
    return [tuple(part) for part in parts]


def affordable(part: tuple[Repository, ...], *, handled: int, left: RemainingBudget) -> int:
    """Return how many repositories of a part can be planned and carried out with what is left.

    A plan that can't be carried out any more is requests wasted. What a repository takes is judged
    by those before.

    Args:
        part: What would be next.
        handled: How many repositories there were so far.
        left: What the run has left.
    """
    requests = left.requests
    if requests is None or not handled:
        return len(part)
    return min(len(part), requests * handled // max(1, left.sent))


def reads_needed(declaration: Declaration) -> int:
    """Return about how many requests planning a repository takes."""
    contents = [each.desired for each in declaration.environments]
    contents += [each.desired for each in declaration.rules]
    variables = sum(each.variables is not None for each in contents)
    branches = sum(each.branches is not None for each in contents)
    return 1 + variables + branches + declaration.enable_pipelines
