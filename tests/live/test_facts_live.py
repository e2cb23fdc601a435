"""Questions that the documentation leaves open, put to the real Bitbucket and written down.

A test here fails only where the answer is none that the pipe is prepared for.
"""

from collections.abc import Generator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from tests.live.facts import Facts
from tests.live.workspace import Workspace, after


@pytest.fixture
def path(place: Workspace, request: pytest.FixtureRequest) -> str:
    """An environment of the test's own."""
    return place.created(place.name(str(request.node.originalname).replace("test_", "fact_")[:30]))


def refusal(answer: httpx.Response) -> str:
    """Return what a refusal says; nothing of what succeeded, which names accounts."""
    return "" if answer.is_success else f"{answer.status_code} {answer.text}"


def shape(answer: httpx.Response) -> str:
    """Name the shape of an error as the simulator does."""
    if not answer.content:
        return "empty"
    try:
        body: Any = answer.json()
    except ValueError:
        return "html" if "<" in answer.text[:100] else "text"
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "service"
    return next((each for each in ("data", "detail", "fields") if each in error), "message")


def test_creating_a_name_that_exists(place: Workspace, path: str, facts: Facts) -> None:
    name = place.client.get(path).json()["name"]
    same, other_case = place.create(name), place.create(name.upper())

    facts.note("duplicate_status", str(same.status_code), details=refusal(same))
    facts.note("duplicate_shape", shape(same))
    facts.note("name_clash", "exact" if other_case.status_code == 201 else "casefold")
    assert same.status_code in (400, 409)
    assert other_case.status_code in (201, 400, 409)


def test_restrictions_at_creation(place: Workspace, facts: Facts) -> None:
    answer = place.create(place.name("born"), restrictions={"admin_only": True})
    assert answer.status_code in (201, 402, 403), answer.text
    honoured = answer.status_code == 201 and answer.json()["restrictions"]["admin_only"]
    facts.note("admin_only_at_creation", "honoured" if honoured else "ignored")
    facts.note("body_type_required", value=answer.status_code == 400)


def test_changes(place: Workspace, path: str, facts: Facts) -> None:
    restricted = place.change(path, restrictions={"admin_only": True})
    assert restricted.status_code in (202, 402, 403), restricted.text
    if restricted.status_code == 202:
        assert restricted.content == b""
        looks = after(lambda: place.admin_only(path))
        facts.note("plan", "premium" if looks is not None else "ignored")
        facts.note("change_lag_reads", looks or 0)
    else:
        facts.note("plan", str(restricted.status_code), details=refusal(restricted))

    name = place.client.get(path).json()["name"]
    noop = place.change(path, name=name)
    facts.note("noop_change", "accepted" if noop.is_success else "refused", details=refusal(noop))
    new = place.name("combined")
    both = place.change(path, name=new, restrictions={"admin_only": False})
    accepted = both.is_success
    facts.note("combined_change", "accepted" if accepted else "refused", details=refusal(both))
    rank = place.change(path, rank=7)
    facts.note("extra_changes", "ignored" if rank.is_success else "refused", details=refusal(rank))


def test_renaming_onto_a_name_that_exists(place: Workspace, path: str, facts: Facts) -> None:
    taken = place.name("taken")
    place.created(taken)
    answer = place.change(path, name=taken)
    assert answer.status_code in (202, 400, 409), answer.text
    status = "ignored" if answer.status_code == 202 else str(answer.status_code)
    facts.note("rename_clash", status, details=refusal(answer))


def test_lists(place: Workspace, path: str, facts: Facts) -> None:
    uuid = place.client.get(path).json()["uuid"]
    looks = after(lambda: any(each["uuid"] == uuid for each in place.listed()))
    assert looks is not None
    facts.note("environment_list_lag_reads", looks)
    page = place.client.get(place.environments_path).raise_for_status().json()
    facts.note("page_has_size", value="size" in page)
    facts.note("page_has_pagelen", value="pagelen" in page)
    facts.note("page_has_number", value="page" in page)
    one = place.client.get(place.environments_path, params={"pagelen": "1"}).json()
    details = f"pagelen {one.get('pagelen')}, size {one.get('size')}, {len(one['values'])} values"
    facts.note("environment_pagelen_ignored", value=len(one["values"]) > 1, details=details)


def test_deleting(place: Workspace, path: str, facts: Facts) -> None:
    assert place.client.delete(path).status_code == 204
    listed = after(lambda: path.rpartition("/")[2] not in _uuids(place))
    readable = place.client.get(path).is_success
    left = "readable" if readable else "gone"
    facts.note("deletion", "listed" if listed is None else left)


