"""Environments: the answer of every call, and what each switch changes."""

import pytest

from simulator.behaviour.switches import SWITCHES, ErrorShape
from simulator.http import Json
from simulator.state.journal import EventKind
from tests.simulator.harness import Bench

CHANGE_REFUSED = {
    "key": "deploy-service.environment.change-not-supported",
    "message": "The requested change is not allowed.",
    "arguments": {},
}


def test_an_environment_has_the_twelve_keys_that_were_seen() -> None:
    bench = Bench()
    created = bench.create("Test Env", "production")
    assert created.status_code == 201
    document = created.json()
    assert document == {
        "type": "deployment_environment",
        "uuid": bench.env("Test Env").uuid,
        "name": "Test Env",
        "slug": "test-env",
        "category": {"name": "Production"},
        "rank": 0,
        "hidden": False,
        "environment_type": {
            "type": "deployment_environment_type",
            "name": "Production",
            "rank": 2,
        },
        "restrictions": {"type": "deployment_restrictions_configuration", "admin_only": False},
        "environment_lock_enabled": True,
        "lock": {"type": "deployment_environment_lock_open", "name": "OPEN"},
        "deployment_gate_enabled": False,
    }
    assert bench.client.get(created.headers["Location"]).json() == document
    page = bench.client.get(bench.environments).json()
    assert page == {"page": 1, "pagelen": 100, "size": 1, "values": [document]}


def test_slugs_are_unique_unless_a_switch_says_otherwise() -> None:
    bench = Bench("Prod EU", name_clash="exact", environment_names="any")
    assert bench.create("prod_eu").json()["slug"] == "prod_eu"
    assert bench.create("prod eu").json()["slug"] == "prod-eu-2"
    assert bench.create("Prod.EU").json()["slug"] == "prod-eu-3"
    assert bench.create("é").json()["slug"] == "environment"
    bench.change("prod_eu", name="PROD EU")
    assert bench.env("PROD EU").slug == "prod-eu-4"
    bench.change("prod eu", name="PROD-EU")
    assert bench.env("PROD-EU").slug == "prod-eu-2"


def test_slugs_may_be_shared_or_refused() -> None:
    shared = Bench("Prod EU", "Test", slug_clash="shared", environment_names="any")
    assert shared.create("Prod.EU").json()["slug"] == "prod-eu"
    shared.change(name="Prod/EU")
    assert shared.env("Prod/EU").slug == "prod-eu"
    refused = Bench("Prod EU", "Test", slug_clash="refused", environment_names="any")
    assert refused.create("Prod.EU").status_code == 400
    assert refused.change(name="Prod.EU").status_code == 400
    assert refused.create("Other").status_code == 201


def test_minimal_and_extended_keys() -> None:
    minimal = Bench("Test", environment_keys="minimal")
    assert set(minimal.client.get(minimal.at()).json()) == {"type", "uuid", "name"}
    extended = Bench("Test", environment_keys="extended")
    document = extended.client.get(extended.at()).json()
    assert document["change_request_config"] == {"configured": False}
    assert {"lock_opener", "triggerer"} <= set(document["lock"])


@pytest.mark.parametrize(
    "body",
    [
        {"environment_type": {"name": "Test"}},
        {"name": "  ", "environment_type": {"name": "Test"}},
        {"name": 7, "environment_type": {"name": "Test"}},
        {"name": "New"},
        {"name": "New", "environment_type": "Test"},
        {"name": "New", "environment_type": {"name": "QA"}},
        {"name": "New", "environment_type": {"name": 1}},
        {"name": "New", "environment_type": {"name": "Test"}, "restrictions": "admin"},
        {"name": "New", "environment_type": {"name": "Test"}, "restrictions": {"admin_only": 1}},
        ["New"],
    ],
)
def test_a_malformed_creation_answers_400(body: Json) -> None:
    bench = Bench()
    answer = bench.client.post(bench.environments, json=body)
    assert answer.status_code == 400
    assert answer.json()["key"] == "deploy-service.request.validation-error"
    assert bench.repo.names() == []
    assert not bench.sim.requests[-1].took_effect


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b"{"), ("application/json", b""), ("text/plain", b"{}")],
)
def test_a_body_that_is_not_json_answers_400(content_type: str, body: bytes) -> None:
    bench = Bench()
    headers = {"Content-Type": content_type}
    answer = bench.client.post(bench.environments, content=body, headers=headers)
    assert answer.status_code == 400


