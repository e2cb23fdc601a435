"""Repositories, Pipelines, reports and comments."""

from typing import Any

import httpx
import pytest

from simulator.api.call import Call
from simulator.api.handler import PROXY
from simulator.behaviour.switches import Switches
from simulator.http import Json, Request
from simulator.state.journal import EventKind
from simulator.transport import InProcessTransport
from tests.simulator.harness import Bench

REPORT: dict[str, Any] = {
    "type": "report",
    "title": "Environments",
    "details": "No drift",
    "report_type": "TEST",
    "result": "PASSED",
}
ANNOTATION: dict[str, Any] = {
    "external_id": "1",
    "annotation_type": "BUG",
    "summary": "drift",
    "path": "a.yml",
    "line": 3,
}
AT = "/repositories/acme/shop/commit/0123abc/reports/environments"
COMMENTS = "/repositories/acme/shop/pullrequests/7/comments"


def fleet() -> Bench:
    bench = Bench()
    for number in range(12):
        project = "PLAT" if number % 2 else "OTHER"
        bench.sim.add_repository("acme", f"svc-{number:02}", project=project)
    return bench


def slugs(bench: Bench, **query: str | int) -> list[str]:
    params = {"pagelen": 100, **query}
    answer = bench.client.get("/repositories/acme", params=params)
    return [each["slug"] for each in answer.json()["values"]]


def test_repositories_are_listed_filtered_and_sorted() -> None:
    bench = fleet()
    assert len(slugs(bench)) == 13
    assert slugs(bench, q='project.key="PLAT"') == [f"svc-{n:02}" for n in range(1, 12, 2)]
    assert slugs(bench, q='slug ~ "SVC-1" AND project.key != "PLAT"') == ["svc-10"]
    assert slugs(bench, q='full_name = "acme/shop"') == ["shop"]
    assert slugs(bench, q='name !~ "svc"') == ["shop"]
    assert slugs(bench, q=f'uuid = "{bench.repo.uuid}"') == ["shop"]
    assert slugs(bench, sort="-slug")[0] == "svc-11"
    assert slugs(bench, sort="slug")[0] == "shop"


@pytest.mark.parametrize("query", [{"q": "name"}, {"q": 'size = "1"'}, {"sort": "size"}])
def test_an_invalid_query_is_refused(query: dict[str, str]) -> None:
    assert fleet().client.get("/repositories/acme", params=query).status_code == 400


def test_the_links_of_repositories_are_always_right() -> None:
    bench = fleet()
    bench.sim.switches = Switches(next_links="missing", page_has_size=False)
    page = bench.client.get("/repositories/acme").json()
    assert (len(page["values"]), page["size"]) == (10, 13)
    assert len(bench.client.get(page["next"]).json()["values"]) == 3


def test_fields_selects_fields() -> None:
    bench = fleet()
    get = bench.client.get
    page = get("/repositories/acme?fields=next,values.slug,values.project.key").json()
    assert page["values"][0] == {"slug": "shop", "project": {"key": "PROJ"}}
    assert set(page) == {"next", "values"}
    shorter = get("/repositories/acme/shop?fields=-links,-project.name,%2Bowner").json()
    assert "links" not in shorter
    assert shorter["project"] == {"type": "project", "key": "PROJ"}
    one = get("/repositories/acme/shop?fields=project.*,slug.nothing").json()
    assert one == {"project": {"type": "project", "key": "PROJ", "name": "PROJ"}, "slug": "shop"}
    dropped = get("/repositories/acme?fields=-values.links,-size.nothing").json()
    assert "links" not in dropped["values"][0]
    assert dropped["size"] == 13


def test_a_repository_and_its_workspace() -> None:
    bench = Bench()
    repository = bench.client.get("/repositories/acme/shop").json()
    assert repository["full_name"] == "acme/shop"
    assert bench.client.get(repository["links"]["self"]["href"]).json() == repository
    workspace = bench.client.get("/workspaces/acme").json()
    assert workspace["slug"] == "acme"


