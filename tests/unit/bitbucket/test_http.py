"""What goes out, and the bounds of what comes in."""

from collections.abc import Callable, Iterator
from http import HTTPMethod

import httpx
import pytest

from pipe.bitbucket.http import HttpExchange
from pipe.bitbucket.payloads import from_json
from pipe.bitbucket.requests import IdempotentRequest, Json, form_content, json_content
from pipe.bitbucket.retry import Understood, Unparseable


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


def wired(handler: Callable[[httpx.Request], httpx.Response]) -> HttpExchange:
    client = httpx.Client(
        base_url="https://api.bitbucket.example/prefix", transport=httpx.MockTransport(handler)
    )
    return HttpExchange(client)


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


def test_a_body_that_is_too_long_is_not_read_to_its_end() -> None:
    taken: list[None] = []
    body = Trickle([b"1" * 1_000_000] * 1000, lambda: taken.append(None))

    outcome = wired(lambda _: httpx.Response(200, stream=body)).exchange(get(), "", 600)

    assert outcome == Unparseable("an answer of more than 10 MB", 200)
    assert len(taken) == 11
    assert body.closed
