"""Variables and branch patterns."""

import httpx
import pytest

from simulator.http import Json
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from simulator.state.journal import EventKind
from tests.simulator.harness import Bench


def test_the_life_of_a_variable() -> None:
    bench = Bench("Test")
    created = bench.set("COUNTRY", "Kenya")
    assert created.status_code == 201
    uuid = bench.env().variables["COUNTRY"].uuid
    assert created.json() == {
        "accountUuid": bench.repo.workspace_uuid,
        "environmentUuid": bench.env().uuid,
        "key": "COUNTRY",
        "secured": False,
        "uuid": uuid,
        "value": "Kenya",
    }
    at = created.headers["Location"]
    page = bench.client.get(bench.variables()).json()
    assert page["values"] == [
        {
            "type": "pipeline_variable",
            "uuid": uuid,
            "key": "COUNTRY",
            "value": "Kenya",
            "secured": False,
        }
    ]
    assert bench.client.get(at).status_code == 405
    updated = bench.client.put(at, json={"value": "Togo"})
    assert (updated.status_code, updated.json()["value"]) == (200, "Togo")
    bench.set("OTHER")
    renamed = bench.client.put(at, json={"key": "LAND", "value": "Togo", "secured": False})
    assert renamed.json()["key"] == "LAND"
    assert bench.keys() == ["LAND", "OTHER"]
    assert bench.client.delete(at).status_code == 204
    assert bench.client.delete(at).status_code == 404
    assert bench.client.put(at, json={"value": "x"}).status_code == 404
    assert [each.kind for each in bench.sim.events][1:] == [
        EventKind.VARIABLE_CREATED,
        EventKind.VARIABLE_UPDATED,
        EventKind.VARIABLE_CREATED,
        EventKind.VARIABLE_UPDATED,
        EventKind.VARIABLE_DELETED,
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"value": "x"},
        {"key": "1A", "value": "x"},
        {"key": "A.B", "value": "x"},
        {"key": 1, "value": "x"},
        {"key": "A"},
        {"key": "A", "value": 1},
        {"key": "A", "value": "x", "secured": "yes"},
    ],
)
def test_a_malformed_variable_answers_400(body: Json) -> None:
    bench = Bench("Test")
    answer = bench.client.post(bench.variables(), json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["data"]["key"] == "variable-service.variable.invalid"
    assert not bench.env().variables


def test_keys_with_dots_and_dashes() -> None:
    bench = Bench("Test", variable_keys="dots-and-dashes")
    assert bench.set("A.B-C").status_code == 201


@pytest.mark.parametrize(("verdict", "status"), [("accepted", 201), ("refused", 400)])
def test_an_empty_value(verdict: str, status: int) -> None:
    bench = Bench("Test", empty_value=verdict)
    assert bench.set("A", "").status_code == status


def test_a_key_that_exists_answers_409() -> None:
    bench = Bench("Test")
    bench.set("A")
    answer = bench.set("A", "other")
    assert answer.status_code == 409
    assert answer.json()["error"]["data"]["key"] == "variable-service.variable.duplicate"
    assert bench.set("a").status_code == 201
    at = f"{bench.variables()}/{bench.env().variables['A'].uuid}"
    assert bench.client.put(at, json={"key": "a"}).status_code == 409
    strict = Bench("Test", variable_key_clash="casefold", duplicate_variable_shape="text")
    strict.set("A")
    refused = strict.set("a")
    assert (refused.status_code, refused.text) == (409, "Conflict")


@pytest.mark.parametrize("shows_uuid", [True, False])
def test_the_409_may_name_the_uuid_of_the_existing_variable(*, shows_uuid: bool) -> None:
    bench = Bench("Test", duplicate_variable_external_id=shows_uuid)
    bench.set("A")
    error = bench.set("A", "other").json()["error"]
    assert error["message"] == "Conflict"
    assert error["detail"].startswith("A variable with the key provided already exists")
    uuid = bench.env().variables["A"].uuid
    assert error["data"]["arguments"] == ({"externalId": uuid} if shows_uuid else {})


def test_the_life_of_a_variable_of_a_repository() -> None:
    bench = Bench("Test")
    path = "/repositories/acme/shop/pipelines_config/variables"
    created = bench.client.post(path, json={"key": "REGION", "value": "eu", "secured": False})
    uuid = bench.repo.variables["REGION"].uuid
    shown = {
        "type": "pipeline_variable",
        "uuid": uuid,
        "key": "REGION",
        "value": "eu",
        "secured": False,
    }
    assert (created.status_code, created.json()) == (201, shown)
    at = created.headers["Location"]
    assert bench.client.get(at).json() == shown
    assert bench.client.get(path).json()["values"] == [shown]
    duplicate = bench.client.post(path, json={"key": "REGION", "value": "us"})
    assert duplicate.status_code == 409
    assert duplicate.json()["error"]["data"]["arguments"] == {"externalId": uuid}
    assert bench.client.put(at, json={"value": "us", "secured": True}).json()["secured"]
    assert bench.env().variables == {}
    assert bench.client.delete(at).status_code == 204
    assert bench.client.get(at).status_code == 404
    kinds = [EventKind.VARIABLE_CREATED, EventKind.VARIABLE_UPDATED, EventKind.VARIABLE_DELETED]
    assert [(each.kind, each.subject) for each in bench.sim.events[1:]] == [
        (kind, "shop") for kind in kinds
    ]
    assert all(each.details["environment"] is None for each in bench.sim.events[1:])


def test_the_list_of_a_repository_may_lag_too() -> None:
    bench = Bench(variable_list_lag_reads=1)
    path = "/repositories/acme/shop/pipelines_config/variables"
    bench.client.post(path, json={"key": "A", "value": "b"})
    assert [bench.client.get(path).json()["size"] for _ in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("absent", {}),
        ("null", {"value": None}),
        ("empty", {"value": ""}),
    ],
)
def test_a_secured_value_is_never_shown(how: str, shown: dict[str, Json]) -> None:
    bench = Bench("Test", secured_value_in_lists=how, secured_value_in_answers=how)
    created = bench.set("TOKEN", "secret", secured=True).json()
    listed = bench.client.get(bench.variables()).json()["values"][0]
    for document in (created, listed):
        assert {k: v for k, v in document.items() if k == "value"} == shown
    assert bench.env().variables["TOKEN"].value == "secret"