def test_pipelines_config_answers_404_until_pipelines_was_enabled_once() -> None:
    bench = Bench("test")
    at = "/repositories/acme/shop/pipelines_config"
    assert bench.client.get(at).status_code == 404
    assert bench.client.put(at, json={"enabled": "yes"}).status_code == 400
    assert bench.client.put(at, json={"enabled": True}).json()["enabled"] is True
    assert bench.repo.names() == ["test", "Staging", "Production"]
    assert bench.client.put(at, json={"enabled": False}).status_code == 200
    assert bench.client.get(at).json()["enabled"] is False
    bench.client.put(at, json={"enabled": True})
    bench.client.put(at, json={"enabled": True})
    kinds = [each.kind for each in bench.sim.events if "pipelines" in each.kind]
    assert kinds == [
        EventKind.PIPELINES_ENABLED,
        EventKind.PIPELINES_DISABLED,
        EventKind.PIPELINES_ENABLED,
    ]


def test_the_configuration_may_lag_after_a_write() -> None:
    bench = Bench(pipelines_config_lag_seconds=2.0)
    at = "/repositories/acme/shop/pipelines_config"
    assert bench.client.put(at, json={"enabled": True}).json()["enabled"] is True
    assert bench.client.get(at).status_code == 404
    bench.clock.advance(2)
    bench.client.put(at, json={"enabled": False})
    assert bench.client.get(at).json()["enabled"] is True
    bench.clock.advance(2)
    assert bench.client.get(at).json()["enabled"] is False


def test_a_new_repository_may_answer_404() -> None:
    bench = Bench(new_repository_404_seconds=5.0)
    assert bench.client.get(bench.environments).status_code == 404
    bench.clock.advance(5)
    assert bench.client.get(bench.environments).status_code == 200


@pytest.mark.parametrize("status", ["301", "302", "308", "404"])
def test_a_renamed_repository(status: str) -> None:
    bench = Bench("Test", renamed_repository=status)
    bench.sim.world.rename_repository("acme/shop", "store")
    answer = bench.client.get(f"{bench.environments}?pagelen=100")
    assert answer.status_code == int(status)
    expected = "https://api.bitbucket.org/2.0/repositories/acme/store/environments?pagelen=100"
    assert answer.headers.get("Location") == (None if status == "404" else expected)
    assert bench.create("New").status_code == int(status)
    assert bench.client.get(expected).json()["size"] == 1
    bench.env().set_variable("A", "b")
    assert bench.sim.events[-1].repository == "acme/store"


def test_a_renamed_repository_that_the_caller_cannot_see_is_not_found() -> None:
    bench = Bench()
    bench.sim.world.rename_repository("acme/shop", "store")
    bench.repo.visible = False
    assert bench.client.get(bench.environments).status_code == 404


def test_calls_that_scripts_make_on_their_way_are_read_only() -> None:
    bench = Bench()
    bench.sim.add_workspace("closed", access="forbidden")
    assert bench.client.get("/user").json()["type"] == "user"
    (found,) = bench.client.get("/user/workspaces").json()["values"]
    assert found["workspace"]["slug"] == "acme"
    for path in (
        "/repositories/acme/shop/deployments",
        "/workspaces/acme/pipelines-config/variables",
    ):
        assert bench.client.get(path).json()["values"] == []
        assert bench.client.post(path, json={}).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/workspaces",
        "/repositories",
        "/user/permissions/repositories",
        "/user/permissions/workspaces",
    ],
)
def test_removed_calls_answer_410(path: str) -> None:
    answer = Bench().client.get(path)
    assert answer.status_code == 410
    document = answer.json()
    assert document["error"]["message"] == "CHANGE-2770 - Functionality has been deprecated"
    assert document["data"] == document["error"]["data"]
    assert list(document["data"]) == ["announcement_url"]


def test_the_default_environments_may_not_appear_or_appear_late() -> None:
    at = "/repositories/acme/shop/pipelines_config"
    without = Bench(enabling_creates_defaults=False)
    without.client.put(at, json={"enabled": True})
    assert without.repo.names() == []
    late = Bench(environment_list_lag_reads=1)
    late.client.put(at, json={"enabled": True})
    assert [late.listed() for _ in range(2)] == [[], ["Test", "Staging", "Production"]]


