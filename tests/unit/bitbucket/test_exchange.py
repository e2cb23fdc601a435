"""The request that is sent, and the bounds of its response."""

from collections.abc import Callable, Iterator
from http import HTTPMethod

import httpx
import pytest

from pipe.bitbucket.exchange import exchange
from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.payloads import parser
from pipe.bitbucket.requests import IdempotentRequest, Json, form_content, json_content
from pipe.bitbucket.retry import Understood, Unparseable


class Trickle(httpx.SyncByteStream):
    """A body in pieces, with a callback before each."""

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
        method=HTTPMethod.GET, path="/2.0/x", parse=parser(lambda value: value), query=query
    )


def client_of(handler: Callable[[httpx.Request], httpx.Response]) -> HttpClient:
    return HttpClient("https://api.bitbucket.example/prefix", httpx.MockTransport(handler))


def test_a_request_is_sent_with_its_headers_and_body() -> None:
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=1)

    client = client_of(handler)
    exchange(client, get(("page", "2")), "Bearer x", 600)
    for content in (json_content({"a": 1}), form_content({"a": "1"})):
        put = IdempotentRequest(
            method=HTTPMethod.PUT,
            path="/2.0/x",
            parse=parser(lambda value: value),
            content=content,
        )
        exchange(client, put, "Bearer x", 5)

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
def test_no_timeout_exceeds_the_remaining_time(
    remaining: float, connect: float, read: float
) -> None:
    timeouts: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json=1)

    exchange(client_of(handler), get(), "", remaining)

    assert timeouts == [{"connect": connect, "read": read, "write": read, "pool": read}]


def test_the_last_of_repeated_headers_applies() -> None:
    headers = [("X-A", "1"), ("x-a", "2")]
    client = client_of(lambda _: httpx.Response(200, json=1, headers=headers))
    outcome = exchange(client, get(), "", 9)

    assert isinstance(outcome, Understood)
    assert outcome.answer.headers["x-a"] == "2"


def test_an_oversized_body_is_not_read_to_its_end() -> None:
    taken: list[None] = []
    body = Trickle([b"1" * 1_000_000] * 1000, lambda: taken.append(None))

    outcome = exchange(client_of(lambda _: httpx.Response(200, stream=body)), get(), "", 600)

    assert outcome == Unparseable("an answer of more than 10 MB", 200)
    assert len(taken) == 11
    assert body.closed
