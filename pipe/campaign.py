"""Many repositories: planned before anything is written, carried out, and stopped cleanly.

Everything is planned first, so that the whole plan can be told and judged before the first write.
Only where planning alone would eat the hourly quota does the work go in parts, each planned and
carried out before the next: a run that ends early has then finished what it planned.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from pipe import fleet, refusals
from pipe import problems as wire_problems
from pipe.apply.repository import Unreadable, apply_one, plan_one, tell_one
from pipe.changes import RepositoryPlan
from pipe.checksum import checksum
from pipe.estimate import requests_needed
from pipe.fleet_safety import Seen, review_fleet
from pipe.report.log import repository_lines
from pipe.report.redacted import without_secrets
from pipe.results import RepositoryResult
from pipe.settings import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipe.declaration import Declaration, Repository
    from pipe.errors import Problem
    from pipe.estimate import Left
    from pipe.report.log import Log
    from pipe.results import RunResult
    from pipe.runtime import Runtime, Stop
    from pipe.service import Service
    from pipe.settings import Settings

HOURLY_REQUESTS: Final = 1000
"""What Bitbucket grants to most identities; some access tokens are told a higher number."""

_WHOLE_SHARE: Final = 2
"""Planning may take one half of the hour's requests before the work goes in parts …"""

_PART_SHARE: Final = 4
"""… of which each may then take a quarter."""

_GRACE_SECONDS: Final = 0.7
"""How long a run that is stopped waits for answers that are under way."""


@dataclass(frozen=True, slots=True)
class NotBegun:
    """A repository that was left for another run."""

    repository: Repository


Planned: TypeAlias = RepositoryPlan | Unreadable | NotBegun
"""What planning a repository can come to."""

Item = TypeVar("Item")
Result = TypeVar("Result")

PROGRESS_SECONDS: Final = 10.0
"""A long run says something at least this often."""


