"""What goes out, and the bounds of what comes in."""

from collections.abc import Callable, Iterator
from http import HTTPMethod
from pathlib import Path

import httpx
import pytest

from pipe.bitbucket.http import HttpExchange, open_client
from pipe.bitbucket.payloads import from_json
from pipe.bitbucket.requests import IdempotentRequest, Json, form_content, json_content
from pipe.bitbucket.retry import NoResponse, Understood, Unparseable
from pipe.models.errors import ConfigurationError
from tests.unit.bitbucket.doubles import FakeClock


class Trickle(httpx.SyncByteStream):
    """A body in pieces, with something that happens before each."""

    def __init__(self, pieces: list[bytes], before_each: Callable[[], None]) -> None:
        self._pieces = pieces
        self._before_each = before_each
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._before_each()
            yield piece

    def close(self) -> None:
        self.closed = True


def get(*query: tuple[str, str]) -> IdempotentRequest[Json]:
    return IdempotentRequest(
        method=HTTPMethod.GET, path="/2.0/x", parse=from_json(lambda value: value), query=query
    )


def wired(
    handler: Callable[[httpx.Request], httpx.Response], clock: FakeClock | None = None
) -> HttpExchange:
    client = httpx.Client(
        base_url="https://api.bitbucket.example/prefix", transport=httpx.MockTransport(handler)
    )
    return HttpExchange(client=client, monotonic=(clock or FakeClock()).clock().monotonic)


def test_what_goes_out() -> None:
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=1)

    wire = wired(handler)
    wire.exchange(get(("page", "2")), "Bearer x", 600)
    for content in (json_content({"a": 1}), form_content({"a": "1"})):
        put = IdempotentRequest(
            method=HTTPMethod.PUT,
            path="/2.0/x",
            parse=from_json(lambda value: value),
            content=content,
        )
        wire.exchange(put, "Bearer x", 5)

    first, as_json, as_form = requests
    assert str(first.url) == "https://api.bitbucket.example/prefix/2.0/x?page=2"
    assert first.headers["Authorization"] == "Bearer x"
    assert "Content-Type" not in first.headers
    assert (as_json.headers["Content-Type"], as_json.content) == ("application/json", b'{"a":1}')
    assert (as_form.headers["Content-Type"], as_form.content) == (
        "application/x-www-form-urlencoded",
        b"a=1",
    )


@pytest.mark.parametrize(
    ("remaining", "connect", "read"), [(600, 10, 30), (20, 10, 20), (0.5, 0.5, 0.5)]
)
def test_no_wait_on_the_network_is_longer_than_what_is_left(
    remaining: float, connect: float, read: float
) -> None:
    timeouts: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json=1)

    wired(handler).exchange(get(), "", remaining)

    assert timeouts == [{"connect": connect, "read": read, "write": read, "pool": read}]


def test_the_last_of_repeated_headers_counts() -> None:
    headers = [("X-A", "1"), ("x-a", "2")]
    outcome = wired(lambda _: httpx.Response(200, json=1, headers=headers)).exchange(get(), "", 9)

    assert isinstance(outcome, Understood)
    assert outcome.answer.headers["x-a"] == "2"


@pytest.mark.parametrize(("remaining", "seconds"), [(600, 60), (20, 20)])
def test_a_body_that_trickles_comes_to_an_end(remaining: float, seconds: int) -> None:
    clock = FakeClock()
    body = Trickle([b"1"] * 1000, lambda: clock.advance(1))

    outcome = wired(lambda _: httpx.Response(200, stream=body), clock).exchange(
        get(), "", remaining
    )

    assert outcome == NoResponse(f"an answer that did not end within {seconds} seconds")
    assert clock.seconds <= 1000 + seconds + 1
    assert body.closed


def test_a_body_that_is_too_long_is_not_read_to_its_end() -> None:
    taken: list[None] = []
    body = Trickle([b"1" * 1_000_000] * 1000, lambda: taken.append(None))

    outcome = wired(lambda _: httpx.Response(200, stream=body)).exchange(get(), "", 600)

    assert outcome == Unparseable("an answer of more than 10 MB", 200)
    assert len(taken) == 11
    assert body.closed


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def open_here() -> httpx.Client:
    return open_client(base_url="https://api.bitbucket.example", workers=3, version="1.2.3")


@pytest.mark.usefixtures("no_proxies")
def test_the_client_introduces_itself_and_keeps_no_cookies() -> None:
    client = open_here()

    client.cookies.extract_cookies(
        httpx.Response(
            200,
            headers={"Set-Cookie": "session=1"},
            request=httpx.Request("GET", "https://api.bitbucket.example/"),
        )
    )

    assert client.headers["User-Agent"] == "bitbucket-environment/1.2.3"
    assert client.headers["Accept"] == "application/json"
    assert not client.follow_redirects
    assert list(client.cookies.jar) == []


def test_a_proxy_that_can_not_be_used_is_a_fault_without_its_password(
    no_proxies: pytest.MonkeyPatch,
) -> None:
    no_proxies.setenv("HTTPS_PROXY", "gopher://user:canary@proxy.example:70")

    with pytest.raises(ConfigurationError) as caught:
        open_here()

    (fault,) = caught.value.errors
    assert fault.source == "HTTPS_PROXY"
    assert "canary" not in fault.message


@pytest.mark.parametrize("content", [None, "this is no certificate"])
def test_certificates_that_can_not_be_read_are_a_fault(
    no_proxies: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    certificates = tmp_path / "ca.pem"
    if content is not None:
        certificates.write_text(content)
    no_proxies.setenv("SSL_CERT_FILE", str(certificates))

    with pytest.raises(ConfigurationError) as caught:
        open_here()

    (fault,) = caught.value.errors
    assert fault.source == "SSL_CERT_FILE"
