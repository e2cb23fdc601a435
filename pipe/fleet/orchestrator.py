"""Many repositories: planned before anything is written, carried out, and stopped cleanly.

Everything is planned first, so that the whole plan can be told and judged before the first write;
see `parts` for when that is done part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from pipe.apply.context import ApplyContext
from pipe.apply.repository import Unreadable, apply_one, plan_one, planned_result
from pipe.bitbucket import problems
from pipe.fleet.batches import HOURLY_REQUESTS, affordable, reads_needed, split_into_batches
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import Abandoned, Crashed, NotStarted, Unfinished, WorkerPool
from pipe.models.changes import RepositoryPlan
from pipe.models.declaration import Repository
from pipe.models.errors import Problem, RunOverError
from pipe.models.results import Mode, RepositoryResult, RunResult
from pipe.planning import problems as planning_problems
from pipe.planning.checksum import checksum
from pipe.planning.estimates import RemainingBudget, requests_needed
from pipe.planning.safety_limits import Totals, exceeded_limits
from pipe.reports.text import counted
from pipe.settings import Settings

Planned: TypeAlias = RepositoryPlan | Unreadable | NotStarted
"""What planning a repository can come to."""


@dataclass(kw_only=True)
class Orchestrator:
    """One run over its repositories.

    Attributes:
        settings: What was asked for.
        service: Bitbucket.
        crew: Those who do it.
        record: Where it is taken down.
        left: Says what the run has left.
    """

    settings: Settings
    service: ApplyContext
    crew: WorkerPool
    record: RunRecorder
    left: Callable[[], RemainingBudget]
    _plans: list[RepositoryPlan] = field(default_factory=list)
    _is_cut_short: bool = False
    _seen: Totals = field(default_factory=Totals)
    _expected: int = 0
    _handled: int = 0

    def run(self, repositories: tuple[Repository, ...], nothing: RunResult) -> RunResult:
        """Handle the repositories; return what became of them, filled into `nothing`."""
        parts = self._parts(repositories)
        if len(parts) > 1:
            self.crew.say(
                f"{len(repositories)} repositories take more requests than Bitbucket grants in half"
                f" an hour: they are planned and handled in {len(parts)} parts"
            )
        for part in parts:
            self._handle_what_is_affordable(part)
        known = self._plans and not self._is_cut_short
        return replace(
            self.record.close(nothing), plan_checksum=checksum(self._plans) if known else None
        )

    def _parts(self, repositories: tuple[Repository, ...]) -> list[tuple[Repository, ...]]:
        if (
            self.settings.options.mode is not Mode.APPLY
            or self.settings.options.plan_checksum is not None
        ):
            return [repositories]
        limit = self.left().limit or HOURLY_REQUESTS
        return split_into_batches(
            repositories, lambda each: reads_needed(self.settings.declaration_for(each)), limit
        )

    def _handle_what_is_affordable(self, part: tuple[Repository, ...]) -> None:
        left = self.left()
        number = affordable(part, handled=self._handled, left=left)
        self._handled += number
        self._handle(part[:number])
        if number < len(part) and not self.crew.over:
            needed = f"{left.sent // self._handled} requests"
            self.record.ended(
                planning_problems.not_enough_left("quota", needed, str(self.left().requests))
            )
            self.crew.end()
        if number < len(part):
            self._handle(part[number:])  # nothing is begun any more: all are left for another run

    def _handle(self, part: tuple[Repository, ...]) -> None:
        """Plan a part, and apply it where that is asked for."""
        planned = self._judged([*self._planned(part)])
        plans = [each for each in planned if isinstance(each, RepositoryPlan)]
        self._plans += plans
        self._is_cut_short |= any(isinstance(each, NotStarted) for each in planned)
        if self.settings.options.mode is Mode.APPLY and self._is_as_reviewed():
            self._announce(plans)
            results = self._applied(part, planned)
        else:
            results = (_told(each) for each in planned)
        for repository, result in zip(part, results, strict=True):
            if isinstance(result, NotStarted):
                self.record.leave(repository)
            else:
                self.record.keep(result)

    def _planned(self, part: tuple[Repository, ...]) -> Iterator[Planned]:
        outcomes = self.crew.each(self._plan, part, doing="read")
        for repository, outcome in zip(part, outcomes, strict=True):
            match outcome:
                case Crashed():
                    yield Unreadable(repository, self.record.unexpected(repository, outcome))
                case Abandoned(reason):
                    # Reading leaves no doubt behind: this is as if it had not begun.
                    error = RunOverError(problems.stopped(reason))
                    yield self._failed(Unreadable(repository, error.problem))
                case Unreadable():
                    yield self._failed(outcome)
                case RepositoryPlan() | NotStarted():
                    yield outcome
                case _:
                    assert_never(outcome)

    def _plan(self, repository: Repository) -> RepositoryPlan | Unreadable:
        declaration = self.settings.declaration_for(repository)
        planned = plan_one(self.service, repository, declaration)
        if isinstance(planned, Unreadable):
            self._end_with((planned.problem,))
        return planned

    def _failed(self, unreadable: Unreadable) -> Unreadable | NotStarted:
        """Leave a repository that met the end of the run before anything was known about it."""
        if not (unreadable.problem.ends_run and self.record.several):
            return unreadable
        self.record.ended(unreadable.problem)
        return NotStarted()

    def _judged(self, planned: list[Planned]) -> list[Planned]:
        """Refuse what is too much over all repositories together."""
        if self.settings.options.force or not self.record.several:
            return planned
        for each in planned:
            if isinstance(each, RepositoryPlan):
                self._seen = self._seen.plus(each)
        for excess in exceeded_limits(self._seen):
            self.record.tell(excess.problem)
            planned = [
                excess.refuse_in(each) if isinstance(each, RepositoryPlan) else each
                for each in planned
            ]
        return planned

    def _is_as_reviewed(self) -> bool:
        wanted = self.settings.options.plan_checksum
        if wanted is None or self.crew.over or not self._plans:
            return True
        found = checksum(self._plans)
        if found != wanted:
            self.record.ended(planning_problems.plan_changed(wanted, found))
        return found == wanted

    def _announce(self, plans: list[RepositoryPlan]) -> None:
        needs = [needed for each in plans if (needed := requests_needed(each))]
        if needs and self.record.several:
            changing = counted(len(needs), "repository", "repositories")
            self.crew.say(f"{changing} to change, about {sum(needs)} requests")

    def _applied(
        self, part: tuple[Repository, ...], planned: list[Planned]
    ) -> Iterator[RepositoryResult | NotStarted]:
        self._expected = self.left().sent
        outcomes = self.crew.each(self._apply, planned, doing="handled", admit=self._admit)
        for repository, plan, outcome in zip(part, planned, outcomes, strict=True):
            yield self._became(repository, plan, outcome)

    def _admit(self, plan: Planned) -> bool:
        """Say whether what is left will do for one more, beside those that are under way."""
        needed = _needed(plan)
        if not (needed and self.record.several):
            return True
        left = self.left()
        shortage = replace(left, sent=max(left.sent, self._expected)).shortage(needed)
        self._expected += needed
        if shortage is not None:
            self.record.ended(shortage)
        return shortage is None

    def _apply(self, plan: Planned) -> RepositoryResult | NotStarted:
        if not isinstance(plan, RepositoryPlan) or not _needed(plan):
            return _told(plan)
        declaration = self.settings.declaration_for(plan.repository)
        result = apply_one(self.service, plan, declaration)
        self._end_with(result.problems)
        return result

    def _became(
        self,
        repository: Repository,
        plan: Planned,
        outcome: RepositoryResult | Unfinished,
    ) -> RepositoryResult | NotStarted:
        match outcome:
            case NotStarted():
                return outcome if _needed(plan) else _told(plan)
            case Abandoned(reason):
                problem = planning_problems.abandoned(repository, reason)
                return RepositoryResult(repository=repository, problem=problem)
            case Crashed():
                problem = self.record.unexpected(repository, outcome)
                return RepositoryResult(repository=repository, problem=problem)
            case RepositoryResult():
                return outcome
            case _:
                assert_never(outcome)

    def _end_with(self, met: tuple[Problem, ...]) -> None:
        if any(problem.ends_run for problem in met):
            self.crew.end()


def _told(planned: Planned) -> RepositoryResult | NotStarted:
    return planned if isinstance(planned, NotStarted) else planned_result(planned)


def _needed(plan: Planned) -> int:
    return requests_needed(plan) if isinstance(plan, RepositoryPlan) else 0
