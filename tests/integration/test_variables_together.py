"""Variables that are written several at a time."""

import json
import threading
from typing import Any

import httpx
import pytest

from pipe.process.parallel import map_parallel
from simulator.faults import DropConnection
from tests.support.variables import values_of
from tests.support.world import World, run_with


class _WatchedWorld(World):
    """A world that knows the threads that write variables, by the slug of their repository.

    Attributes:
        threads: Who wrote.
        meeting: Where all writes but the first wait for one another; `None`: they do not wait.
    """

    def __init__(self, meeting: threading.Barrier | None = None) -> None:
        super().__init__()
        self.threads: dict[str, set[int]] = {}
        self.meeting = meeting

    def carrier(self) -> httpx.BaseTransport:
        handle = super().carrier().handle_request

        def watch(request: httpx.Request) -> httpx.Response:
            if request.method == "POST" and "/variables" in request.url.path:
                slug = request.url.path.split("/")[4]
                if self.threads.setdefault(slug, set()) and self.meeting is not None:
                    self.meeting.wait()
                self.threads[slug].add(threading.get_ident())
            return handle(request)

        return httpx.MockTransport(watch)


SEVEN = {
    "ENVIRONMENT_NAME": "Live",
    "ENVIRONMENT_TYPE": "Production",
    "VARIABLES": json.dumps(dict.fromkeys("ABCDEFG", "1")),
    "WORKERS": "3",
}


def test_variables_of_one_environment_are_written_together_but_the_first() -> None:
    world = _WatchedWorld(threading.Barrier(3, timeout=10))
    ran = run_with(world, SEVEN)
    assert ran.exit_code == 0
    assert set(values_of(world)) == set("ABCDEFG")


def test_many_repositories_leave_one_worker_for_the_variables_of_each() -> None:
    world = _WatchedWorld()
    world.simulator.add_repository("acme", "other")
    ran = run_with(world, SEVEN | {"REPOSITORIES": '["shop", "other"]'})
    assert ran.exit_code == 0
    assert [len(each) for each in world.threads.values()] == [1, 1]


@pytest.mark.parametrize(("slugs", "pages"), [(["shop"], {3, 1}), (["shop", "two", "three"], {1})])
def test_workers_bound_the_requests_of_all_threads_together(
    monkeypatch: pytest.MonkeyPatch, slugs: list[str], pages: set[int]
) -> None:
    """Where several threads read lists, each reads one page at a time."""
    found: set[int] = set()

    def spy(*items: Any, workers: int) -> list[Any]:
        found.add(workers)
        return map_parallel(*items, workers=workers)

    monkeypatch.setattr("pipe.bitbucket.pagination.map_parallel", spy)
    world = World()
    for slug in slugs[1:]:
        world.simulator.add_repository("acme", slug)
    world.simulator.faults.add(DropConnection(), method="POST", path="*/variables", times=1)
    ran = run_with(world, SEVEN | {"REPOSITORIES": json.dumps(slugs), "REPO_SLUG": ""})
    assert (ran.exit_code, found) == (0, pages)
