"""Pools of connections: as many as there are requests at the same time, each used again."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Final

import httpx
import pytest

from pipe.bitbucket.pools import BoundedTransport
from pipe.bitbucket.sockets import BoundedBackend
from pipe.process.context import Stop
from tests.support.network import LOOPBACK, read_head, serving

LONG = 20.0


class Counting:
    """Answers every request on a connection with its path, until it is `/cut`.

    Attributes:
        opened: How many connections there were.
    """

    def __init__(self) -> None:
        self.opened = 0
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        with self._lock:
            self.opened += 1
        while head := read_head(connection):
            path = head.split()[1]
            if path == b"/cut":
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(path) + path)


@pytest.fixture
def server() -> Counting:
    return Counting()


@pytest.fixture
def client(server: Counting) -> Iterator[httpx.Client]:
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # everything is plain http
    transport = BoundedTransport(backend=BoundedBackend(Stop()), tls=unused)
    with (
        serving(server) as port,
        httpx.Client(
            base_url=f"http://{LOOPBACK}:{port}", transport=transport, timeout=LONG
        ) as client,
    ):
        yield client


def test_requests_one_after_the_other_share_a_connection(
    client: httpx.Client, server: Counting
) -> None:
    for _ in range(3):
        assert client.get("/ok").text == "/ok"

    assert server.opened == 1


def send_together(client: httpx.Client, count: int) -> None:
    """Read several responses, none of which is complete before all have begun."""
    with ExitStack() as open_responses:
        requests = (client.stream("GET", "/ok") for _ in range(count))
        responses = [open_responses.enter_context(each) for each in requests]
        assert [each.read() for each in responses] == [b"/ok"] * count


def test_requests_that_overlap_have_connections_of_their_own_and_leave_them_for_others(
    client: httpx.Client, server: Counting
) -> None:
    for _ in range(2):
        send_together(client, 5)

    assert server.opened == 5


THREADS: Final = 6


def send_from_threads(client: httpx.Client, send: Callable[[httpx.Client, int], str]) -> list[str]:
    """Call `send` in several threads; return what it returns, in the order of their numbers."""
    with ThreadPoolExecutor(THREADS) as threads:
        return [*threads.map(partial(send, client), range(THREADS), timeout=LONG)]


def test_threads_that_send_at_the_same_time_share_no_connection_and_leave_them_for_others(
    client: httpx.Client, server: Counting
) -> None:
    all_have_begun = threading.Barrier(THREADS, timeout=LONG)
    all_have_ended = threading.Barrier(THREADS, timeout=LONG)

    def send(client: httpx.Client, number: int) -> str:
        texts = ""
        for _ in range(5):
            with client.stream("GET", f"/{number}") as response:
                all_have_begun.wait()
                texts += response.read().decode()
            all_have_ended.wait()
        return texts

    assert send_from_threads(client, send) == [f"/{number}" * 5 for number in range(THREADS)]
    assert server.opened == THREADS


def test_threads_that_send_when_they_like_get_the_answers_to_their_own_requests(
    client: httpx.Client, server: Counting
) -> None:
    def send(client: httpx.Client, number: int) -> str:
        wrong = ""
        for repeat in range(30):
            if number == 0 and repeat % 10 == 5:
                with pytest.raises(httpx.RemoteProtocolError):
                    client.get("/cut")
            path = f"/{number}/{repeat}"
            wrong += client.get(path).text.removeprefix(path)
        return wrong

    assert send_from_threads(client, send) == [""] * THREADS
    assert server.opened <= THREADS + 3  # a connection that was cut is replaced


def test_pools_can_be_shown_and_asked_for_their_connections(server: Counting) -> None:
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    transport = BoundedTransport(backend=BoundedBackend(Stop()), tls=unused)
    with (
        serving(server) as port,
        httpx.Client(base_url=f"http://{LOOPBACK}:{port}", transport=transport) as client,
    ):
        send_together(client, 2)
        pools = transport._pool  # noqa: SLF001 - what a debugger shows

        assert repr(pools) == "<_Pools [2 opened, 2 idle]>"
        assert len(pools.connections) == 2


def test_a_connection_that_fails_is_replaced(client: httpx.Client, server: Counting) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/cut")
    for _ in range(2):
        assert client.get("/ok").text == "/ok"

    assert server.opened == 2


def test_closing_the_client_closes_every_connection(server: Counting) -> None:
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    transport = BoundedTransport(backend=BoundedBackend(Stop()), tls=unused)
    ended = threading.Semaphore(0)

    def behave(connection: socket.socket) -> None:
        server(connection)
        ended.release()

    with serving(behave) as port:
        client = httpx.Client(base_url=f"http://{LOOPBACK}:{port}", transport=transport)
        send_together(client, 2)
        assert not ended.acquire(blocking=False)

        client.close()

        assert ended.acquire(timeout=LONG)
        assert ended.acquire(timeout=LONG)