def test_a_body_without_a_content_type_is_taken_for_json() -> None:
    bench = Bench()
    body = b'{"name": "New", "environment_type": {"name": "Test"}}'
    assert bench.client.post(bench.environments, content=body).status_code == 201


@pytest.mark.parametrize("required", [True, False])
def test_type_is_required_in_the_body_where_a_switch_says_so(*, required: bool) -> None:
    bench = Bench(body_type_required=required)
    assert bench.create("One").status_code == (400 if required else 201)
    assert bench.create("Two", type="deployment_environment").status_code == 201


@pytest.mark.parametrize("status", SWITCHES["duplicate_status"].choices)
@pytest.mark.parametrize("shape", SWITCHES["duplicate_shape"].choices)
def test_a_name_that_exists_is_refused_in_every_shape(status: str, shape: ErrorShape) -> None:
    bench = Bench("Test", duplicate_status=status, duplicate_shape=shape)
    answer = bench.create("Test")
    assert answer.status_code == int(status)
    assert bench.repo.names() == ["Test"]
    text = "An environment host with the provided name already exists."
    match shape:
        case "service":
            assert answer.json()["message"] == text
        case "message" | "detail":
            assert answer.json()["error"]["message"] == text
        case "data":
            assert answer.json()["error"]["data"]["key"] == "deploy-service.environment.duplicate"
            assert "type" not in answer.json()
        case "fields":
            assert answer.json()["error"]["fields"] == {"name": [text]}
        case "text":
            assert answer.text == text
        case "html":
            assert answer.text.startswith("<html>")
        case "empty":
            assert answer.content == b""


@pytest.mark.parametrize(("comparison", "status"), [("exact", 201), ("casefold", 409)])
def test_names_clash_exactly_or_regardless_of_case(comparison: str, status: int) -> None:
    bench = Bench("Test", name_clash=comparison)
    assert bench.create("TEST").status_code == status


@pytest.mark.parametrize(
    ("names", "long", "slash"), [("api", 201, 400), ("web", 400, 400), ("any", 201, 201)]
)
def test_allowed_names(names: str, long: int, slash: int) -> None:
    bench = Bench(environment_names=names)
    assert bench.create("Test_42 a-b").status_code == 201
    assert bench.create("a" * 31).status_code == long
    assert bench.create("feature/login").status_code == slash


def test_the_number_of_environments_may_be_limited() -> None:
    bench = Bench(environment_limit=1)
    assert bench.create("One").status_code == 201
    assert bench.create("Two").status_code == 400


def test_quick_creations_meet_passing_400s() -> None:
    bench = Bench(passing_400_creates=2)
    assert bench.create("One").status_code == 201
    assert [bench.create("Two").status_code for _ in range(3)] == [400, 400, 201]
    assert [bench.create("Three").status_code for _ in range(2)] == [400, 400]
    bench.clock.advance(2)
    assert bench.create("Three").status_code == 201


@pytest.mark.parametrize("honoured", SWITCHES["admin_only_at_creation"].choices)
def test_admin_only_at_creation(honoured: str) -> None:
    bench = Bench(admin_only_at_creation=honoured)
    answer = bench.create("Live", "Production", restrictions={"admin_only": True})
    expected = honoured == "honoured"
    assert answer.json()["restrictions"]["admin_only"] is expected
    assert bench.env("Live").admin_only is expected