def test_the_life_of_a_report() -> None:
    bench = Bench()
    client = bench.client
    assert client.get(AT).status_code == 404
    first = client.put(AT, json=REPORT)
    assert first.status_code == 200
    bench.clock.advance(60)
    second = client.put(AT, json=REPORT | {"result": "FAILED"})
    assert second.json()["uuid"] == first.json()["uuid"]
    assert second.json()["created_on"] == first.json()["created_on"]
    assert client.get(AT).json()["result"] == "FAILED"
    written = client.post(f"{AT}/annotations", json=[ANNOTATION, ANNOTATION | {"external_id": "2"}])
    assert [each["external_id"] for each in written.json()] == ["1", "2"]
    client.post(f"{AT}/annotations", json=[ANNOTATION | {"summary": "again"}])
    listed = client.get(f"{AT}/annotations").json()["values"]
    assert [each["summary"] for each in listed] == ["again", "drift"]
    state: Any = bench.sim.snapshot()
    assert state["repositories"]["acme/shop"]["reports"]
    assert client.delete(AT).status_code == 204
    assert client.delete(AT).status_code == 404
    assert client.get(f"{AT}/annotations").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"details": None},
        {"report_type": "OTHER"},
        {"result": "MAYBE"},
        {"data": [{}] * 11},
        {"data": {}},
    ],
)
def test_a_malformed_report_answers_400(change: dict[str, Json]) -> None:
    bench = Bench()
    assert bench.client.put(AT, json=REPORT | change).status_code == 400


def test_the_type_of_a_report_and_the_commit() -> None:
    bench = Bench(body_type_required=True)
    without = {key: value for key, value in REPORT.items() if key != "type"}
    assert bench.client.put(AT, json=without).status_code == 400
    assert bench.client.put(AT, json=REPORT).status_code == 200
    assert bench.client.put(AT.replace("0123abc", "main"), json=REPORT).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        ["drift"],
        [ANNOTATION] * 101,
        [ANNOTATION | {"external_id": ""}],
        [ANNOTATION | {"summary": 1}],
        [ANNOTATION | {"annotation_type": "DRIFT"}],
        [ANNOTATION | {"severity": "AWFUL"}],
        [ANNOTATION | {"result": "MAYBE"}],
        [ANNOTATION | {"line": 0}],
        [ANNOTATION | {"line": "1"}],
    ],
)
def test_malformed_annotations_answer_400(body: Json) -> None:
    bench = Bench()
    bench.client.put(AT, json=REPORT)
    assert bench.client.post(f"{AT}/annotations", json=body).status_code == 400


def test_the_proxy_serves_reports_only_without_credentials() -> None:
    bench = Bench()
    transport = InProcessTransport(bench.sim, proxy=True)
    client = httpx.Client(transport=transport, base_url="http://api.bitbucket.org/2.0")
    assert client.put(AT, json=REPORT).status_code == 200
    assert client.post(f"{AT}/annotations", json=[ANNOTATION]).status_code == 200
    assert client.get(bench.environments).status_code == 401
    assert client.get("/nothing").status_code == 401
    direct = httpx.Client(transport=InProcessTransport(bench.sim))
    assert direct.get(f"http://api.bitbucket.org/2.0{AT}").status_code == 401


def test_the_life_of_a_comment() -> None:
    bench = Bench()
    client = bench.client
    assert client.get(COMMENTS).status_code == 404
    bench.repo.add_pull_request(7)
    created = client.post(COMMENTS, json={"content": {"raw": "hello"}})
    assert created.status_code == 201
    assert created.json()["content"]["raw"] == "hello"
    at = created.headers["Location"]
    assert client.get(at).json() == created.json()
    updated = client.put(at, json={"content": {"raw": "again"}})
    assert (updated.status_code, updated.json()["id"]) == (200, 1)
    assert client.get(COMMENTS).json()["size"] == 1
    assert client.delete(at).status_code == 204
    assert client.delete(at).status_code == 404
    assert client.get(COMMENTS).json()["size"] == 0
    assert client.get(f"{COMMENTS}/x").status_code == 404
    assert client.get(COMMENTS.replace("7", "x")).status_code == 404


@pytest.mark.parametrize("body", [{}, {"content": "hello"}, {"content": {"raw": " "}}])
def test_a_comment_without_text_answers_400(body: Json) -> None:
    bench = Bench()
    bench.repo.add_pull_request(7)
    assert bench.client.post(COMMENTS, json=body).status_code == 400


def test_the_repository_of_a_route_without_one_is_an_error() -> None:
    bench = Bench()
    call = Call(
        sim=bench.sim,
        request=Request(method="GET", path="/2.0/workspaces/acme"),
        caller=PROXY,
        arguments={"workspace": "acme"},
        found_workspace=bench.sim.world.workspaces["acme"],
        found_repository=None,
    )
    with pytest.raises(LookupError, match=r"/2\.0/workspaces/acme"):
        _ = call.repository
