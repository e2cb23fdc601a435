"""Plan many repositories, apply the plans, and end cleanly when the run must end early.

Everything is planned before the first write, so that the whole plan can be logged and judged;
`batches` says when that is done batch by batch.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TypeAlias, TypeGuard

from msgspec import Struct, field
from msgspec.structs import replace

from pipe.apply.context import ApplyContext
from pipe.apply.repository import apply_one, plan_one, planned_result
from pipe.bitbucket import problems
from pipe.fleet.batches import (
    HOURLY_REQUESTS,
    RemainingBudget,
    affordable,
    batch_size,
    reads_needed,
    requests_at_most,
)
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import Abandoned, Crashed, NotStarted, Unfinished, WorkerPool
from pipe.models.changes import RepositoryPlan, Totals, existing_of
from pipe.models.declaration import Repository, State
from pipe.models.errors import RunOverError
from pipe.models.results import Mode, RepositoryResult, RunResult
from pipe.planning import problems as planning_problems
from pipe.planning.matching import rule_for
from pipe.planning.plan_checksum import checksum
from pipe.planning.safety import exceeded_limits
from pipe.settings.loader import Settings

Planned: TypeAlias = RepositoryPlan | RepositoryResult | NotStarted
"""The outcome of planning a repository: a result if it could not be read."""


class _Batch(Struct, frozen=True):
    """Repositories that are being read, and what reading them comes to, in the same order."""

    repositories: tuple[Repository, ...]
    outcomes: Iterator[RepositoryPlan | RepositoryResult | Unfinished]


class Orchestrator(Struct, kw_only=True, eq=False):
    """Runs `plan`, `check` or `apply` over the selected repositories.

    Attributes:
        budget: Returns what the run has left.
    """

    settings: Settings
    apply_context: ApplyContext
    pool: WorkerPool
    recorder: RunRecorder
    budget: Callable[[], RemainingBudget]
    _waiting: deque[Repository] = field(default_factory=deque)
    _batch_size: int = 0
    _plans: list[RepositoryPlan] = []
    _is_complete: bool = True
    _totals: Totals = Totals()
    _lock: Lock = field(default_factory=Lock)
    _reserved: int = 0
    _handled: int = 0
    _is_first: bool = True

    def run(self, repositories: tuple[Repository, ...], base_result: RunResult) -> RunResult:
        """Handle the repositories; return `base_result` with what happened to them."""
        self._waiting += repositories
        self._batch_size = self._choose_batch_size()
        if self._batch_size < len(repositories):
            self.recorder.console.info(
                f"Planning {len(repositories)} repositories takes more than half of the requests"
                f" that Bitbucket grants in an hour: they are planned and applied in"
                f" {math.ceil(len(repositories) / self._batch_size)} batches"
            )
        batch = self._start_next_batch()
        while batch is not None:
            batch = self._handle(batch)
        self._skip_waiting()
        if len(self._plans) == len(repositories) and self._sees_everything():
            self._warn_of_idle_patterns()
        result = self.recorder.finish(base_result)
        if not (self._plans and self._is_complete):
            return result
        return replace(result, plan_checksum=checksum(self._plans))

    def _sees_everything(self) -> bool:
        """Return whether no environments are in other steps, earlier runs, or planned anew."""
        settings = self.settings
        return (
            settings.parallel is None
            and settings.options.start_at is None
            and not any(each.enable_pipelines for each in self._plans)
        )

    def _warn_of_idle_patterns(self) -> None:
        """Log each pattern that matches no environment: it may be misspelled."""
        found = [
            existing
            for plan in self._plans
            for each in plan.environments
            if (existing := existing_of(each)) is not None
        ]
        for rule in self.settings.declarations.base.rules:
            if (
                rule.name_pattern != "*"
                and rule.state is not State.ABSENT
                and not any(rule_for((rule,), each) for each in found)
            ):
                self.recorder.console.warning(f"No environment matches '{rule.name_pattern}'")

    def _choose_batch_size(self) -> int:
        options, count = self.settings.options, len(self._waiting)
        if options.mode is not Mode.APPLY or options.plan_checksum is not None:
            return count
        reads = max(reads_needed(self.settings.declaration_for(each)) for each in self._waiting)
        return batch_size(count, reads, self.budget().limit or HOURLY_REQUESTS)

    def _start_next_batch(self) -> _Batch | None:
        """Start to read as many repositories of the next batch as can be handled; none: `None`."""
        wanted = min(self._batch_size, len(self._waiting))
        count = affordable(wanted, handled=self._handled, left=self._left())
        if count == 0:
            return None
        batch = tuple(self._waiting.popleft() for _ in range(count))
        self._handled += count
        outcomes = self.pool.map(self._plan, batch, activity="repositories read", all_first=True)
        return _Batch(batch, outcomes)

    def _skip_waiting(self) -> None:
        if self._waiting and not self.pool.stopped:
            left = self.budget()
            average = math.ceil(left.sent / self._handled)
            needed = f"Requests that one needs, on average: {average}"
            problem = planning_problems.not_enough_left("quota", needed, str(left.requests))
            self.recorder.add_problem(problem)
        for repository in self._waiting:
            self._is_complete = False
            self.recorder.skip(repository)

    def _handle(self, batch: _Batch) -> _Batch | None:
        """Plan a batch, apply it where that is asked for; return the next, which is being read."""
        planned = self._refuse_excess([*self._planned(batch)])
        plans = [each for each in planned if isinstance(each, RepositoryPlan)]
        self._plans += plans
        self._is_complete &= not any(isinstance(each, NotStarted) for each in planned)
        if self.settings.options.mode is Mode.APPLY and self._is_as_reviewed():
            if not self.pool.stopped:
                self.recorder.announce(planned_result(each) for each in plans)
            results = self._applied(batch.repositories, planned)
        else:
            results = (_not_applied(each) for each in planned)
        following = None
        for left, (repository, result) in zip(
            range(len(planned), 0, -1), zip(batch.repositories, results, strict=True), strict=True
        ):
            if isinstance(result, NotStarted):
                self.recorder.skip(repository)
            else:
                self.recorder.add(result)
            if following is None and left <= self.settings.options.workers:
                following = self._start_next_batch()  # workers are idle: these are the last answers
        return following or self._start_next_batch()

    def _planned(self, batch: _Batch) -> Iterator[Planned]:
        for repository, outcome in zip(batch.repositories, batch.outcomes, strict=True):
            match outcome:
                case Crashed():
                    problem = self.recorder.unexpected(repository, outcome)
                    yield RepositoryResult(repository=repository, problem=problem)
                case Abandoned(reason):
                    # Reading changes nothing: this is as if it had not been started.
                    problem = RunOverError(problems.stopped(reason)).problem
                    yield self._unread(RepositoryResult(repository=repository, problem=problem))
                case RepositoryResult():
                    yield self._unread(outcome)
                case RepositoryPlan() | NotStarted():
                    yield outcome

    def _plan(self, repository: Repository) -> RepositoryPlan | RepositoryResult:
        declaration = self.settings.declaration_for(repository)
        planned = plan_one(self.apply_context, repository, declaration)
        if isinstance(planned, RepositoryResult):
            self._stop_if_over(planned)
        return planned

    def _unread(self, result: RepositoryResult) -> RepositoryResult | NotStarted:
        """Skip a repository if the run ended before anything was known about it."""
        problem = result.problem
        if problem is None or not (problem.ends_run and self.recorder.many_repositories):
            return result
        self.recorder.add_problem(problem)
        return NotStarted()

    def _refuse_excess(self, planned: list[Planned]) -> list[Planned]:
        """Refuse what exceeds a safety limit over all repositories together."""
        if not self.apply_context.counted:
            return planned
        steps = self.settings.parallel[1] if self.settings.parallel else 1
        for each in planned:
            if isinstance(each, RepositoryPlan):
                self._totals += each.totals
        for excess in exceeded_limits(self._totals, parallel_steps=steps):
            self.recorder.log_once(excess.problem)
            planned = [
                excess.refuse_in(each) if isinstance(each, RepositoryPlan) else each
                for each in planned
            ]
        return planned

    def _is_as_reviewed(self) -> bool:
        reviewed = self.settings.options.plan_checksum
        if reviewed is None or self.pool.stopped or not self._plans:
            return True
        current = checksum(self._plans)
        if current != reviewed:
            is_empty = current == checksum([])
            problem = planning_problems.plan_changed(reviewed, current, is_empty=is_empty)
            self.recorder.add_problem(problem)
        return current == reviewed

    def _applied(
        self, repositories: tuple[Repository, ...], planned: list[Planned]
    ) -> Iterator[RepositoryResult | NotStarted]:
        to_apply = [each for each in planned if _needs_requests(each)]
        outcomes = self.pool.map(
            self._apply, to_apply, activity="repositories changed", admit=self._admit
        )
        for repository, plan in zip(repositories, planned, strict=True):
            if _needs_requests(plan):
                yield self._result(repository, next(outcomes))
            else:
                yield _not_applied(plan)

    def _admit(self, plan: RepositoryPlan) -> bool:
        """Return whether one more repository can be finished, besides those in progress.

        The first one always begins: a rerun must get further than the run before it.
        """
        if not self.recorder.many_repositories:
            return True
        needed = requests_at_most(plan)
        shortage = None if self._is_first else self._left().shortage(needed)
        self._is_first = False
        with self._lock:
            self._reserved += needed
        if shortage is not None:
            self.recorder.add_problem(shortage)
        return shortage is None

    def _left(self) -> RemainingBudget:
        """Return what the run has left once those in progress are finished."""
        left = self.budget()
        with self._lock:
            return replace(left, sent=left.sent + self._reserved)

    def _apply(self, plan: RepositoryPlan) -> RepositoryResult:
        declaration = self.settings.declaration_for(plan.repository)
        try:
            result = apply_one(self.apply_context, plan, declaration)
        finally:
            with self._lock:
                self._reserved -= requests_at_most(plan)
        self._stop_if_over(result)
        return result

    def _result(
        self, repository: Repository, outcome: RepositoryResult | Unfinished
    ) -> RepositoryResult | NotStarted:
        match outcome:
            case Abandoned(reason):
                problem = planning_problems.abandoned(repository, reason)
                return RepositoryResult(repository=repository, problem=problem)
            case Crashed():
                problem = self.recorder.unexpected(repository, outcome)
                return RepositoryResult(repository=repository, problem=problem)
            case RepositoryResult() | NotStarted():
                return outcome

    def _stop_if_over(self, result: RepositoryResult) -> None:
        if any(problem.ends_run for problem in result.problems):
            self.pool.stop()


def _not_applied(planned: Planned) -> RepositoryResult | NotStarted:
    return planned_result(planned) if isinstance(planned, RepositoryPlan) else planned


def _needs_requests(planned: Planned) -> TypeGuard[RepositoryPlan]:
    return isinstance(planned, RepositoryPlan) and requests_at_most(planned) > 0
