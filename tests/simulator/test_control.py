"""Control calls, and the documents that they read."""

from typing import Any

import httpx
import pytest
import yaml

from simulator.control.documents import DocumentError, parse
from simulator.control.seed import DEMO, load_seed
from simulator.faults import Answer, Delay, RateLimited
from simulator.http import Json
from simulator.simulator import Simulator
from tests.simulator.harness import BEARER, Bench

CONTROL = "https://api.bitbucket.org/_simulator"


def post(bench: Bench, name: str, body: Json) -> httpx.Response:
    return bench.client.post(f"{CONTROL}/{name}", json=body)


def get(bench: Bench, name: str) -> Any:
    return bench.client.get(f"{CONTROL}/{name}").json()


def test_control_calls_are_not_logged_and_describe_themselves() -> None:
    bench = Bench()
    assert get(bench, "")["/_simulator/faults"] == ["GET", "POST", "DELETE"]
    assert "faults" in bench.client.get(f"{CONTROL}/nothing").json()["error"]
    assert bench.client.put(f"{CONTROL}/state").status_code == 405
    assert bench.sim.requests == []


def test_state_and_logs() -> None:
    bench = Bench("Test")
    bench.env().set_variable("TOKEN", "secret", secured=True)
    bench.client.get(bench.environments)
    bench.change(name="New")
    shop = get(bench, "state")["repositories"]["acme/shop"]
    assert shop["environments"][0]["variables"]["TOKEN"]["value"] == "secret"
    assert [each["method"] for each in get(bench, "requests")] == ["GET", "POST"]
    assert [each["index"] for each in get(bench, "requests?since=1")] == [1]
    assert get(bench, "events?since=2")[0]["kind"] == "environment-renamed"
    assert bench.client.get(f"{CONTROL}/events?since=x").status_code == 400


def test_the_state_shows_a_change_that_is_due() -> None:
    bench = Bench("Test", change_lag_seconds=1.0)
    bench.change(name="New")
    shop = get(bench, "state")["repositories"]["acme/shop"]
    assert shop["environments"][0]["name"] == "Test"
    bench.clock.advance(1)
    shop = get(bench, "state")["repositories"]["acme/shop"]
    assert shop["environments"][0]["name"] == "New"


def test_switches_can_be_read_and_set() -> None:
    bench = Bench()
    assert get(bench, "switches")["next_links"] == "right"
    answer = post(bench, "switches", {"profile": "hostile", "change_lag_reads": 7})
    assert answer.json()["change_lag_reads"] == "7"
    assert bench.sim.switches.next_links == "past-the-end"
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
            RateLimited(wait=9, retry_after="date", reset=True),
        ),
    ],
)
def test_faults_are_scheduled(document: Json, expected: object) -> None:
    bench = Bench()
    assert post(bench, "faults", document).status_code == 200
    assert bench.sim.faults.scheduled[0].fault == expected


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
        "matched": 0,
        "applied": 0,
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
def test_an_invalid_fault_is_refused(document: Json) -> None:
    bench = Bench()
    answer = post(bench, "faults", document)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("body")


def test_edits_change_environments_and_repository_variables() -> None:
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
    of_shop: Json = {"repository": "acme/shop", "variables": {"REGION": "eu"}}
    assert post(bench, "edit", of_shop).status_code == 200
    assert bench.repo.variables["REGION"].value == "eu"
    assert all(each.request is None for each in bench.sim.events)


def test_settle_reset_and_seed() -> None:
    bench = Bench("Test", change_lag_seconds=60.0)
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
    former_slugs: [store]
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
    load_seed(sim, parse(SEED))
    assert sim.switches.rate_limit == 5
    assert sim.world.workspaces["closed"].access == "forbidden"
    assert list(sim.credentials.access_tokens) == ["demo-access-token"]
    assert sim.credentials.access_tokens["demo-access-token"].repositories == frozenset(
        {"acme/shop"}
    )
    assert [each.private for each in sim.credentials.consumers.values()] == [False, True]
    shop = sim.repository("acme/shop")
    assert sim.world.workspaces["acme"].former_slugs == {"store": shop}
    assert shop.variables["REGION"].value == "eu"
    assert shop.environment("Test").variables["A"].value == "b"
    assert sim.repository("acme/hidden").pipelines_enabled is False
    assert shop.comments == {1: {}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "seed: Input should be a valid dictionary"),
        ("repository: []", "seed.repository: Extra inputs are not permitted"),
        ("workspaces: {a: ajar}", "seed.workspaces.a: Input should be 'open'"),
        ("repositories: {}", "seed.repositories: Input should be a valid list"),
        ("repositories: [{workspace: acme}]", "seed.repositories.0.slug: Field required"),
        ("repositories: [{workspace: acme, slug: 1}]", "a valid string"),
        (
            "repositories: [{workspace: a, slug: b}, {workspace: a, slug: b}]",
            "seed.repositories.1: a/b already exists",
        ),
        ("repositories: [{workspace: a, slug: b, visible: 1}]", "a valid boolean"),
        ("repositories: [{workspace: a, slug: b, environments: [{name: A, type: B}]}]", "Staging"),
        ("credentials: {api_tokens: [{email: a}]}", "api_tokens.0.token: Field required"),
        ("switches: {rate_limit: [1]}", "rate_limit"),
        ("switches: {rate_limit: .inf}", "seed.switches"),
    ],
)
def test_an_invalid_seed_is_refused_with_the_place_of_the_error(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load_seed(Simulator(), parse(text))


def test_the_demo_seed_is_served() -> None:
    bench = Bench()
    bench.sim.reset()
    load_seed(bench.sim, DEMO)
    assert bench.client.get(bench.environments, headers=BEARER).json()["size"] == 3
