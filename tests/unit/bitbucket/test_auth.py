"""Authentication headers, OAuth tokens and their renewal."""

import threading
from base64 import b64decode
from typing import Final

import httpx
import pytest
from pydantic import SecretStr

from pipe.bitbucket.auth import (
    AccessToken,
    ApiToken,
    Credentials,
    Header,
    OAuthConsumer,
    describe_credentials,
)
from pipe.bitbucket.error_responses import WITHHELD
from pipe.bitbucket.rejections import rejection
from pipe.bitbucket.requests import Rejected
from pipe.bitbucket.transport import RetryPolicy
from pipe.models.errors import ExitCode, PipeError, RunOverError
from pipe.models.results import Counts
from tests.support.clock import FakeClock
from tests.unit.bitbucket.doubles import GET, SHOP, Line, Reply, connect

TOKEN_URL: Final = "https://bitbucket.example/site/oauth2/access_token"
SECRET: Final = "canary-client-secret"
CONSUMER: Final = OAuthConsumer(
    client_id="client", client_secret=SecretStr(SECRET), token_url=TOKEN_URL
)
EXPIRED: Final = {"type": "error", "error": {"message": "Access token expired."}}


class OAuthService:
    """Issues tokens, and answers requests as the test says."""

    def __init__(self, *grants: Reply, replies: list[Reply] | None = None) -> None:
        self._grants = list(grants)
        self._replies = replies or []
        self.grants: list[httpx.Request] = []
        self.tokens: list[str] = []

    def __call__(self, request: httpx.Request) -> Reply:
        if str(request.url) == TOKEN_URL:
            self.grants.append(request)
            if self._grants:
                return self._grants.pop(0)
            return granted(f"token-number-{len(self.grants)}", 7200)
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer token-number-"))
        return self._replies.pop(0) if self._replies else httpx.Response(200, json="fine")


def granted(token: object, expires_in: object) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "expires_in": expires_in})


def consumer_line(service: OAuthService, clock: FakeClock | None = None) -> Line:
    return connect(service, credentials=CONSUMER, clock=clock)


def problem_of(line: Line) -> PipeError:
    with pytest.raises(PipeError) as caught:
        line.transport.send(GET)
    return caught.value


def test_credentials_show_their_owner_but_no_secret() -> None:
    api_token = ApiToken(email="robot@acme.example", token=SecretStr(SECRET))
    access_token = AccessToken(token=SecretStr(SECRET))

    assert describe_credentials(api_token) == "API token of robot@acme.example"
    assert describe_credentials(access_token) == "access token"
    assert describe_credentials(CONSUMER) == "OAuth consumer client"
    for shown in (api_token, access_token, CONSUMER, Header(SECRET)):
        assert SECRET not in repr(shown)


def test_an_api_token_is_sent_as_basic() -> None:
    line = connect(
        [httpx.Response(200, json=1), httpx.Response(400, text="bad")],
        credentials=ApiToken(email="robot@acme.example", token=SecretStr("töken")),
    )

    line.transport.send(GET)

    scheme, _, value = line.requests[0].headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(value).decode() == "robot@acme.example:töken"
    assert line.redactor.mask_words(f"you sent {value}") == "you sent ***"


@pytest.mark.parametrize("token", ["", "with space", "with\nbreak", "with-ümlaut", "\x00"])
def test_a_token_that_no_header_can_carry_is_an_error_before_anything_is_sent(token: str) -> None:
    line = connect([], credentials=AccessToken(token=SecretStr(token)))

    problem = problem_of(line).problem

    assert (problem.key, problem.code) == ("credential-unusable", ExitCode.PERMISSION)
    assert line.requests == []


def test_an_expired_access_token_can_not_be_renewed() -> None:
    line = connect(
        [httpx.Response(401, json=EXPIRED)], credentials=AccessToken(token=SecretStr("t"))
    )

    assert line.transport.send(GET) is not None
    assert len(line.requests) == 1


def test_a_token_is_fetched_once_and_not_counted() -> None:
    service = OAuthService()
    line = consumer_line(service)

    line.transport.send(GET)
    line.transport.send(GET)

    assert service.tokens == ["1", "1"]
    (grant,) = service.grants
    assert grant.method == "POST"
    assert grant.content == b"grant_type=client_credentials"
    assert b64decode(grant.headers["Authorization"].removeprefix("Basic ")) == (
        f"client:{SECRET}".encode()
    )
    assert line.transport.counter.counts == Counts(total=2, reads=2)
    assert [each.path for each in line.exchanges] == [TOKEN_URL, "/2.0/x", "/2.0/x"]


def test_a_read_only_run_may_fetch_a_token() -> None:
    line = connect(OAuthService(), credentials=CONSUMER, read_only=True)

    assert line.transport.send(GET) == "fine"


@pytest.mark.parametrize(
    ("expires_in", "still_good", "renewed"), [(7200, 7139, 7140), (100, 89, 90), (7200.0, 1, 7141)]
)
def test_a_token_is_renewed_before_it_expires(
    expires_in: float, still_good: float, renewed: float
) -> None:
    service = OAuthService(granted("token-number-1", expires_in))
    line = connect_without_deadline(service)
    began = line.clock.seconds

    for seconds in (0, still_good, renewed):
        line.clock.seconds = began + seconds
        line.transport.send(GET)

    assert service.tokens == ["1", "1", "2"]


def connect_without_deadline(service: OAuthService) -> Line:
    return connect(service, credentials=CONSUMER, policy=RetryPolicy(deadline_seconds=1e9))


