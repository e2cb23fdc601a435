"""Variables of one environment."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.variable_writes import VariableStore
from pipe.models.declaration import PlainVariable
from pipe.models.existing import ExistingVariable, VariableOwner
from pipe.models.results import Outcome
from pipe.process.parallel import map_parallel
from simulator.behaviour.switches import SWITCHES
from simulator.faults import Answer, DropConnection, empty_page
from simulator.http import Cut
from simulator.simulator import Simulator
from simulator.state.journal import EventKind
from tests.support.variables import (
    KEY,
    LIVE,
    changes_of,
    declare_plain,
    declare_secured,
    live_of,
    live_world,
    values_of,
)
from tests.support.world import SHOP, World, listed, run_with


@pytest.mark.promise("P4", "P16")
def test_an_environment_with_everything_from_nothing_then_nothing_then_one_change() -> None:
    """With nothing to do it costs 3 requests and no write."""
    world = World()
    plain = {f"PLAIN_{number}": f"value {number}" for number in range(40)}
    secret = {f"SECRET_{number}": f"s3cret {number}" for number in range(20)}
    wanted = {
        "ENVIRONMENT_NAME": "Live",
        "ENVIRONMENT_TYPE": "Production",
        "ADMIN_ONLY": "true",
        "FINGERPRINT_KEY": KEY,
        "SECURED_VARIABLES": json.dumps(secret),
        **listed("BRANCHES", "main", "release/*"),
    }
    created = run_with(world, wanted | {"VARIABLES": json.dumps(plain)} | _as_object(plain))
    assert created.exit_code == 0
    live = live_of(world)
    assert (live.type, live.admin_only, set(live.branches)) == (
        "Production", True, {"main", "release/*"},
    )  # fmt: skip
    assert {key: value for key, (value, hidden) in values_of(world).items() if hidden} == secret
    assert created.report["summary"]["variables"]["created"] == 60
    # The list, the creation, two branches and their confirmation, the variables, and fingerprints
    # that are marked first, read back and written last.
    assert len(created.requests) == 1 + 1 + 2 + 1 + 60 + 3
    again = run_with(world, wanted | _as_object(plain))
    assert (again.exit_code, again.methods) == (0, ["GET", "GET", "GET"])
    assert again.report["summary"]["variables"]["unchanged"] == 60
    plain["PLAIN_7"] = "another"
    changed = run_with(world, wanted | _as_object(plain))
    assert (changed.exit_code, changed.methods) == (0, ["GET", "GET", "GET", "PUT"])
    assert changed.bodies[0]["value"] == "another"


def _as_object(values: dict[str, str]) -> dict[str, str]:
    return {"VARIABLES": json.dumps([{"key": k, "value": v} for k, v in values.items()])}


HARD = {
    "EQUALS": "a=b==c",
    "LINES": "one\ntwo\r\nthree\n",
    "QUOTES": "\"double\" 'single' `back`",
    "DOLLAR": "$HOME ${HOME} $(id) %PATH%",
    "UNICODE": "Zürich 東京 🚀 \u202e e\u0301",
    "SPACES": "  kept  ",
    "BACKSLASHES": r"\n \\ \u0041 C:\temp",
    "LONG": "0123456789" * 1000,
    "JSON": '{"a": [1, null]}',
    "NUL_FREE": "\t\x01\x7f",
}


@pytest.mark.promise("P8")
@pytest.mark.parametrize("secured", [False, True])
def test_values_arrive_byte_for_byte(*, secured: bool) -> None:
    world = live_world()
    name = "SECURED_VARIABLES" if secured else "VARIABLES"
    items = listed(name, *(f"{key}={value}" for key, value in HARD.items()))
    assert run_with(world, LIVE | items).exit_code == 0
    assert values_of(world) == {key: (value, secured) for key, value in HARD.items()}
    if not secured:
        again = run_with(world, LIVE | items)
        assert (again.exit_code, again.methods) == (0, ["GET", "GET"])


@pytest.mark.promise("P8", "P10")
def test_what_is_not_declared_stays_byte_for_byte() -> None:
    world = live_world()
    live_of(world).set_variable("OTHER", "keep  me")
    live_of(world).set_variable("SECRET", "keep me too", secured=True)
    ran = run_with(world, declare_plain(A="1"))
    assert values_of(world) == {
        "OTHER": ("keep  me", False),
        "SECRET": ("keep me too", True),
        "A": ("1", False),
    }
    assert [each.details["key"] for each in ran.events] == ["A"]
    assert live_of(world).admin_only


def test_only_the_value_that_differs_is_written() -> None:
    world = live_world()
    live_of(world).set_variable("A", "1")
    live_of(world).set_variable("B", "old")
    ran = run_with(world, declare_plain(A="1", B="new"))
    assert ran.methods == ["GET", "GET", "PUT"]
    assert ran.bodies == [
        {"type": "pipeline_variable", "key": "B", "value": "new", "secured": False}
    ]


@pytest.mark.promise("P14")
@pytest.mark.parametrize("links", SWITCHES["next_links"].choices)
@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("size", [0, 10, 50])
def test_250_variables_under_every_kind_of_broken_page(
    links: str, size: int, *, stated: bool
) -> None:
    world = live_world(
        next_links=links,
        max_page_size=size,
        page_has_size=stated,
        page_has_pagelen=stated,
        page_has_number=stated,
        list_order="stable" if stated else "shuffled",
    )
    wanted = {f"V{number}": str(number) for number in range(250)}
    for key, value in wanted.items():
        live_of(world).set_variable(key, value)
    ran = run_with(world, LIVE | _as_object(wanted | {"V17": "another"}))
    assert ran.exit_code == 0
    assert ran.report["summary"]["variables"]["unchanged"] == 249
    assert [body["key"] for body in ran.bodies] == ["V17"]


def _delete_once_read(world: World) -> None:
    """Let somebody delete the environment once its variables were read."""
    live = live_of(world)

    def delete(simulator: Simulator) -> None:
        if live.uuid in world.shop.environments and simulator.requests[-1].path.endswith(
            "/variables"
        ):
            world.shop.delete_environment(live)

    world.simulator.observers.append(delete)


def test_an_environment_deleted_meanwhile_gets_no_variables() -> None:
    """Variables of an environment that does not exist can be created; that is no proof."""
    world = live_world()
    live_of(world).set_variable("A", "old")
    _delete_once_read(world)
    ran = run_with(world, LIVE | listed("VARIABLES", "A=new", "B=new"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"environment-disappeared"})
    assert ran.count(EventKind.VARIABLE_CREATED) == 0
    assert ran.report["summary"]["variables"]["created"] == 0


def test_new_variables_of_an_environment_deleted_meanwhile_are_written_by_the_next_run() -> None:
    """Bitbucket answers 201: only one more request could show it; docs/reliability.md says so."""
    world = live_world()
    _delete_once_read(world)
    declared = {**LIVE, "ENVIRONMENT_TYPE": "Production", **listed("VARIABLES", "A=1", "B=2")}
    ran = run_with(world, declared)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "POST", "POST"])
    assert world.shop.names() == []
    assert run_with(world, declared).exit_code == 0
    assert {key: each.value for key, each in live_of(world).variables.items()} == {
        "A": "1",
        "B": "2",
    }


@pytest.mark.parametrize(
    "more",
    [{"ADMIN_ONLY": "false"}, {"BRANCHES": "main"}, {"PRUNE": "variables", "FORCE": "true"}],
    ids=str,
)
def test_new_variables_are_not_written_for_nothing_where_more_is_read(more: dict[str, str]) -> None:
    world = live_world()
    live_of(world).restrict(admin_only=True)
    live_of(world).set_variable("OLD", "1")
    _delete_once_read(world)
    ran = run_with(world, {**LIVE, **listed("VARIABLES", "A=1"), **more})
    assert ran.exit_code == 5


def test_a_variable_of_a_repository_deleted_meanwhile_is_created_again() -> None:
    world = World()
    gone = ExistingVariable(
        uuid="{00000000-0000-4000-8000-000000000000}", key="A", value="old", secured=False
    )
    store = VariableStore(world.service(), VariableOwner(SHOP), None, ChangeOutcomes(()).add_step)
    assert store.upsert(PlainVariable("A", "new"), gone) is Outcome.APPLIED
    assert world.shop.variables["A"].value == "new"


@pytest.mark.promise("P5", "P10")
@pytest.mark.parametrize("shape", SWITCHES["duplicate_shape"].choices)
def test_a_list_that_is_empty_while_variables_exist_leads_to_put(shape: str) -> None:
    """Seen in August 2026."""
    world = live_world(duplicate_variable_shape=shape)
    live_of(world).set_variable("A", "old")
    live_of(world).set_variable("B", "same")
    live_of(world).set_variable("S", "secret", secured=True)
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=3)
    wanted = declare_plain(A="new", B="same") | {"SECURED_VARIABLES": '["S=another"]'}
    ran = run_with(world, wanted)
    assert ran.exit_code == 0
    assert values_of(world) == {
        "A": ("new", False), "B": ("same", False), "S": ("another", True),
    }  # fmt: skip
    assert ran.count(EventKind.VARIABLE_CREATED, EventKind.VARIABLE_DELETED) == 0


def test_a_variable_that_a_409_names_is_written_without_waiting_for_the_list() -> None:
    world = live_world()
    live_of(world).set_variable("A", "old")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("new", False)})
    assert ran.methods == ["GET", "GET", "POST", "GET", "PUT"]


def test_a_uuid_that_belongs_to_another_listed_variable_is_not_written_to() -> None:
    world = live_world()
    other = live_of(world).set_variable("OTHER", "stays")
    data = {"key": "variable-service.variable.duplicate", "arguments": {"externalId": other.uuid}}
    body = json.dumps({"error": {"message": "Conflict", "data": data}}).encode()
    world.simulator.faults.add(Answer(status=409, body=body), method="POST", times=99)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, values_of(world)) == (5, {"OTHER": ("stays", False)})


def test_a_variable_that_bitbucket_claims_and_never_lists_is_given_up() -> None:
    world = live_world(duplicate_variable_external_id=False)
    live_of(world).set_variable("A", "old")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-not-listed"})
    assert ran.methods.count("POST") == 1


@pytest.mark.parametrize(("requests", "seconds"), [(1, 0.0), (3, 0.0), (0, 3.0)])
def test_variables_that_answer_404_just_after_creation(requests: int, seconds: float) -> None:
    world = World(variables_404_requests=requests, variables_404_seconds=seconds)
    ran = run_with(world, declare_plain(A="1", B="2") | {"ENVIRONMENT_TYPE": "Test"})
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("1", False), "B": ("2", False)}


def test_variables_that_answer_404_for_ever_are_given_up() -> None:
    world = live_world()
    live_of(world).variable_refusals = 999
    ran = run_with(world, declare_plain(A="1"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variables-unavailable"})
    fresh = World(variables_404_requests=999)
    created = run_with(fresh, declare_plain(A="1") | {"ENVIRONMENT_TYPE": "Test"})
    assert (created.exit_code, set(created.problems)) == (5, {"variables-unavailable"})
    assert created.report["summary"]["environments"]["created"] == 1


@pytest.mark.promise("P5")
def test_a_creation_whose_answers_are_all_lost_is_given_up_after_as_many_reads_as_any() -> None:
    world = live_world()
    world.simulator.faults.add(DropConnection(), path="*/variables", method="POST", times=99)
    ran = run_with(world, declare_plain(A="1") | {"MAX_ATTEMPTS": "50"})
    assert (ran.exit_code, values_of(world)) == (6, {})
    assert set(ran.problems) == {"service-unavailable"}


def test_variables_that_may_not_be_read_are_a_matter_of_permission() -> None:
    world = live_world()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="*/variables", method="GET", times=9
    )
    ran = run_with(world, declare_plain(A="1"))
    assert (ran.exit_code, ran.writes) == (3, [])


def test_a_list_that_may_not_be_read_any_more_ends_the_environment() -> None:
    world = live_world()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="*/variables", method="GET", skip=1, times=9
    )
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="POST")
    ran = run_with(world, declare_plain(A="1"))
    assert ran.exit_code == 3


@pytest.mark.promise("P5")
@pytest.mark.parametrize("after_effect", [True, False])
@pytest.mark.parametrize("secured", [True, False])
def test_a_variable_whose_answer_is_lost_is_written_once(
    *, after_effect: bool, secured: bool
) -> None:
    world = live_world()
    world.simulator.faults.add(DropConnection(after_effect=after_effect), method="POST")
    ran = run_with(world, declare_secured(A="value") if secured else declare_plain(A="value"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("value", secured)}
    assert ran.count(EventKind.VARIABLE_CREATED) == 1


def test_a_variable_whose_answers_are_all_lost_is_given_up() -> None:
    world = live_world()
    world.simulator.faults.add(DropConnection(), method="POST", times=99)
    ran = run_with(world, declare_plain(A="value"))
    assert (ran.exit_code, set(ran.problems)) == (6, {"service-unavailable"})
    assert all(each.dropped is Cut.CLOSED for each in ran.requests if each.method == "POST")


def test_keys_that_bitbucket_takes_for_the_same_are_reported() -> None:
    world = live_world(variable_key_clash="casefold")
    live_of(world).set_variable("api_url", "kept")
    ran = run_with(world, declare_plain(API_URL="x"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-key-differs-by-case"})
    assert values_of(world) == {"api_url": ("kept", False)}


def test_a_value_that_bitbucket_refuses_is_reported_and_the_others_are_written() -> None:
    world = live_world(empty_value="refused")
    live_of(world).set_variable("B", "old")
    ran = run_with(world, declare_plain(A="", B="", C="written"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"write-rejected"})
    assert values_of(world) == {"B": ("old", False), "C": ("written", False)}
    assert "must not be empty" in ran.log


def test_a_variable_that_was_replaced_meanwhile_is_written_all_the_same() -> None:
    world = live_world()
    live = live_of(world)
    live.set_variable("A", "old")
    replaced: list[bool] = []

    def replace(_: object) -> None:
        if len(world.simulator.requests) == 2 and not replaced:
            replaced.append(True)
            live.remove_variable("A")
            live.set_variable("A", "somebody else's")

    world.simulator.observers.append(replace)
    ran = run_with(world, declare_plain(A="new"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("new", False)}


def test_a_variable_that_was_deleted_meanwhile_is_created() -> None:
    world = live_world()
    live = live_of(world)
    live.set_variable("A", "old")

    def delete(_: object) -> None:
        if len(world.simulator.requests) == 2:
            live.variables.pop("A", None)

    world.simulator.observers.append(delete)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("new", False)})


@pytest.mark.promise("P1")
def test_contents_are_read_where_bitbucket_does_not_state_the_type() -> None:
    """Otherwise all that it holds would seem to be missing, at every run."""
    world = live_world(environment_keys="minimal")
    live_of(world).set_variable("A", "1")
    live_of(world).add_branch("main")
    wanted = declare_plain(A="1") | {"ENVIRONMENT_TYPE": "Production", "BRANCHES": '["main"]'}
    ran = run_with(world, wanted)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "GET"])


def test_what_changed_meanwhile_by_anothers_hand_is_adopted_with_its_variables() -> None:
    world = World()

    def somebody_else(_: object) -> None:
        if len(world.simulator.requests) == 1 and not world.shop.environments:
            live = world.shop.add_environment("Live", "Test")
            live.set_variable("A", "theirs")

    world.simulator.observers.append(somebody_else)
    ran = run_with(world, declare_plain(A="ours") | {"ENVIRONMENT_TYPE": "Test"})
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("ours", False)})
    assert changes_of(ran) == {"variables.A": "applied"}


def test_an_adopted_environment_whose_variables_can_not_be_read_is_reported() -> None:
    world = World()

    def somebody_else(_: object) -> None:
        if len(world.simulator.requests) == 1 and not world.shop.environments:
            world.shop.add_environment("Live", "Test").variable_refusals = 999

    world.simulator.observers.append(somebody_else)
    ran = run_with(world, declare_plain(A="ours") | {"ENVIRONMENT_TYPE": "Test"})
    assert (ran.exit_code, set(ran.problems)) == (5, {"variables-unavailable"})
    assert changes_of(ran) == {"type": "skipped", "variables.A": "skipped"}


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

    def spy(*items: Any, workers: int) -> list[Any]:  # noqa: ANN401 - passed on
        found.add(workers)
        return map_parallel(*items, workers=workers)

    monkeypatch.setattr("pipe.bitbucket.pagination.map_parallel", spy)
    world = World()
    for slug in slugs[1:]:
        world.simulator.add_repository("acme", slug)
    world.simulator.faults.add(DropConnection(), method="POST", path="*/variables", times=1)
    ran = run_with(world, SEVEN | {"REPOSITORIES": json.dumps(slugs), "REPO_SLUG": ""})
    assert (ran.exit_code, found) == (0, pages)
