"""What is kept of a repository in which nothing is to be done."""

from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING

from pipe.bitbucket.tally import Counts
from pipe.campaign import Campaign
from pipe.changes import Keep, RepositoryPlan
from pipe.crew import Crew
from pipe.declaration import EnvironmentType, Repository
from pipe.estimate import Left
from pipe.existing import ExistingEnvironment
from pipe.record import Record
from pipe.report.log import Log
from pipe.results import RunResult
from pipe.runtime import Stop
from tests.kit.clock import FakeClock
from tests.kit.settings import ONE, settings
from tests.kit.world import World

if TYPE_CHECKING:
    import pytest


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
    console, runtime, stop = Log(Nowhere(), color=False), FakeClock().runtime(), Stop()
    campaign = Campaign(
        settings=read,
        service=world.service(),
        crew=Crew(workers=4, console=console, runtime=runtime, stop=stop),
        record=Record(
            console=console,
            redact=str,
            mode=read.mode,
            debug=False,
            several=True,
            stop=stop,
        ),
        left=lambda: Left(sent=0, limit=10**6, elapsed=0, remaining=600, mean=0),
    )
    tracemalloc.start()
    try:
        nothing = RunResult(mode=read.mode, counts=Counts(), seconds=0)
        result = campaign.run(repositories, nothing)
        assert len(result.repositories) == count
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_an_unchanged_repository_of_three_environments_keeps_less_than_2_kb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipe.campaign.plan_one", _plan)
    _kept(50)  # what is made once
    assert (_kept(1000) - _kept(500)) / 500 < 2000