@pytest.mark.parametrize(
    ("plan", "created", "changed", "sticks"),
    [
        ("premium", 201, 202, True),
        ("stored", 201, 202, True),
        ("ignored", 201, 202, False),
        ("402", 402, 402, False),
        ("403", 403, 403, False),
    ],
)
def test_admin_only_without_premium(plan: str, created: int, changed: int, *, sticks: bool) -> None:
    bench = Bench("Test", plan=plan)
    assert bench.create("Live", restrictions={"admin_only": True}).status_code == created
    assert bench.change(restrictions={"admin_only": True}).status_code == changed
    assert bench.env().admin_only is sticks
    assert bench.change(restrictions={"admin_only": False}).status_code == 202


def test_a_change_takes_effect_at_once_and_answers_nothing() -> None:
    bench = Bench("Test")
    answer = bench.change(name="Test-42")
    assert (answer.status_code, answer.content) == (202, b"")
    assert bench.change("Test-42", restrictions={"admin_only": True}).status_code == 202
    assert bench.env("Test-42").admin_only is True
    assert bench.change("Test-42", restrictions={}).status_code == 202
    assert bench.env("Test-42").admin_only is False
    assert [each.kind for each in bench.sim.events][1:] == [
        EventKind.ENVIRONMENT_RENAMED,
        EventKind.ENVIRONMENT_RESTRICTED,
        EventKind.ENVIRONMENT_LOOSENED,
    ]
    assert [each.request for each in bench.sim.events][1:] == [0, 1, 2]


def test_a_change_that_lags_by_seconds() -> None:
    bench = Bench("Test", change_lag_seconds=1.0)
    bench.change(name="New")
    assert bench.sim.requests[-1].took_effect
    assert bench.listed() == ["Test"]
    bench.clock.advance(1.0)
    assert bench.listed() == ["New"]
    assert bench.sim.events[-1].request == 0


def test_a_change_that_lags_by_reads() -> None:
    bench = Bench("Test", "Other", change_lag_reads=2)
    bench.change(name="New")
    bench.client.get(bench.at("Other"))  # reads of another environment do not count
    assert bench.listed() == ["Test", "Other"]
    assert bench.client.get(bench.at()).json()["name"] == "Test"
    assert bench.client.get(bench.at("New")).json()["name"] == "New"


def test_observers_see_changes_that_take_effect_later() -> None:
    bench = Bench("Test", change_lag_seconds=1.0)
    seen: list[list[str]] = []
    bench.sim.observers.append(lambda sim: seen.append(sim.repository("acme/shop").names()))
    bench.change(name="New")
    bench.clock.advance(5)
    bench.sim.apply_due_changes()
    assert seen == [["Test"], ["New"]]
    bench.change("New", name="Newer")
    bench.sim.settle()
    assert seen == [["Test"], ["New"], ["New"], ["Newer"]]


def test_a_pending_change_is_dropped_when_it_has_become_impossible() -> None:
    bench = Bench("Test", "Other", change_lag_seconds=1.0)
    bench.change(name="New")
    bench.repo.add_environment("New")
    bench.change("Other", name="Third")
    bench.repo.delete_environment(bench.env("Other"))
    bench.sim.settle()
    assert bench.repo.names() == ["Test", "New"]


@pytest.mark.parametrize(
    ("change", "status"),
    [({"name": "Test"}, 400), ({"restrictions": {"admin_only": False}}, 400), ({}, 400)],
)
def test_a_noop_change_may_be_refused(change: dict[str, Json], status: int) -> None:
    accepting = Bench("Test")
    assert accepting.change(**change).status_code == 202
    assert not accepting.sim.requests[-1].took_effect
    refusing = Bench("Test", noop_change="refused")
    answer = refusing.change(**change)
    assert answer.status_code == status
    assert answer.json() == CHANGE_REFUSED


def test_a_combined_change_may_be_refused() -> None:
    accepting = Bench("Test")
    assert accepting.change(name="New", restrictions={"admin_only": True}).status_code == 202
    assert accepting.env("New").admin_only
    refusing = Bench("Test", combined_change="refused")
    answer = refusing.change(name="New", restrictions={"admin_only": True})
    assert answer.json() == CHANGE_REFUSED
    assert refusing.change(name="New").status_code == 202


