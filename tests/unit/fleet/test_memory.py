"""How much memory an unchanged repository takes."""

import gc
import io
import tracemalloc

import pytest

from pipe.fleet.batches import RemainingBudget
from pipe.fleet.orchestrator import Orchestrator
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.workers import WorkerPool
from pipe.models.changes import Keep, RepositoryPlan
from pipe.models.declaration import EnvironmentType, Repository
from pipe.models.existing import ExistingEnvironment
from pipe.models.results import Counts, RunResult
from pipe.process.context import Stop
from pipe.redaction import Redactor
from pipe.reports.console import Log
from pipe.reports.log import RepositoryLog
from tests.support.clock import FakeClock
from tests.support.settings import ONE, settings
from tests.support.world import World

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover


class Discard(io.StringIO):
    """A stream that discards what is written."""

    def write(self, text: str) -> int:
        return len(text)


def _plan(_: object, repository: Repository, __: object) -> RepositoryPlan:
    """Return a plan of new values, like one that has just been read."""
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
    """Return the bytes that the result of `count` unchanged repositories takes."""
    repositories = tuple(Repository("acme", f"svc-{number:04}") for number in range(count))
    world, read = World(), settings(ONE)
    console, clock, stop = (
        Log(Discard(), color=False, redactor=Redactor()),
        FakeClock().clock(),
        Stop(),
    )
    recorder = RunRecorder(
        console=console,
        redactor=Redactor(),
        lines=RepositoryLog(mode=read.options.mode, is_fleet=True),
        debug=False,
        many_repositories=True,
        stop=stop,
    )
    base_result = RunResult(mode=read.options.mode, counts=Counts(), seconds=0)
    tracemalloc.start()
    try:
        with WorkerPool(
            workers=4, console=console, clock=clock, stop=stop, requests=lambda: 0
        ) as pool:
            orchestrator = Orchestrator(
                settings=read,
                apply_context=world.service(),
                pool=pool,
                recorder=recorder,
                budget=lambda: RemainingBudget(
                    sent=0, limit=10**6, elapsed=0, remaining=600, mean=0
                ),
            )
            result = orchestrator.run(repositories, base_result)
        assert len(result.repositories) == count
        gc.collect()  # what is garbage is not kept
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_an_unchanged_repository_of_three_environments_keeps_less_than_2_kb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipe.fleet.orchestrator.plan_one", _plan)
    _kept(50)  # fills caches
    assert (_kept(400) - _kept(200)) / 200 < 2000
