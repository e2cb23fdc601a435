"""A run ends soon after its `DEADLINE`, and reads no more than it can hold, whatever a server does.

Real time has to pass here, a fraction of a second in each test: none of these servers would ever
end a run.
"""

import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Final

import pytest
import trustme

from simulator.faults import NoAnswer
from simulator.server import Server
from simulator.simulator import Simulator
from tests.support.network import LOOPBACK, NetworkRun, read_head, run_over_network, serving

DEADLINE: Final = 0.3
SOON: Final = 5.0
"""Seconds: far more than it takes, far less than the timeout of one request."""

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def trickle(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    pause = threading.Event()
    for piece in pieces:
        connection.sendall(piece)
        pause.wait(0.02)


def never_answers(connection: socket.socket) -> None:
    while connection.recv(65536):
        continue


def trickles_its_first_line(connection: socket.socket) -> None:
    read_head(connection)
    trickle(connection, itertools.chain([b"HTTP/1.1 200 "], itertools.repeat(b"O")))


def trickles_headers(connection: socket.socket) -> None:
    read_head(connection)
    trickle(connection, itertools.chain([OK], itertools.repeat(b"X-More: 1\r\n")))


def trickles_informational_answers(connection: socket.socket) -> None:
    read_head(connection)
    trickle(connection, itertools.repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n"))


def trickles_its_body(connection: socket.socket) -> None:
    read_head(connection)
    head = OK + b"Content-Length: 1000000\r\n\r\n"
    trickle(connection, itertools.chain([head], itertools.repeat(b" ")))


BAD_SERVERS: Final = (
    never_answers,
    trickles_its_first_line,
    trickles_headers,
    trickles_informational_answers,
    trickles_its_body,
)


def assert_ended(ran: NetworkRun) -> None:
    assert ran.exit_code == 6
    assert "DEADLINE" in ran.log
    assert ran.seconds < SOON


@pytest.mark.parametrize("behave", BAD_SERVERS, ids=lambda each: each.__name__)
def test_the_deadline_ends_a_run(behave: Callable[[socket.socket], None]) -> None:
    with serving(behave) as port:
        ran = run_over_network(
            BITBUCKET_API_URL=f"http://{LOOPBACK}:{port}", DEADLINE=str(DEADLINE), MAX_ATTEMPTS="5"
        )

    assert_ended(ran)


@pytest.mark.parametrize(
    "variables",
    [
        {"REPOSITORIES": '["one", "two", "three"]', "REPO_SLUG": "", "WORKERS": "2"},
        {"REPOSITORIES": "svc-*", "REPO_SLUG": ""},
        {"MODE": "export"},
    ],
)
def test_the_deadline_ends_every_kind_of_run(variables: dict[str, str]) -> None:
    with serving(trickles_headers) as port:
        ran = run_over_network(
            BITBUCKET_API_URL=f"http://{LOOPBACK}:{port}",
            DEADLINE=str(DEADLINE),
            MAX_ATTEMPTS="5",
            **variables,
        )

    assert_ended(ran)
    assert ("0 of 3" in ran.log) is ("WORKERS" in variables)


def test_the_deadline_ends_the_wait_for_a_token() -> None:
    with Server(Simulator()) as server, serving(trickles_headers) as port:
        ran = run_over_network(
            BITBUCKET_ACCESS_TOKEN="",
            BITBUCKET_OAUTH_CLIENT_ID="demo-consumer",
            BITBUCKET_OAUTH_CLIENT_SECRET="secret",
            BITBUCKET_API_URL=server.url,
            BITBUCKET_OAUTH_URL=f"http://{LOOPBACK}:{port}/token",
            DEADLINE=str(DEADLINE),
            MAX_ATTEMPTS="5",
        )

    assert_ended(ran)


def test_the_deadline_ends_a_handshake_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(never_answers) as port:
        direct = run_over_network(
            BITBUCKET_API_URL=f"https://{LOOPBACK}:{port}", DEADLINE=str(DEADLINE)
        )
        monkeypatch.setenv("HTTPS_PROXY", f"http://{LOOPBACK}:{port}")
        proxied = run_over_network(DEADLINE=str(DEADLINE))

    assert direct.exit_code == proxied.exit_code == 6
    assert max(direct.seconds, proxied.seconds) < SOON


def test_a_write_without_a_response_is_reported_as_unknown(bitbucket: Simulator) -> None:
    bitbucket.faults.add(NoAnswer(after_effect=True), method="POST")
    with Server(bitbucket) as server:
        ran = run_over_network(BITBUCKET_API_URL=server.url, ADMIN_ONLY="true", DEADLINE="1")

    assert ran.exit_code == 6
    assert ran.seconds < SOON
    assert bitbucket.repository("acme/shop").environment("Test").admin_only
    assert "(not done)" not in ran.log


def test_a_request_that_was_given_up_is_never_sent(
    bitbucket: Simulator,
    serve: Callable[[trustme.LeafCert | None], Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy opens the tunnel when the run is over: nothing comes through it any more."""
    port, over, closed = serve(None).port, threading.Event(), threading.Event()

    def open_late(client: socket.socket) -> None:
        read_head(client)
        over.wait(timeout=60)
        with socket.create_connection((LOOPBACK, port)):
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while client.recv(65536):
                continue
        closed.set()

    with serving(open_late) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{LOOPBACK}:{proxy}")
        ran = run_over_network(
            BITBUCKET_API_URL=f"https://localhost:{port}", DEADLINE=str(DEADLINE)
        )
        over.set()
        assert closed.wait(timeout=60)

    assert ran.exit_code == 6
    assert bitbucket.requests == []


def endless(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def bomb(connection: socket.socket) -> None:
    read_head(connection)
    body = gzip.compress(b" " * 50_000_000, compresslevel=1)
    head = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    connection.sendall(head + body)


def endless_headers(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(OK)
    while True:
        connection.sendall(b"X-More: " + b"1" * 10_000 + b"\r\n")


@pytest.mark.parametrize(
    ("behave", "message", "exit_code"),
    [
        (endless, "an answer of more than 10 MB", 5),
        (bomb, "an answer of more than 10 MB", 5),
        (endless_headers, "RemoteProtocolError", 6),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_an_answer_without_end_is_cut_short(
    behave: Callable[[socket.socket], None], message: str, exit_code: int
) -> None:
    with serving(behave) as port:
        ran = run_over_network(BITBUCKET_API_URL=f"http://{LOOPBACK}:{port}")

    assert ran.exit_code == exit_code
    assert message in " ".join(ran.log.split())
