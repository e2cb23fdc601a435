"""Credentials, scopes, visibility and rate limits."""

import base64

import httpx
import pytest

from simulator.api.routes import ROUTES
from simulator.app import handle
from simulator.behaviour.switches import Switches
from simulator.http import Request, Response
from simulator.simulator import Simulator
from simulator.state import credentials as cr
from simulator.transport import InProcessTransport
from tests.simulator.harness import BEARER, Bench
from tests.support.clock import FakeClock

TOKEN_URL = "https://bitbucket.org/site/oauth2/access_token"
INVALID = "Token is invalid, expired, or not supported for this endpoint."


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def status(bench: Bench, authorization: str | None) -> int:
    bench.client.headers.pop("Authorization", None)
    headers = {} if authorization is None else {"Authorization": authorization}
    return bench.client.get(bench.environments, headers=headers).status_code


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (basic(cr.DEMO_EMAIL, cr.DEMO_API_TOKEN), 200),
        (f"Bearer {cr.DEMO_ACCESS_TOKEN}", 200),
        (f"bearer {cr.DEMO_ACCESS_TOKEN}", 200),
        (basic("user", "app-password"), 401),
        ("Basic !!", 401),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), 401),
        ("Bearer wrong", 401),
        ("Digest x", 401),
        (None, 401),
        (f"Bearer {cr.DEMO_OIDC_TOKEN}", 403),
    ],
)
def test_credentials_are_accepted_or_rejected(authorization: str | None, expected: int) -> None:
    assert status(Bench(), authorization) == expected


def test_a_401_has_bitbuckets_message() -> None:
    bench = Bench()
    answer = bench.client.get(bench.environments, headers={"Authorization": "Bearer wrong"})
    assert answer.json() == {"type": "error", "error": {"message": INVALID}}


