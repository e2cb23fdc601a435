"""What one can ask of the simulator itself, and the documents it reads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml

from simulator.behaviour.choices import NextLink, RetryAfter
from simulator.behaviour.switches import Switches
from simulator.control.reading import DocumentError, Reader
from simulator.control.seed import DEMO, parse, plant
from simulator.faults import Answer, Delay, RateLimited
from simulator.http import Json
from simulator.simulator import Simulator
from simulator.state.world import Access
from tests.simulator.harness import BEARER, Bench

CONTROL = "https://api.bitbucket.org/_simulator"


def post(bench: Bench, name: str, body: Json) -> httpx.Response:
    return bench.client.post(f"{CONTROL}/{name}", json=body)


def get(bench: Bench, name: str) -> Any:  # noqa: ANN401 - whatever the JSON says
    return bench.client.get(f"{CONTROL}/{name}").json()


def test_control_calls_stand_in_no_log_and_tell_of_themselves() -> None:
    bench = Bench()
    assert get(bench, "")["/_simulator/faults"] == ["GET", "POST", "DELETE"]
    assert "faults" in bench.client.get(f"{CONTROL}/nothing").json()["error"]
    assert bench.client.put(f"{CONTROL}/state").status_code == 405
    assert bench.sim.requests == []


def test_state_and_logs() -> None:
    bench = Bench(Switches(), "Test")
    bench.env().set_variable("TOKEN", "secret", secured=True)
    bench.client.get(bench.environments)
    bench.change(name="New")
    shop = get(bench, "state")["repositories"]["acme/shop"]
    assert shop["environments"][0]["variables"]["TOKEN"]["value"] == "secret"
    assert [each["method"] for each in get(bench, "requests")] == ["GET", "POST"]
    assert [each["index"] for each in get(bench, "requests?since=1")] == [1]
    assert get(bench, "events?since=2")[0]["kind"] == "environment-renamed"
    assert bench.client.get(f"{CONTROL}/events?since=x").status_code == 400


def test_the_state_shows_a_change_whose_time_has_come() -> None:
    bench = Bench(Switches(change_lag_seconds=1.0), "Test")
    bench.change(name="New")
    shop = get(bench, "state")["repositories"]["acme/shop"]
    assert shop["environments"][0]["name"] == "Test"
    bench.clock.wait(1)
    shop = get(bench, "state")["repositories"]["acme/shop"]
    assert shop["environments"][0]["name"] == "New"


def test_switches_are_read_and_set() -> None:
    bench = Bench()
    assert get(bench, "switches")["next_links"] == "right"
    answer = post(bench, "switches", {"profile": "hostile", "change_lag_reads": 7})
    assert answer.json()["change_lag_reads"] == "7"
    assert bench.sim.switches.next_links is NextLink.PAST_THE_END
    wrongs: list[Json] = [{"profile": "kind"}, {"nothing": 1}, {"next_links": "up"}, {"plan": None}]
    for wrong in [*wrongs, []]:
        assert post(bench, "switches", wrong).status_code == 400


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"fault": "answer", "status": 418, "body": "tea", "headers": {"X-A": 1}},
            Answer(status=418, body=b"tea", headers=(("X-A", "1"),)),
        ),
        ({"fault": "answer"}, Answer(status=500)),
        ({"fault": "delay", "seconds": 2}, Delay(2)),
        (
            {"fault": "rate-limited", "wait": 9, "retry_after": "date", "reset": True},
            RateLimited(wait=9, retry_after=RetryAfter.DATE, reset=True),
        ),
    ],
)
def test_faults_are_planned(document: Json, expected: object) -> None:
    bench = Bench()
    assert post(bench, "faults", document).status_code == 200
    assert bench.sim.faults.planned[0].fault == expected


@pytest.mark.parametrize(
    "kind",
    [
        "server-error",
        "passing-400",
        "garbage",
        "empty-page",
        "half-body",
        "drop-connection",
        "no-answer",
        "refuse-connection",
    ],
)
def test_every_kind_of_fault_has_a_name(kind: str) -> None:
    bench = Bench()
    plan: Json = {"fault": kind, "skip": 1, "times": 2, "method": "GET", "path": "*"}
    planned = post(bench, "faults", [plan, {"fault": "slow-body", "seconds": 1}]).json()
    assert {k: v for k, v in planned[0].items() if k != "fault"} == {
        "skip": 1,
        "times": 2,
        "method": "GET",
        "path": "*",
        "seen": 0,
        "struck": 0,
    }
    assert len(get(bench, "faults")) == 2
    assert bench.client.delete(f"{CONTROL}/faults").status_code == 204
    assert get(bench, "faults") == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"fault": "flood"},
        {"fault": 1},
        {"fault": "delay"},
        {"fault": "delay", "seconds": "long"},
        {"fault": "delay", "seconds": -1},
        {"fault": "delay", "seconds": True},
        {"fault": "answer", "status": 1.5},
        {"fault": "answer", "speed": 1},
        {"fault": "answer", "after_effect": "yes"},
        {"fault": "rate-limited", "retry_after": "soon"},
        "flood",
    ],
)
def test_a_fault_that_is_told_wrongly_is_refused(document: Json) -> None:
    bench = Bench()
    answer = post(bench, "faults", document)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("body")


def test_editing_by_hand() -> None:
    bench = Bench()
    at = {"repository": "acme/shop", "environment": "Live"}
    post(bench, "edit", at | {"type": "Production", "admin_only": True, "branches": ["main", "x"]})
    post(bench, "edit", at | {"variables": {"A": "1", "B": {"value": "2", "secured": True}}})
    post(bench, "edit", at | {"variables": {"A": None, "C": None}, "branches": ["main"]})
    assert post(bench, "edit", at | {"name": "Renamed"}).status_code == 200
    renamed = bench.env("Renamed")
    assert (renamed.type, renamed.admin_only) == ("Production", True)
    assert list(renamed.variables) == ["B"]
    assert list(renamed.branches) == ["main"]
    assert post(bench, "edit", at).status_code == 200
    assert bench.env("Live").type == "Test"
    assert post(bench, "edit", at | {"delete": True}).status_code == 200
    assert post(bench, "edit", at | {"delete": True}).status_code == 400
    assert post(bench, "edit", at | {"type": "QA"}).status_code == 400
    assert post(bench, "edit", at | {"repository": "acme/nope"}).status_code == 400
    assert post(bench, "edit", {"repository": "acme/shop"}).status_code == 400
    of_shop: Json = {"repository": "acme/shop", "variables": {"REGION": "eu"}}
    assert post(bench, "edit", of_shop).status_code == 200
    assert bench.repo.variables["REGION"].value == "eu"
    assert all(each.request is None for each in bench.sim.events)


def test_settling_resetting_and_seeding() -> None:
    bench = Bench(Switches(change_lag_seconds=60.0), "Test")
    bench.change(name="New")
    assert bench.client.post(f"{CONTROL}/settle").status_code == 204
    assert bench.repo.names() == ["New"]
    assert bench.client.post(f"{CONTROL}/reset").status_code == 204
    assert get(bench, "state") == {"workspaces": {}, "repositories": {}}
    text = yaml.safe_dump(DEMO)
    answer = bench.client.post(f"{CONTROL}/seed", content=text)
    assert list(answer.json()["repositories"]) == ["acme/shop", "acme/empty"]
    assert bench.client.post(f"{CONTROL}/seed", content="{").status_code == 400


SEED = """
switches: {profile: documented, rate_limit: 5}
workspaces: {closed: forbidden}
credentials:
  api_tokens: [{email: a@b.example, token: t, scopes: ["read:pipeline:bitbucket"]}]
  access_tokens: [{token: demo-access-token, repositories: [acme/shop]}]
  oauth_consumers: [{id: i, secret: s, private: false}, {id: j, secret: s}]