def test_the_documented_201_of_a_variable_has_a_type() -> None:
    bench = Bench("Test", created_variable="documented")
    assert bench.set("A", "b").json()["type"] == "pipeline_variable"


@pytest.mark.parametrize(
    ("how", "status", "becomes"),
    [
        ("sticks", 200, True),
        ("ignored", 200, False),
        ("refused", 400, False),
    ],
)
def test_plain_to_secured_by_put(how: str, status: int, *, becomes: bool) -> None:
    bench = Bench("Test", secured_change=how)
    at = bench.set("A", "plain").headers["Location"]
    body = {"key": "A", "value": "secret", "secured": True}
    assert bench.client.put(at, json=body).status_code == status
    assert bench.env().variables["A"].secured is becomes


def test_secured_to_plain_needs_the_value() -> None:
    bench = Bench("Test")
    at = bench.set("A", "secret", secured=True).headers["Location"]
    assert bench.client.put(at, json={"secured": False}).status_code == 400
    assert bench.client.put(at, json={"secured": False, "value": "open"}).status_code == 200
    assert bench.env().variables["A"].value == "open"


def test_the_list_may_lag_while_a_creation_answers_409() -> None:
    bench = Bench("Test", variable_list_lag_reads=1, empty_variable_lists=1)
    bench.env().set_variable("OLD", "v")
    bench.set("NEW")
    assert bench.set("NEW").status_code == 409
    assert [bench.keys() for _ in range(3)] == [[], ["OLD"], ["OLD", "NEW"]]
    bench.client.delete(f"{bench.variables()}/{bench.env().variables['OLD'].uuid}")
    assert [bench.keys() for _ in range(3)] == [[], ["OLD", "NEW"], ["NEW"]]