@dataclass(kw_only=True)
class Campaign:
    """One run over its repositories.

    Attributes:
        settings: What was asked for.
        service: Bitbucket.
        console: Where to tell it.
        runtime: Time.
        stop: Whether the run was asked to stop.
        left: Says what the run has left.
        redact: Takes secrets out of a text.
    """

    settings: Settings
    service: Service
    console: Log
    runtime: Runtime
    stop: Stop
    left: Callable[[], Left]
    redact: Callable[[str], str]
    _over: Event = field(default_factory=Event)
    _causes: dict[Problem, None] = field(default_factory=dict)
    _results: list[RepositoryResult] = field(default_factory=list)
    _plans: list[RepositoryPlan] = field(default_factory=list)
    _remaining: list[Repository] = field(default_factory=list)
    _seen: Seen = field(default_factory=Seen)
    _told_at: float = 0.0
    _stop_seen_at: float | None = None

    def run(self, repositories: tuple[Repository, ...], nothing: RunResult) -> RunResult:
        """Handle the repositories; return what became of them, filled into `nothing`."""
        self._told_at = self.runtime.monotonic()
        total = len(repositories)
        parts = self._parts(repositories)
        if len(parts) > 1:
            self._tell(
                f"{total} repositories take more requests than Bitbucket grants in half an hour:"
                f" they are planned and handled in {len(parts)} parts"
            )
        for part in parts:
            if self._over.is_set():
                self._remaining += part
            else:
                self._handle(part, total)
        if self._remaining and not self._causes and self.stop.requested:
            # Nobody met the end in the middle of something: all that was begun still waits.
            self._causes[wire_problems.stopped(self.stop.reason)] = None
        problems = tuple(self._causes)
        if self._remaining and total > 1:
            problems += (
                refusals.incomplete_run(total - len(self._remaining), total, self._remaining[0]),
            )
        for problem in problems:
            self.console.problem(problem)
        return replace(
            nothing,
            repositories=tuple(self._results),
            remaining=tuple(self._remaining),
            problems=problems,
            plan_checksum=None if self._remaining else checksum(self._plans),
        )

    def _parts(self, repositories: tuple[Repository, ...]) -> list[tuple[Repository, ...]]:
        """Split the work so that planning a part leaves most of the hour for carrying it out."""
        limit = self.left().limit or HOURLY_REQUESTS
        reads = {each: reads_needed(self.settings.declaration_for(each)) for each in repositories}
        whole = self.settings.mode is not Mode.APPLY or self.settings.plan_checksum is not None
        if whole or sum(reads.values()) * _WHOLE_SHARE <= limit:
            return [repositories]
        parts: list[tuple[Repository, ...]] = []
        part: list[Repository] = []
        cost = 0
        for each in repositories:
            if part and (cost + reads[each]) * _PART_SHARE > limit:
                parts.append(tuple(part))
                part, cost = [], 0
            part.append(each)
            cost += reads[each]
        return [*parts, tuple(part)]

    def _handle(self, part: tuple[Repository, ...], total: int) -> None:
        planned = self._plan(part)
        if total > 1 and not self.settings.force:
            planned = self._judge(planned)
        self._plans += [each for each in planned if isinstance(each, RepositoryPlan)]
        if self.settings.mode is not Mode.APPLY:
            self._keep([_told(each) for each in planned], total)
            return
        wanted = self.settings.plan_checksum
        if wanted is not None and (found := checksum(self._plans)) != wanted:
            self._causes[refusals.plan_changed(wanted, found)] = None
            self._keep([_told(each) for each in planned], total)
            return
        changing = [each for each in planned if isinstance(each, RepositoryPlan) and _needs(each)]
        if total > 1 and changing:
            needed = sum(requests_needed(each) for each in changing)
            self._tell(f"{len(changing)} repositories to change, about {needed} requests")
        self._apply(planned, total)

    def _plan(self, part: tuple[Repository, ...]) -> list[Planned]:
        def plan(repository: Repository) -> Planned:
            if self._over.is_set():
                return NotBegun(repository)
            declaration = self.settings.declaration_for(repository)
            try:
                planned = plan_one(self.service, repository, declaration)
            except Exception as error:  # noqa: BLE001 - one repository never stops the others
                return Unreadable(repository, self._unexpected(repository, error))
            if isinstance(planned, Unreadable) and planned.problem.ends_run:
                return self._end(planned, alone=len(part) == 1)
            return planned

        results = self._in_order(plan, part, f"read {{}} of {len(part)} repositories")
        missing = part[len(results) :]
        return [*results, *(NotBegun(each) for each in missing)]

    def _judge(self, planned: list[Planned]) -> list[Planned]:
        """Refuse what is too much over all repositories together."""
        plans = tuple(each for each in planned if isinstance(each, RepositoryPlan))
        for plan in plans:
            self._seen = self._seen.plus(plan)
        reviewed = {each.repository: each for each in review_fleet(plans, self._seen)}
        return [reviewed.get(each.repository, each) for each in planned]

    def _apply(self, planned: list[Planned], total: int) -> None:
        begun: set[Repository] = set()

        def apply(plan: Planned) -> RepositoryResult | NotBegun:
            if not isinstance(plan, RepositoryPlan) or not _needs(plan):
                return _told(plan)
            shortage = self.left().shortage(requests_needed(plan)) if total > 1 else None
            if shortage is not None:
                self._causes[shortage] = None
                self._over.set()
            if self._over.is_set():
                return NotBegun(plan.repository)
            begun.add(plan.repository)
            declaration = self.settings.declaration_for(plan.repository)
            try:
                result = apply_one(self.service, plan, declaration)
            except Exception as error:  # noqa: BLE001 - one repository never stops the others
                problem = self._unexpected(plan.repository, error)
                return RepositoryResult(repository=plan.repository, problem=problem)
            if any(problem.ends_run for problem in result.problems):
                self._over.set()
            return result

        results = self._in_order(
            apply, planned, f"handled {{}} of {len(planned)} repositories", keep=total
        )
        for plan in planned[len(results) :]:
            if plan.repository in begun:
                problem = refusals.abandoned(plan.repository, self.stop.reason)
                self._keep([RepositoryResult(repository=plan.repository, problem=problem)], total)
            else:
                self._keep([NotBegun(plan.repository)], total)

    def _in_order(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        progress: str,
        keep: int | None = None,
    ) -> list[Result]:
        results: list[Result] = []

        def waiting(done: int) -> bool:
            self._progress(progress.format(done))
            return not self._out_of_grace()

        for result in fleet.in_order(
            function, items, workers=self.settings.workers, waiting=waiting
        ):
            results.append(result)
            if keep is not None and isinstance(result, RepositoryResult | NotBegun):
                self._keep([result], keep)
            self._progress(progress.format(len(results)))
        return results

    def _keep(self, results: Iterable[RepositoryResult | NotBegun], total: int) -> None:
        """Take results down, and tell them."""
        for each in results:
            if isinstance(each, NotBegun):
                self._remaining.append(each.repository)
            else:
                result = without_secrets(each, self.redact)
                self._results.append(result)
                self.console.write(
                    repository_lines(result, mode=self.settings.mode, several=total > 1)
                )
                self._told_at = self.runtime.monotonic()

    def _end(self, planned: Unreadable, *, alone: bool) -> Unreadable | NotBegun:
        """End the run for a reason that this repository met first."""
        self._over.set()
        if alone:
            return planned
        self._causes[planned.problem] = None
        return NotBegun(planned.repository)

    def _unexpected(self, repository: Repository, error: Exception) -> Problem:
        if self.settings.debug:
            for line in traceback.format_exception(error):
                self.console.debug(self.redact(line.rstrip()))
        return refusals.unexpected(str(repository), type(error).__name__)

    def _tell(self, text: str) -> None:
        self.console.info(text)
        self._told_at = self.runtime.monotonic()

    def _progress(self, text: str) -> None:
        if self.runtime.monotonic() - self._told_at >= PROGRESS_SECONDS:
            self._tell(f"Still at work: {text}")

    def _out_of_grace(self) -> bool:
        """Whether the run was asked to stop, and answers that were under way had their time."""
        if not self.stop.requested:
            return False
        self._over.set()
        now = self.runtime.monotonic()
        if self._stop_seen_at is None:
            self._stop_seen_at = now
        return now - self._stop_seen_at >= _GRACE_SECONDS


def _told(planned: Planned) -> RepositoryResult | NotBegun:
    return planned if isinstance(planned, NotBegun) else tell_one(planned)


def _needs(plan: RepositoryPlan) -> bool:
    return requests_needed(plan) > 0


def reads_needed(declaration: Declaration) -> int:
    """Return about how many requests planning a repository takes."""
    contents = [each.desired for each in declaration.environments]
    contents += [each.desired for each in declaration.rules]
    variables = sum(each.variables is not None for each in contents)
    branches = sum(each.branches is not None for each in contents)
    return 1 + variables + branches + declaration.enable_pipelines