def test_other_fields_are_refused_ignored_or_changed() -> None:
    other: dict[str, Json] = {"environment_type": {"name": "staging"}, "hidden": True}
    refusing = Bench("Test")
    answer = refusing.change(name="New", **other)
    assert (answer.status_code, answer.json()) == (400, CHANGE_REFUSED)
    ignoring = Bench("Test", extra_changes="ignored")
    assert ignoring.change(name="New", **other).status_code == 202
    assert ignoring.env("New").type == "Test"
    applying = Bench("Test", extra_changes="applied")
    assert applying.change(name="New", type="deployment_environment", **other).status_code == 202
    document = applying.client.get(applying.at("New")).json()
    assert document["environment_type"]["name"] == "Staging"
    assert document["hidden"] is True
    assert applying.change("New", environment_type="Test").status_code == 400
    assert applying.change("New", rank=7).status_code == 202


@pytest.mark.parametrize(
    "body", [{}, {"change": []}, {"name": "New"}, {"change": {"name": ""}}, {"change": None}]
)
def test_a_change_without_the_change_object_is_refused(body: Json) -> None:
    bench = Bench("Test")
    answer = bench.client.post(f"{bench.at()}/changes", json=body)
    assert answer.status_code == 400
    assert answer.json()["key"] == "deploy-service.request.validation-error"


@pytest.mark.parametrize(
    ("clash", "status"),
    [
        ("400", 400),
        ("409", 409),
        ("ignored", 202),
    ],
)
def test_renaming_onto_an_existing_name(clash: str, status: int) -> None:
    bench = Bench("Test", "Other", rename_clash=clash)
    assert bench.change(name="other").status_code == status
    assert bench.repo.names() == ["Test", "Other"]
    assert bench.change(name="TEST").status_code == 202  # its own name in another case
    assert bench.repo.names() == ["TEST", "Other"]


@pytest.mark.parametrize(
    ("deletion", "read", "listed"),
    [
        ("gone", 404, 0),
        ("readable", 200, 0),
        ("listed", 200, 1),
    ],
)
def test_a_deleted_environment_is_gone_readable_or_listed(
    deletion: str, read: int, listed: int
) -> None:
    bench = Bench("Test", deletion=deletion)
    bench.env().set_variable("A", "b")
    at, variables = bench.at(), bench.variables()
    assert bench.client.delete(at).status_code == 204
    assert bench.client.delete(at).status_code == 404
    answer = bench.client.get(at)
    assert answer.status_code == read
    if read == 200:
        assert answer.json()["name"].startswith("Test-deleted-")
    assert len(bench.listed()) == listed
    assert "Test" not in bench.listed()
    assert bench.client.get(variables).json()["values"] == []
    assert bench.create("Test").status_code == 201


def test_the_list_may_lag_behind_writes() -> None:
    bench = Bench("Test", environment_list_lag_seconds=2.0)
    created = bench.create("New")
    assert bench.listed() == ["Test"]
    assert bench.client.get(created.headers["Location"]).status_code == 200
    bench.clock.advance(1)
    bench.client.delete(bench.at("New"))
    bench.clock.advance(1)
    assert bench.listed() == ["Test"]
    bench.change(name="Newest")
    assert bench.listed() == ["Test"]
    bench.clock.advance(2)
    assert bench.listed() == ["Newest"]


def test_the_list_may_be_empty_after_a_write() -> None:
    bench = Bench("Test", empty_environment_lists=2, environment_list_lag_reads=1)
    bench.create("New")
    assert [bench.listed() for _ in range(4)] == [[], [], ["Test"], ["Test", "New"]]


def test_state_can_be_read_and_written_directly() -> None:
    bench = Bench("Test")
    with pytest.raises(KeyError):
        bench.env("Other")
    with pytest.raises(ValueError, match="QA"):
        bench.repo.add_environment("Other", "QA")
    with pytest.raises(ValueError, match="exists"):
        bench.sim.add_repository("acme", "shop")
    bench.env().rename("Test")
    bench.env().restrict(admin_only=False)
    assert len(bench.sim.events) == 1
    assert bench.sim.events[0].request is None