def test_the_list_may_lag_by_seconds() -> None:
    bench = Bench("Test", variable_list_lag_seconds=3.0)
    bench.set("NEW")
    assert bench.keys() == []
    bench.clock.advance(3)
    assert bench.keys() == ["NEW"]


NOWHERE = (
    "/repositories/acme/shop/deployments_config/environments"
    "/%7B00000000-0000-4000-8000-000000000000%7D/variables"
)


def test_variables_of_an_unknown_environment_look_like_none_and_can_be_created() -> None:
    bench = Bench("Test")
    assert bench.client.get(NOWHERE).json()["values"] == []
    created = bench.client.post(NOWHERE, json={"key": "A", "value": "b"})
    assert created.status_code == 201
    assert created.json()["environmentUuid"] == "{00000000-0000-4000-8000-000000000000}"
    assert bench.client.get(NOWHERE).json()["size"] == 1
    assert bench.env().variables == {}
    assert bench.client.get(NOWHERE.replace("%7B0", "%7Bx")).status_code == 404


def test_variables_of_an_unknown_environment_may_answer_404() -> None:
    bench = Bench("Test", unknown_environment_variables="404")
    assert bench.client.get(NOWHERE).status_code == 404
    assert bench.client.post(NOWHERE, json={"key": "A", "value": "b"}).status_code == 404


def test_variables_may_answer_404_right_after_creation() -> None:
    by_requests = Bench(variables_404_requests=2)
    by_requests.create("Test")
    at = by_requests.variables()
    assert [by_requests.client.get(at).status_code for _ in range(3)] == [404, 404, 200]
    by_seconds = Bench(variables_404_seconds=1.0)
    by_seconds.create("Test")
    assert by_seconds.set("A").status_code == 404
    by_seconds.clock.advance(1)
    assert by_seconds.set("A").status_code == 201


def test_variables_can_be_set_directly() -> None:
    bench = Bench("Test")
    first = bench.env().set_variable("A", "1")
    assert bench.env().set_variable("A", "2", secured=True) is first
    assert (first.value, first.secured) == ("2", True)
    bench.env().remove_variable("A")
    with pytest.raises(KeyError):
        bench.env().remove_variable("A")


def test_the_life_of_a_branch_pattern() -> None:
    bench = Bench("Test")
    at = bench.branches()
    body = {"pattern": "release/*", "type": "branch_restriction_pattern"}
    created = bench.client.post(at, json=body)
    uuid = bench.env().branches["release/*"]
    assert created.status_code == 201
    assert created.json() == {
        "environmentUuid": bench.env().uuid,
        "pattern": "release/*",
        "type": "branch_restriction_pattern",
        "uuid": uuid,
    }
    assert bench.client.get(at).json() == {"values": [{"uuid": uuid, "pattern": "release/*"}]}
    assert bench.client.post(at, json=body).status_code == 409
    assert bench.client.post(at, json={"pattern": " "}).status_code == 400
    assert bench.client.delete(f"{at}{uuid}").status_code == 204
    assert bench.client.delete(f"{at}{uuid}").status_code == 404
    kinds = [each.kind for each in bench.sim.events][1:]
    assert kinds == [EventKind.BRANCH_ADDED, EventKind.BRANCH_REMOVED]
    assert bench.env().add_branch("main") == bench.env().add_branch("main")


def test_the_internal_endpoint_may_take_bearer_tokens_only() -> None:
    bench = Bench("Test", branch_endpoint="bearer-only")
    assert bench.client.get(bench.branches()).status_code == 200
    basic = httpx.BasicAuth(DEMO_EMAIL, DEMO_API_TOKEN)
    refused = bench.client.get(bench.branches(), auth=basic)
    assert refused.status_code == 403
    assert "authentication mechanism" in refused.json()["error"]["message"]


@pytest.mark.parametrize("status", ["401", "404"])
def test_the_internal_endpoint_may_be_closed(status: str) -> None:
    bench = Bench("Test", branch_endpoint=status)
    assert bench.client.get(bench.branches()).status_code == int(status)
    assert bench.client.post(bench.branches(), json={}).status_code == int(status)