def _uuids(place: Workspace) -> set[str]:
    return {each["uuid"].replace("{", "%7B").replace("}", "%7D") for each in place.listed()}


def test_variables(place: Workspace, path: str, facts: Facts) -> None:
    url = place.variables_path(path)
    looks = after(lambda: place.client.get(url).is_success)
    assert looks is not None
    facts.note("variables_404_requests", looks)

    def create(key: str, value: str, *, secured: bool = False) -> httpx.Response:
        body = {"key": key, "value": value, "secured": secured}
        return place.client.post(url, json=body)

    plain = create("COUNTRY", "Kenya")
    assert plain.status_code == 201
    camel = "environmentUuid" in plain.json()
    facts.note("created_variable", "camel-case" if camel else "documented")
    again = create("COUNTRY", "Ghana")
    assert again.status_code == 409, again.text
    facts.note("duplicate_variable_shape", shape(again), details=refusal(again))
    names_uuid = plain.json()["uuid"] in again.text
    facts.note("duplicate_variable_external_id", value=names_uuid)
    other_case = create("country", "Kenya")
    facts.note(
        "variable_key_clash",
        "exact" if other_case.is_success else "casefold",
        details=refusal(other_case),
    )
    empty = create("EMPTY", "")
    facts.note("empty_value", "accepted" if empty.is_success else "refused", details=refusal(empty))
    dotted = create("DOTTED.KEY-1", "x")
    facts.note("variable_keys", "dots-and-dashes" if dotted.is_success else "classic")

    secured = create("PASSWORD", "of-a-live-test", secured=True).raise_for_status().json()
    facts.note("secured_value_in_answers", _stored(secured))

    def listed() -> dict[str, Any]:
        page = place.client.get(url, params={"pagelen": "100"}).raise_for_status().json()
        return {each["key"]: each for each in page["values"]}

    looks = after(lambda: "PASSWORD" in listed())
    assert looks is not None
    facts.note("variable_list_lag_reads", looks)
    facts.note("secured_value_in_lists", _stored(listed()["PASSWORD"]))
    default = place.client.get(url).json().get("pagelen", "unknown")
    facts.note("variable_page_size", default)

    uuid = plain.json()["uuid"].replace("{", "%7B").replace("}", "%7D")
    put = place.client.put(
        f"{url}/{uuid}", json={"key": "COUNTRY", "value": "Kenya", "secured": True}
    )
    sticks = put.is_success and after(lambda: listed()["COUNTRY"]["secured"]) is not None
    refused = "ignored" if put.is_success else "refused"
    facts.note("secured_change", "sticks" if sticks else refused, details=refusal(put))


def test_variables_of_an_environment_that_does_not_exist(place: Workspace, facts: Facts) -> None:
    path = f"{place.environments_path}/{quote(f'{{{uuid4()}}}', safe='')}"
    answer = place.client.get(place.variables_path(path))  # a POST could leave a variable behind
    assert answer.status_code in (200, 404), answer.text
    seen = "404" if answer.status_code == 404 else "empty"
    facts.note("unknown_environment_variables", seen, details=answer.text)


def test_the_internal_endpoint_by_credential(place: Workspace, path: str, facts: Facts) -> None:
    """Bearer and Basic, as far as both are given."""
    url = f"{path.replace('/2.0/', '/internal/', 1)}/branch-restrictions/"
    statuses = {}
    for kind, header in place.authorizations().items():
        request = place.client.build_request("GET", url)
        statuses[kind] = place.client.send(request, auth=_Header(header)).status_code
    match statuses:
        case {"Bearer": 200, "Basic": 403}:
            seen = "bearer-only"
        case _:
            failed = [str(status) for status in statuses.values() if status != 200]
            seen = failed[0] if failed else "working"
    facts.note("branch_endpoint", seen, details=str(statuses))


class _Header(httpx.Auth):
    """Authenticate with this header instead of that of the client."""

    def __init__(self, authorization: str) -> None:
        self._authorization = authorization

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = self._authorization
        yield request


def _stored(variable: dict[str, Any]) -> str:
    if "value" not in variable:
        return "absent"
    return "null" if variable["value"] is None else "empty"


def test_limits_are_stated_to_access_tokens(place: Workspace, facts: Facts) -> None:
    answer = place.client.get(place.environments_path)
    stated = {
        name: value for name, value in answer.headers.items() if name.startswith("x-ratelimit")
    }
    if answer.request.headers["Authorization"].startswith("Bearer "):
        facts.note("rate_limit_headers", value=bool(stated), details=str(stated))
    assert all(stated.values())
