"""Every request gets an answer; none makes the simulator fail."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.routes import ROUTES
from simulator.app import handle
from simulator.behaviour.profiles import PROFILES
from simulator.http import Request, Response
from tests.simulator.harness import BEARER, Bench

KEYS = [
    *("name", "environment_type", "restrictions", "admin_only", "change", "type", "enabled"),
    *("key", "value", "secured", "pattern", "content", "raw", "title", "details", "report_type"),
    *("result", "data", "external_id", "summary", "annotation_type", "line", "fault", "seconds"),
]
VALUES = st.sampled_from(["Test", "New", "A", "TEST", "PASSED", "BUG", "report", "\ud800", "", "é"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 11) | st.floats(allow_nan=False) | VALUES
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode())
QUERIES = st.sampled_from(
    ["", "page=2", "pagelen=1&page=9999999999999", "fields=a.b,-c,.", "q=x", "sort=-slug", "%ff&&="]
)
CONTROLS = st.sampled_from(
    ["", "state", "requests", "events", "faults", "edit", "seed", "switches"]
)


@pytest.mark.parametrize("profile", PROFILES)
@given(
    data=st.data(),
    calls=st.lists(
        st.tuples(
            st.sampled_from(ROUTES),
            st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
            QUERIES,
            BODIES,
        ),
        max_size=6,
    ),
)
def test_every_call_is_answered(
    profile: str, data: st.DataObject, calls: list[tuple[object, str, str, bytes]]
) -> None:
    bench = Bench("Test", profile=PROFILES[profile])
    bench.repo.add_pull_request(1)
    known = {
        "workspace": "acme",
        "repository": "shop",
        "environment": bench.env().uuid,
        "variable": bench.env().set_variable("A", "b").uuid,
        "restriction": bench.env().add_branch("main"),
        "commit": "0123abc",
        "pull_request": "1",
        "comment": "1",
    }
    for route, method, query, body in calls:
        segments = [
            data.draw(
                st.sampled_from([known.get(each[1:-1], "x"), known.get(each[1:-1], "x"), "?"])
            )
            if each.startswith("{")
            else each
            for each in route.segments  # type: ignore[attr-defined]  # drawn from the routes
        ]
        path = "/" + "/".join(quote(each) for each in segments)
        request = Request(
            method=method, path=path, query=query, headers=tuple(BEARER.items()), body=body
        )
        reply = handle(bench.sim, request)
        assert isinstance(reply, Response)
        assert 200 <= reply.status < 500
    json.dumps(bench.sim.snapshot())


@given(name=CONTROLS, method=st.sampled_from(["GET", "POST"]), query=QUERIES, body=BODIES)
def test_every_control_call_is_answered(name: str, method: str, query: str, body: bytes) -> None:
    bench = Bench()
    path = f"/_simulator/{name}"
    reply = handle(bench.sim, Request(method=method, path=path, query=query, body=body))
    assert isinstance(reply, Response)
    assert reply.status in {200, 204, 400, 405}


def test_a_body_too_deep_to_read_answers_400() -> None:
    bench = Bench()
    deep = b"[" * 200_000
    headers = {"Content-Type": "application/json"}
    assert bench.client.post(bench.environments, content=deep, headers=headers).status_code == 400