def oauth(bench: Bench, secret: str = cr.DEMO_CLIENT_SECRET, **data: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", **data}
    return bench.client.post(TOKEN_URL, data=form, auth=(cr.DEMO_CLIENT_ID, secret))


def test_an_oauth_token_works_until_it_expires() -> None:
    bench = Bench(oauth_expires_in=60)
    answer = oauth(bench).json()
    assert answer["expires_in"] == 60
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert bench.client.get(bench.environments, headers=headers).status_code == 200
    bench.clock.advance(60)
    expired = bench.client.get(bench.environments, headers=headers)
    assert expired.status_code == 401
    assert expired.json()["error"]["message"] == "Access token expired."


def test_oauth_errors_have_the_shape_of_oauth() -> None:
    bench = Bench()
    wrong = oauth(bench, "wrong")
    assert wrong.status_code == 400
    assert wrong.json() == {
        "error": "unauthorized_client",
        "error_description": "Invalid OAuth client credentials",
    }
    assert oauth(bench, grant_type="password").json()["error"] == "unsupported_grant_type"
    assert bench.client.get(TOKEN_URL).status_code == 405
    bench.sim.credentials.add_consumer(cr.DEMO_CLIENT_ID, cr.DEMO_CLIENT_SECRET, private=False)
    assert oauth(bench).json()["error"] == "unauthorized_client"


def test_oauth_credentials_may_be_sent_in_the_form() -> None:
    bench = Bench()
    form = {
        "grant_type": "client_credentials",
        "client_id": cr.DEMO_CLIENT_ID,
        "client_secret": cr.DEMO_CLIENT_SECRET,
    }
    client = httpx.Client(transport=InProcessTransport(bench.sim))
    assert client.post(TOKEN_URL, data=form).status_code == 200


def test_a_missing_scope_answers_403_with_required_and_granted() -> None:
    bench = Bench("Test")
    scopes = frozenset({"admin:pipeline:bitbucket"})
    bench.sim.credentials.add_api_token("a@b.example", "narrow", scopes=scopes)
    headers = {"Authorization": basic("a@b.example", "narrow")}
    answer = bench.client.get(bench.environments, headers=headers)
    assert answer.status_code == 403
    assert answer.json() == {
        "type": "error",
        "error": {
            "message": "Your credentials lack one or more required privilege scopes.",
            "detail": {
                "required": ["read:pipeline:bitbucket"],
                "granted": ["admin:pipeline:bitbucket"],
            },
        },
    }
    assert bench.client.delete(bench.at(), headers=headers).status_code == 204
    bench.sim.switches = Switches(scopes_checked=False)
    assert bench.client.get(bench.environments, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("scope", "needed", "expected"),
    [
        ("pipeline:variable", "pipeline:write", 201),
        ("pipeline:write", "pipeline:write", 201),
        ("pipeline", "pipeline:write", 403),
        ("pipeline", "pipeline", 201),
        ("repository", "pipeline", 403),
    ],
)
def test_scopes_of_bearer_tokens_imply_one_another(scope: str, needed: str, expected: int) -> None:
    bench = Bench(bearer_write_scope=needed)
    bench.sim.credentials.add_access_token("narrow", scopes=frozenset({scope}))
    bench.client.headers["Authorization"] = "Bearer narrow"
    assert bench.create("New").status_code == expected


def test_invisible_repositories_answer_404() -> None:
    bench = Bench()
    bench.sim.add_repository("acme", "hidden", visible=False)
    bench.sim.credentials.add_access_token("other", repositories=frozenset({"acme/other"}))
    get = bench.client.get
    for slug in ("nope", "hidden", "%7Bnope%7D"):
        answer = get(f"/repositories/acme/{slug}/environments")
        assert answer.status_code == 404
        assert answer.json()["error"]["message"].endswith("not found")
    other = {"Authorization": "Bearer other"}
    assert get(bench.environments, headers=other).status_code == 404
    assert get("/repositories/acme", headers=other).json()["size"] == 0
    assert get("/repositories/nope/shop/environments").status_code == 404
    assert get("/repositories/%7Bnope%7D/shop/environments").status_code == 404


def test_a_workspace_may_answer_403_or_410() -> None:
    bench = Bench()
    bench.sim.add_workspace("acme", access="forbidden")
    assert bench.client.get(bench.environments).status_code == 403
    bench.sim.add_workspace("acme", access="removed")
    assert bench.client.get(bench.environments).status_code == 410


def test_workspaces_and_repositories_are_found_by_uuid_and_in_any_case() -> None:
    bench = Bench()
    uuids = f"/repositories/{bench.repo.workspace_uuid}/{bench.repo.uuid}/environments"
    assert bench.client.get(uuids).status_code == 200
    assert bench.client.get("/repositories/ACME/Shop/environments").status_code == 200


def test_unknown_paths_answer_404_and_unknown_methods_405() -> None:
    bench = Bench()
    for path in ("/users", "/repositories/acme/shop/nothing", "/repositories/a/b/c/d/e/f/g/h/i/j"):
        answer = bench.client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "Resource not found"
    refused = bench.client.patch(bench.environments)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, POST")


def test_braces_must_be_encoded() -> None:
    bench = Bench("Test")
    at = f"/2.0{bench.environments}/{bench.env().uuid}"  # httpx would encode them
    request = Request(method="GET", path=at, headers=tuple(BEARER.items()))
    refused = handle(bench.sim, request)
    assert isinstance(refused, Response)
    assert refused.status == 400
    bench.sim.switches = Switches(raw_braces="accepted")
    accepted = handle(bench.sim, request)
    assert isinstance(accepted, Response)
    assert accepted.status == 200


@pytest.mark.parametrize("tolerated", [False, True])
def test_trailing_slashes(*, tolerated: bool) -> None:
    slash = "tolerated" if tolerated else "observed"
    bench = Bench("Test", trailing_slash=slash)
    get = bench.client.get
    assert get(f"{bench.environments}/").status_code == 200
    assert get(f"{bench.at()}/").status_code == (200 if tolerated else 404)
    assert get(f"{bench.variables()}/").status_code == 200
    token = {"Authorization": basic(cr.DEMO_EMAIL, cr.DEMO_API_TOKEN)}
    answer = get(f"{bench.variables()}/", headers=token)
    assert answer.status_code == (200 if tolerated else 403)
    assert bench.change(name="New").status_code == 202


def test_no_route_both_accepts_a_slash_and_forbids_it() -> None:
    assert not [each for each in ROUTES if each.slash and each.slash_forbidden_to_tokens]


def test_the_rate_limit_rolls_over_an_hour() -> None:
    bench = Bench(rate_limit=2)
    get = bench.client.get
    assert get(bench.environments).headers["X-RateLimit-NearLimit"] == "false"
    bench.clock.advance(600)
    second = get(bench.environments)
    assert second.headers["X-RateLimit-Limit"] == "2"
    assert second.headers["X-RateLimit-NearLimit"] == "true"
    bench.sim.switches = Switches(rate_limit=3)
    missing = get("/repositories/acme/nope/environments")
    assert missing.headers["X-RateLimit-Limit"] == "3"  # errors have it too
    third = get(bench.environments)
    assert third.status_code == 429
    assert "Retry-After" not in third.headers
    other = {"Authorization": basic(cr.DEMO_EMAIL, cr.DEMO_API_TOKEN)}
    fresh = get(bench.environments, headers=other)
    assert fresh.status_code == 200
    assert "X-RateLimit-Limit" not in fresh.headers
    assert get("/workspaces/acme").status_code == 200  # only repositories count
    bench.clock.advance(3000)
    assert get(bench.environments).status_code == 200
    assert get(bench.environments).status_code == 429


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("absent", None),
        ("seconds", "3600"),
        ("date", "Fri, 15 Jan 2027 09:00:00 GMT"),
    ],
)
def test_headers_and_body_of_a_429(form: str, expected: str | None) -> None:
    bench = Bench(
        rate_limit=1,
        rate_limit_headers=False,
        rate_limit_retry_after=form,
        rate_limit_reset=True,
        rate_limit_body="text",
    )
    assert "X-RateLimit-Limit" not in bench.client.get(bench.environments).headers
    answer = bench.client.get(bench.environments)
    assert answer.text == "Rate limit for this resource has been exceeded"
    assert answer.headers.get("Retry-After") == expected
    assert answer.headers["x-ratelimit-reset"] == "3600"


def test_errors_in_the_published_shape() -> None:
    bench = Bench("Test", error_bodies="documented")
    bench.sim.credentials.add_access_token("narrow", scopes=frozenset())
    narrow = {"Authorization": "Bearer narrow"}
    denied = bench.client.get(bench.environments, headers=narrow).json()
    assert denied["error"]["data"]["required"] == ["pipeline"]
    missing = bench.client.get(f"{bench.environments}/%7Bnope%7D").json()
    assert missing["type"] == "error"
    assert missing["error"]["detail"] == "The environment could not be found."
    duplicate = bench.create("Test").json()
    assert duplicate["error"]["data"] == {"key": "deploy-service.environment.duplicate"}
    unknown = bench.client.get("/repositories/acme/nope/environments").json()
    assert unknown == {
        "type": "error",
        "error": {"message": "Repository acme/nope not found"},
    }


def test_a_fresh_simulator_is_deterministic() -> None:
    first, second = (Simulator(clock=FakeClock().time, random=7) for _ in range(2))
    for each in (first, second):
        each.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    assert first.snapshot() == second.snapshot()