repositories:
  - workspace: acme
    slug: shop
    visible: true
    variables: {REGION: eu}
    pull_requests: [1]
    environments:
      - name: Test
        branches: [main]
        variables: {A: b}
  - {workspace: acme, slug: hidden, visible: false, pipelines_enabled: false}
"""


def test_a_seed_file() -> None:
    sim = Simulator()
    plant(sim, parse(SEED))
    assert sim.switches.rate_limit == 5
    assert sim.world.workspaces["closed"].access is Access.FORBIDDEN
    assert list(sim.credentials.access_tokens) == ["demo-access-token"]
    assert sim.credentials.access_tokens["demo-access-token"].repositories == frozenset(
        {"acme/shop"}
    )
    assert [each.private for each in sim.credentials.consumers.values()] == [False, True]
    shop = sim.repository("acme/shop")
    assert shop.variables["REGION"].value == "eu"
    assert shop.environment("Test").variables["A"].value == "b"
    assert sim.repository("acme/hidden").pipelines_enabled is False
    assert shop.comments == {1: {}}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[]", "seed must be an object"),
        ("repository: []", "unknown key 'repository'"),
        ("workspaces: {a: ajar}", "seed.workspaces.a"),
        ("repositories: {}", "seed.repositories must be a list"),
        ("repositories: [{workspace: acme}]", r"seed.repositories\[0\] needs 'slug'"),
        ("repositories: [{workspace: acme, slug: 1}]", "must be a text"),
        ("repositories: [{workspace: a, slug: b}, {workspace: a, slug: b}]", "exists already"),
        ("repositories: [{workspace: a, slug: b, visible: 1}]", "true or false"),
        ("repositories: [{workspace: a, slug: b, environments: [{name: A, type: B}]}]", "Staging"),
        ("credentials: {api_tokens: [{email: a}]}", "needs 'token'"),
        ("switches: {rate_limit: [1]}", "a text, a number, true or false"),
        ("switches: {rate_limit: .inf}", "rate_limit"),
    ],
)
def test_a_seed_that_can_not_be_understood_says_where(text: str, where: str) -> None:
    with pytest.raises(DocumentError, match=where):
        plant(Simulator(), parse(text))


def test_infinity_is_no_number() -> None:
    with pytest.raises(DocumentError, match="a number from 0"):
        Reader(float("inf"), "here").number()


def test_the_demo_can_be_called() -> None:
    bench = Bench()
    bench.sim.reset()
    plant(bench.sim, DEMO)
    assert bench.client.get(bench.environments, headers=BEARER).json()["size"] == 3
