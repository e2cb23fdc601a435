"""Decide how many repositories fit into the remaining quota and time (pure).

Bitbucket grants a number of requests an hour. A run plans all repositories before it writes to any,
unless planning alone takes more than half of that: then it works in batches, and has finished what
it planned when it must end early.
"""

import math
from typing import Final

from msgspec import Struct

from pipe.bitbucket.throttle import HOUR
from pipe.models.changes import (
    Change,
    Create,
    CreateVariable,
    Delete,
    DeleteVariable,
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
)
from pipe.models.declaration import DELETED, Declaration, needed_of
from pipe.models.errors import Problem
from pipe.planning import problems

HOURLY_REQUESTS: Final = 1000
"""What Bitbucket grants to most identities; some access tokens have a higher limit."""

_WHOLE_SHARE: Final = 2
"""Planning everything at once may take half of the hour's requests …"""

_BATCH_SHARE: Final = 4
"""… and planning one batch a quarter."""

_REQUESTS: Final = {
    SetType: 0,  # part of the creation
    SetName: 2,
    SetAdminOnly: 2,
    CreateVariable: 1,
    RewriteSecured: 1,
    DeleteVariable: 1,
}
"""What a change takes: the write, and the read that confirms a queued one."""

_CONTENTS: Final = 2
"""For what is read of an environment beside the list: its variables and its branches."""

_MOST_REQUESTS: Final = 3
"""For all other changes: a plain variable that becomes secured is written twice and read."""


class RemainingBudget(Struct, frozen=True, kw_only=True):
    """The requests and the time that a run has left.

    Attributes:
        sent: Requests sent so far.
        limit: Requests per hour, as Bitbucket reported or the run found out; `None`: unknown.
        elapsed: Seconds since the run began.
        remaining: Seconds until its deadline.
        mean: Average seconds of a request.
    """

    sent: int
    limit: int | None
    elapsed: float
    remaining: float
    mean: float

    @property
    def requests(self) -> int | None:
        """The requests that the run may still send; `None`: no known limit.

        A run whose deadline is more than an hour after its start waits for its next requests.
        """
        if self.limit is None or self.elapsed + self.remaining >= HOUR:
            return None
        return max(0, self.limit - self.sent)

    def shortage(self, needed: int) -> Problem | None:
        """Return why `needed` more requests can't be sent, or `None` if they can."""
        seconds = needed * self.mean
        if seconds > self.remaining:
            left = f"{max(0.0, self.remaining):.0f}"
            needed_time = f"Seconds that it needs, at most: {math.ceil(seconds)}"
            return problems.not_enough_left("time", needed_time, left)
        if self.requests is not None and needed > self.requests:
            needed_quota = f"Requests that it needs, at most: {needed}"
            return problems.not_enough_left("quota", needed_quota, str(self.requests))
        return None


def batch_size(repositories: int, reads: int, limit: int) -> int:
    """Return how many repositories are planned together: all of them if that is possible.

    Args:
        repositories: How many there are.
        reads: The most requests that planning one of them takes.
        limit: Requests per hour.
    """
    if repositories * reads * _WHOLE_SHARE <= limit:
        return repositories
    return max(1, limit // (reads * _BATCH_SHARE))


def affordable(wanted: int, *, handled: int, left: RemainingBudget) -> int:
    """Return how many of the wanted repositories the remaining requests suffice for.

    Reading more would waste requests. What a repository takes is judged by the number of those
    `handled` before.
    """
    requests = left.requests
    if requests is None or not handled:
        return wanted
    return min(wanted, requests * handled // max(1, left.sent))


def reads_needed(declaration: Declaration) -> int:
    """Return how many requests planning takes.

    Each rule is taken to match one environment, and pruning to delete one.
    """
    contents = [needed_of(each) for each in declaration.environments]
    contents += [needed_of(each) for each in declaration.rules]
    contents += [DELETED] * declaration.prune_environments
    variables = sum(each.needs_variables for each in (*contents, declaration.repository))
    branches = sum(each.branches is not None for each in contents)
    return 1 + variables + branches + declaration.enable_pipelines


def requests_at_most(plan: RepositoryPlan) -> int:
    """Return an upper bound of the requests that applying a plan takes; 0: nothing to do.

    Retries and further reads are not included.
    """
    environments = sum(_environment_at_most(each) for each in plan.environments)
    variables = sum(_change_at_most(each) for each in plan.changes)
    if plan.changes:
        variables += _MOST_REQUESTS
    return environments + variables + plan.enable_pipelines * _enabling_at_most(plan)


def _enabling_at_most(plan: RepositoryPlan) -> int:
    """Return what enabling Pipelines takes at most: the write, and the reads of a second plan."""
    of_repository = 3  # its environments, its variables, and whether Pipelines is enabled
    return 1 + of_repository + _CONTENTS * len(plan.environments)


def _environment_at_most(plan: EnvironmentPlan) -> int:
    match plan:
        case Keep() | Refuse():
            return 0
        case Create(changes=changes):
            # Up to two more looks for a former name, and the creation.
            return 3 + sum(_change_at_most(each) for each in changes)
        case Update(changes=changes):
            # A second look before variables are deleted.
            return 1 + sum(_change_at_most(each) for each in changes)
        case Delete():
            return 3  # a second look, the deletion, and a look whether it took effect


def _change_at_most(change: Change) -> int:
    if isinstance(change, SetBranches):
        return len(change.existing) + len(change.after) + 1  # the read that verifies them
    return _REQUESTS.get(type(change), _MOST_REQUESTS)