@pytest.mark.parametrize("expires_in", [None, "7200", True, 0, -5, 10**400, []])
def test_a_token_without_a_valid_lifetime_is_kept(expires_in: object) -> None:
    service = OAuthService(granted("token-number-1", expires_in))
    line = connect_without_deadline(service)

    line.transport.send(GET)
    line.clock.advance(1e6)
    line.transport.send(GET)

    assert service.tokens == ["1", "1"]


def test_a_token_that_is_refused_as_expired_is_renewed_once() -> None:
    service = OAuthService(replies=[httpx.Response(401, json=EXPIRED)])
    line = consumer_line(service)

    assert line.transport.send(GET) == "fine"
    assert service.tokens == ["1", "2"]
    assert line.transport.counter.counts == Counts(total=2, reads=2, retries=1)


def test_a_token_that_is_refused_again_is_not_renewed_again() -> None:
    service = OAuthService(replies=[httpx.Response(401, json=EXPIRED) for _ in range(2)])
    line = consumer_line(service)

    answer = line.transport.send(GET)

    assert "expired" in repr(answer)
    assert service.tokens == ["1", "2"]


def test_a_token_that_another_thread_renewed_is_used() -> None:
    """The first token of two threads expired: one fetches another, both use it."""
    both_sent = threading.Barrier(2, timeout=60)
    service = OAuthService()

    def answer(request: httpx.Request) -> Reply:
        reply = service(request)
        if str(request.url) != TOKEN_URL and service.tokens.count("2") == 0:
            both_sent.wait()
            return httpx.Response(401, json=EXPIRED)
        return reply

    line = connect(answer, credentials=CONSUMER)
    threads = [
        threading.Thread(target=line.transport.send, args=(GET,), daemon=True) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(service.grants) == 2
    assert sorted(service.tokens) == ["1", "1", "2", "2"]


def test_a_consumer_that_is_not_private_is_named_as_such() -> None:
    reason = "The consumer must be private for this grant"
    refusal = {"error": "unauthorized_client", "error_description": reason}
    line = consumer_line(OAuthService(httpx.Response(400, json=refusal)))

    assert reason in problem_of(line).problem.why


def test_a_wrong_secret_is_reported_and_sent_once() -> None:
    refusal = {"error": "unauthorized_client", "error_description": f"Invalid secret {SECRET}"}
    service = OAuthService(httpx.Response(400, json=refusal))
    line = consumer_line(service)

    problems = [problem_of(line).problem for _ in range(3)]

    assert {(each.key, each.code) for each in problems} == {("oauth-refused", ExitCode.PERMISSION)}
    assert problems[0].why == f"Bitbucket says: unauthorized_client; {WITHHELD}"
    assert len(service.grants) == 1


def test_fetching_a_token_is_retried_like_any_request() -> None:
    service = OAuthService(httpx.ReadError("reset"), httpx.Response(502), httpx.Response(200))
    line = consumer_line(service)

    assert line.transport.send(GET) == "fine"
    assert line.clock.slept == [0.5, 1, 2]
    assert line.transport.counter.counts == Counts(total=1, reads=1)


def test_the_next_request_fetches_a_token_that_could_not_be_fetched() -> None:
    service = OAuthService(*(httpx.Response(502) for _ in range(5)))
    line = consumer_line(service)

    assert problem_of(line).problem.key == "service-unavailable"
    assert line.transport.send(GET) == "fine"


@pytest.mark.parametrize("token", [None, "", 3, "with space", "with\nbreak"])
def test_an_invalid_token_is_an_unexpected_response(token: object) -> None:
    service = OAuthService(*(granted(token, 7200) for _ in range(5)))

    assert problem_of(consumer_line(service)).problem.key == "unexpected-response"


def test_a_token_response_that_is_no_object_is_unexpected() -> None:
    service = OAuthService(*(httpx.Response(200, json=[]) for _ in range(5)))

    assert problem_of(consumer_line(service)).problem.key == "unexpected-response"


def test_a_token_that_comes_too_late_is_not_used() -> None:
    clock = FakeClock(chance=1.0)
    service = OAuthService()

    def slow(request: httpx.Request) -> Reply:
        clock.advance(600)
        return service(request)

    line = connect(slow, credentials=CONSUMER, clock=clock)

    assert isinstance(problem_of(line), RunOverError)
    assert service.tokens == []


def test_a_fetched_token_is_a_secret() -> None:
    service = OAuthService(
        granted("canary-fetched-token", 7200),
        replies=[httpx.Response(400, text="bad token canary-fetched-token")],
    )

    answer = consumer_line(service).transport.send(GET)

    assert "bad token ***" in repr(answer)


@pytest.mark.parametrize(
    ("credentials", "remedy"),
    [
        (AccessToken(token=SecretStr("ATATT3xF")), "give it as ATLASSIAN_API_TOKEN"),
        (ApiToken(email="a@b.c", token=SecretStr("ATCTT3xF")), "give it as BITBUCKET_ACCESS_TOKEN"),
        (AccessToken(token=SecretStr("ATCTT3xF")), "The token is wrong"),
        (ApiToken(email="a@b.c", token=SecretStr("ATATT3xF")), "The token is wrong"),
    ],
)
def test_a_token_of_the_other_kind_is_recognized(credentials: Credentials, remedy: str) -> None:
    line = connect([httpx.Response(401)], credentials=credentials)

    rejected = line.transport.send(GET)

    assert isinstance(rejected, Rejected)
    assert remedy in rejection("do it", SHOP, rejected).remedy
