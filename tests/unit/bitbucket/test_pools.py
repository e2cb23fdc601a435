"""Pools of connections: as many as there are requests at the same time, each used again."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from pipe.bitbucket.pools import BoundedTransport
from pipe.bitbucket.sockets import BoundedBackend
from pipe.process.context import Stop
from tests.support.network import LOOPBACK, read_head, serving

LONG = 20.0


class Counting:
    """Answers every request on a connection until it is asked for `/cut`; counts connections."""

    def __init__(self) -> None:
        self.opened = 0
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        with self._lock:
            self.opened += 1
        while head := read_head(connection):
            if head.startswith(b"GET /cut"):
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


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
        assert client.get("/").text == "ok"

    assert server.opened == 1


def send_together(client: httpx.Client, count: int) -> None:
    """Read several responses, none of which is complete before all have begun."""
    with ExitStack() as open_responses:
        requests = (client.stream("GET", "/") for _ in range(count))
        responses = [open_responses.enter_context(each) for each in requests]
        assert [each.read() for each in responses] == [b"ok"] * count


def test_requests_at_the_same_time_have_connections_of_their_own_and_leave_them_for_others(
    client: httpx.Client, server: Counting
) -> None:
    for _ in range(2):
        send_together(client, 5)

    assert server.opened == 5


def test_a_connection_that_fails_is_replaced(client: httpx.Client, server: Counting) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/cut")
    for _ in range(2):
        assert client.get("/").text == "ok"

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
