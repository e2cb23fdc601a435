"""What is kept of a repository in which nothing is to be done."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from pipe.context import Stop
from pipe.fleet.orchestrator import Orchestrator
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import WorkerPool
from pipe.models.changes import Keep, RepositoryPlan
from pipe.models.declaration import EnvironmentType, Repository
from pipe.models.existing import ExistingEnvironment
from pipe.models.results import Counts, RunResult
from pipe.planning.estimates import RemainingBudget
from pipe.reports.log import Log
from tests.support.clock import FakeClock
from tests.support.settings import ONE, settings
from tests.support.world import World


class Nowhere(io.StringIO):
    """Keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def _plan(_: object, repository: Repository, __: object) -> RepositoryPlan:
    """Return a plan made of new values, as if it had just been read."""
    return RepositoryPlan(
        repository=repository,
        environments=tuple(
            Keep(
                name=str(kind),
                existing=ExistingEnvironment(
                    uuid=f"{{{repository.slug}-{kind}-of-36-characters--}}",
                    name=f"{kind}",
                    type=kind,
                    admin_only=True,
                ),
            )
            for kind in EnvironmentType
        ),
    )


def _kept(count: int) -> int:
    """Return how many bytes the result of so many unchanged repositories holds."""
    repositories = tuple(Repository("acme", f"svc-{number:04}") for number in range(count))
    world, read = World(), settings(ONE)
    console, clock, stop = Log(Nowhere(), color=False), FakeClock().clock(), Stop()
    campaign = Orchestrator(
        settings=read,
        service=world.service(),
        crew=WorkerPool(workers=4, console=console, clock=clock, stop=stop),
        record=RunRecorder(
            console=console,
            redact=str,
            mode=read.options.mode,
            debug=False,
            several=True,
            stop=stop,
        ),
        left=lambda: RemainingBudget(sent=0, limit=10**6, elapsed=0, remaining=600, mean=0),
    )
    tracemalloc.start()
    try:
        nothing = RunResult(mode=read.options.mode, counts=Counts(), seconds=0)
        result = campaign.run(repositories, nothing)
        assert len(result.repositories) == count
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_an_unchanged_repository_of_three_environments_keeps_less_than_2_kb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipe.fleet.orchestrator.plan_one", _plan)
    _kept(50)  # what is made once
    assert (_kept(1000) - _kept(500)) / 500 < 2000
