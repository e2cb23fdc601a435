"""The server over real sockets."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from simulator import faults as f
from simulator.server import Server
from simulator.simulator import Simulator
from tests.simulator.harness import BEARER

AT = "/2.0/repositories/acme/shop/environments"


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def server(waited: list[float]) -> Iterator[Server]:
    simulator = Simulator()
    simulator.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    with Server(simulator, latency=0.25, sleep=waited.append) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=BEARER, trust_env=False) as client:
        yield client


def raw(server: Server, *lines: str) -> bytes:
    """Send bytes as they are and read until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("\r\n".join(lines).encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def test_the_whole_life_of_an_environment_over_one_connection(
    server: Server, client: httpx.Client, waited: list[float]
) -> None:
    with client.stream("GET", AT) as answer:
        first = answer.extensions["network_stream"].get_extra_info("client_addr")
        assert answer.read()
    body = {"name": "New", "environment_type": {"name": "Test"}}
    created = client.post(AT, json=body)
    assert created.headers["Location"].startswith(f"{server.url}{AT}/%7B")
    assert client.delete(created.headers["Location"]).status_code == 204
    with client.stream("GET", AT) as answer:
        last = answer.extensions["network_stream"].get_extra_info("client_addr")
        assert answer.headers["Date"]
    assert first == last
    assert client.get("/_simulator/requests").json()[1]["status"] == 201
    assert waited == [0.25] * 4  # control calls come at once


def test_links_point_to_the_server(server: Server, client: httpx.Client) -> None:
    page = client.get("/2.0/repositories/acme?pagelen=1").json()
    assert page["values"][0]["links"]["self"]["href"].startswith(server.url)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (f.DropConnection(), httpx.RemoteProtocolError),
        (f.DropConnection(reset=True, after_effect=True), httpx.ReadError),
        (f.RefuseConnection(), httpx.ReadError),
        (f.HalfBody(), httpx.RemoteProtocolError),
    ],
)
def test_connections_are_dropped(
    server: Server, client: httpx.Client, fault: f.Fault, error: type[Exception]
) -> None:
    assert client.get(AT).status_code == 200
    server.simulator.faults.add(fault)
    with pytest.raises(error):
        client.get(AT)
    assert client.get(AT).status_code == 200


def test_no_answer_lasts_until_the_client_gives_up(server: Server, client: httpx.Client) -> None:
    server.simulator.faults.add(f.NoAnswer())
    with pytest.raises(httpx.ReadTimeout):
        client.get(AT, timeout=httpx.Timeout(5, read=0.05))
    assert client.get(AT).status_code == 200


def test_stopping_does_not_wait_for_clients() -> None:
    simulator = Simulator()
    simulator.faults.add(f.NoAnswer())
    with Server(simulator) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not simulator.requests:
            connection.settimeout(0.01)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        connection.settimeout(5)
    assert connection.recv(1) == b""
    connection.close()


def test_slow_bodies_and_delays(server: Server, client: httpx.Client, waited: list[float]) -> None:
    server.simulator.faults.add(f.SlowBody(1.0))
    server.simulator.faults.add(f.Delay(2.0))
    assert client.get(AT).json()["size"] == 1
    assert client.get(AT).json()["size"] == 1
    assert waited == [0.25, 1.0, 1.0, 1.0, 1.0, 0.25, 2.0]


def test_a_status_without_a_phrase(server: Server, client: httpx.Client) -> None:
    server.simulator.faults.add(f.Answer(status=599, body=b"?"))
    answer = client.get(AT)
    assert (answer.status_code, answer.reason_phrase) == (599, "Unknown")


def test_head_has_no_body(client: httpx.Client) -> None:
    answer = client.head(AT)
    assert (answer.status_code, answer.content) == (405, b"")
    assert int(answer.headers["Content-Length"]) > 0
    assert client.get(AT).status_code == 200


def test_chunked_bodies(server: Server, client: httpx.Client) -> None:
    pieces = [b'{"name": "New", ', b'"environment_type": {"name": "Test"}}']
    headers = {"Content-Type": "application/json"}
    assert client.post(AT, content=iter(pieces), headers=headers).status_code == 201
    trailer = raw(
        server,
        f"PUT {AT} HTTP/1.1",
        "Connection: close",
        "Transfer-Encoding: chunked",
        "",
        "0",
        "X-Trailer: yes",
        "",
        "",
    )
    assert trailer.startswith(b"HTTP/1.1 401 Unauthorized\r\n")


def test_it_acts_as_the_in_pipe_proxy(server: Server) -> None:
    report = "/2.0/repositories/acme/shop/commit/0123abc/reports/environments"
    body = {"title": "a", "details": "b", "report_type": "TEST", "result": "PASSED"}
    with httpx.Client(proxy=server.url, trust_env=False) as client:
        answer = client.put(f"http://api.bitbucket.org{report}", json=body)
        assert answer.status_code == 200
        assert client.get(f"http://api.bitbucket.org{AT}?page=1").status_code == 401
    assert server.simulator.requests[-1].query == "page=1"


def test_a_client_that_disconnects_is_not_an_error(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(b"GET / HTTP/1.1\r\n")
    assert raw(server, "GET / HTTP/1.1", "Connection: close", "", "").startswith(b"HTTP/1.1 401")
    assert capsys.readouterr().err == ""


def test_an_exception_in_the_server_is_printed(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raw(server, "GET / HTTP/1.1", "Content-Length: many", "", "") == b""
    assert "ValueError" in capsys.readouterr().err


def test_tls(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    trust = ssl.create_default_context(cafile=str(certificate))
    simulator = Simulator()
    simulator.add_repository("acme", "shop")
    with (
        Server(simulator, tls=context) as server,
        httpx.Client(base_url=server.url, headers=BEARER, verify=trust, trust_env=False) as client,
    ):
        assert server.url.startswith("https://")
        page = client.get("/2.0/repositories/acme").json()
        assert page["values"][0]["links"]["self"]["href"].startswith(server.url)
        simulator.faults.add(f.DropConnection(reset=True))
        with pytest.raises(httpx.TransportError):
            client.get(AT)
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url, trust_env=False)  # an authority it does not know


def test_of_many_that_create_at_once_one_succeeds(server: Server) -> None:
    body = {"name": "New", "environment_type": {"name": "Test"}}

    def create(_: int) -> int:
        with httpx.Client(base_url=server.url, headers=BEARER, trust_env=False) as client:
            return client.post(AT, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(8)))
    assert statuses == [201] + [409] * 7


def test_a_server_on_all_addresses_has_a_local_url() -> None:
    with Server(Simulator(), host="0.0.0.0") as server:  # noqa: S104 - what is tested
        assert server.url == f"http://127.0.0.1:{server.port}"
