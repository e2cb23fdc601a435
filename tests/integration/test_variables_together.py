"""Variables that are written several at a time."""

import json
import threading
from typing import Any

import httpx
import pytest

from pipe.process.parallel import map_parallel
from simulator.faults import Answer, DropConnection, RateLimited
from tests.support.variables import live_of, live_world, values_of
from tests.support.world import Ran, World, run_with


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


@pytest.mark.promise("P21")
def test_the_others_are_written_even_if_one_fails_whatever_the_number_of_workers() -> None:
    def ran(workers: int) -> tuple[Ran, dict[str, str]]:
        world = live_world()
        variables = {key: live_of(world).set_variable(key, "0") for key in "ABCDEFG"}
        path = f"*{variables['C'].uuid.strip('{}')}*"
        world.simulator.faults.add(Answer(status=500), method="PUT", path=path, times=99)
        ran = run_with(world, SEVEN | {"WORKERS": str(workers)})
        return ran, {key: value for key, (value, _) in values_of(world).items()}

    (alone, values), (together, others) = ran(1), ran(4)
    assert values == others == dict.fromkeys("ABDEFG", "1") | {"C": "0"}
    assert (alone.log, alone.outcomes) == (together.log, together.outcomes)
    assert alone.exit_code == together.exit_code != 0


def test_no_other_is_tried_if_the_first_fails() -> None:
    world = World()
    world.simulator.faults.add(Answer(status=403), method="POST", path="*/variables", times=99)
    assert [path for method, path, _ in run_with(world, SEVEN).writes if "variables" in path] == [
        "deployments_config/environments/{}/variables"
    ]


def test_no_other_is_begun_once_the_run_is_over() -> None:
    world = World()
    world.simulator.faults.add(
        RateLimited(wait=9_999, retry_after="seconds"), method="POST", path="*/variables", skip=1
    )
    ran = run_with(world, SEVEN | {"WORKERS": "1"})
    assert ran.exit_code == 6
    assert set(values_of(world)) == {"A"}
