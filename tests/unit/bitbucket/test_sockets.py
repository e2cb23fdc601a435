"""Network connections: every wait ends at its deadline, or soon after a stop."""

import errno
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpcore
import pytest
import trustme

from pipe.bitbucket.sockets import BoundedBackend, _TcpStream
from pipe.process.context import Stop
from tests.support.network import LOOPBACK, serving

SOON: Final = 0.05
LONG: Final = 20.0
NAME: Final = "bitbucket.example"


def backend(stop: Stop | None = None) -> BoundedBackend:
    return BoundedBackend(stop or Stop())


def in_seconds(seconds: float) -> float:
    return time.monotonic() + seconds


def never_answer(connection: socket.socket) -> None:
    while connection.recv(65536):
        continue


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


@contextmanager
def never_accepting() -> Iterator[int]:
    """Give a port whose queue of connections is full: further ones are never answered."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex((LOOPBACK, port))
        yield port
        for each in waiting:
            each.close()


@contextmanager
def connected(
    behave: Callable[[socket.socket], None], stop: Stop | None = None
) -> Iterator[httpcore.NetworkStream]:
    """Give a connection to a server that behaves so."""
    with serving(behave) as port:
        stream = backend(stop).connect_tcp(LOOPBACK, port, in_seconds(LONG))
        yield stream
        stream.close()


def names(
    monkeypatch: pytest.MonkeyPatch, look_up: Callable[[], list[tuple[str, int]]]
) -> list[str]:
    """Let `bitbucket.example` be looked up by a function; give the threads that looked it up."""
    threads: list[str] = []

    def getaddrinfo(*_: object, type: int, flags: int) -> list[Any]:  # noqa: A002 - as in the standard library
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        threads.append(threading.current_thread().name)
        return [(socket.AF_INET, type, 6, "", address) for address in look_up()]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return threads


def test_a_connection_sends_and_receives_without_a_deadline() -> None:
    with serving(echo) as port:
        stream = backend().connect_tcp(LOOPBACK, port)
        stream.write(b"hello")

        assert stream.read(100) == b"hello"
        assert stream.get_extra_info("is_readable") is False
        assert stream.get_extra_info("ssl_object") is None
        stream.close()


def test_a_refused_connection_names_the_reason() -> None:
    with serving(echo) as port:
        pass

    with pytest.raises(httpcore.ConnectError, match="Connection refused"):
        backend().connect_tcp(LOOPBACK, port, in_seconds(LONG))


def test_a_connection_that_the_system_can_not_begin_is_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as where no port is left: the answer is EAGAIN, not that it is under way."""

    class Exhausted(socket.socket):
        def connect_ex(self, _: object, /) -> int:
            return errno.EAGAIN

    monkeypatch.setattr("socket.socket", Exhausted)
    with pytest.raises(httpcore.ConnectError, match="Resource temporarily unavailable"):
        backend().connect_tcp(LOOPBACK, 9, in_seconds(LONG))


def test_a_connection_that_is_never_accepted_times_out() -> None:
    with never_accepting() as port, pytest.raises(httpcore.ConnectTimeout):
        backend().connect_tcp(LOOPBACK, port, in_seconds(SOON))


def test_an_address_that_never_answers_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with never_accepting() as silent, serving(echo) as port:
        names(monkeypatch, lambda: [(LOOPBACK, silent), (LOOPBACK, port)])

        stream = backend().connect_tcp(NAME, 443, in_seconds(1))
        stream.close()


def test_a_name_without_addresses_can_not_be_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, list)

    with pytest.raises(httpcore.ConnectError, match="Cannot assign requested address"):
        backend().connect_tcp(NAME, 443, in_seconds(LONG))


def test_an_unknown_name_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> list[tuple[str, int]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    names(monkeypatch, unknown)

    with pytest.raises(httpcore.ConnectError, match="Name or service not known"):
        backend().connect_tcp(NAME, 443, in_seconds(LONG))


def test_a_name_server_that_the_system_gives_up_on_is_a_failed_connection_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def time_out() -> list[tuple[str, int]]:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    names(monkeypatch, time_out)
    began = time.monotonic()

    with pytest.raises(httpcore.ConnectTimeout):
        backend().connect_tcp(NAME, 443, in_seconds(LONG))
    assert time.monotonic() - began < LONG / 2


def test_a_host_that_is_no_name_is_a_failed_connection() -> None:
    with pytest.raises(httpcore.ConnectError, match="not a valid host name"):
        backend().connect_tcp("x" * 64 + ".example", 443, in_seconds(LONG))


def test_a_name_server_that_never_answers_does_not_outlive_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()

    def wait() -> list[tuple[str, int]]:
        released.wait()
        return []

    names(monkeypatch, wait)

    with pytest.raises(httpcore.ConnectTimeout):
        backend().connect_tcp(NAME, 443, in_seconds(SOON))
    released.set()


def test_a_name_is_looked_up_even_if_no_thread_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(echo) as port:
        threads = names(monkeypatch, lambda: [(LOOPBACK, port)])
        backend().connect_tcp(NAME, 443, in_seconds(LONG)).close()

        def refuse(_: threading.Thread) -> None:
            message = "can't start new thread"
            raise RuntimeError(message)

        monkeypatch.setattr(threading.Thread, "start", refuse)
        backend().connect_tcp(NAME, 443, in_seconds(LONG)).close()

    assert [each == threading.main_thread().name for each in threads] == [False, True]


def test_a_read_times_out() -> None:
    with connected(never_answer) as stream, pytest.raises(httpcore.ReadTimeout):
        stream.read(1, in_seconds(SOON))


def test_a_write_without_a_reader_times_out() -> None:
    with never_accepting() as _, socket.create_server((LOOPBACK, 0)) as server:
        stream = backend().connect_tcp(LOOPBACK, server.getsockname()[1], in_seconds(LONG))

        with pytest.raises(httpcore.WriteTimeout):
            stream.write(b" " * 50_000_000, in_seconds(SOON))
        stream.close()


def test_a_connection_that_the_other_side_reset_can_not_be_read() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    with connected(reset) as stream:
        stream.write(b"x", in_seconds(LONG))

        with pytest.raises(httpcore.ReadError, match="reset by peer"):
            stream.read(1, in_seconds(LONG))


def test_a_closed_connection_is_readable() -> None:
    with connected(lambda _: None) as stream:
        assert stream.read(1, in_seconds(LONG)) == b""
        assert stream.get_extra_info("is_readable") is True


def test_a_stop_ends_all_waits_soon() -> None:
    stop = Stop()
    with serving(never_answer) as port:
        first, second = (
            backend.connect_tcp(LOOPBACK, port, in_seconds(LONG)) for backend in [backend(stop)] * 2
        )
        threading.Timer(SOON, stop.request, ("SIGTERM",)).start()
        started = time.monotonic()
        for each in (first, second):
            with pytest.raises(httpcore.ReadTimeout):
                each.read(1, in_seconds(LONG))
            each.close()

    assert time.monotonic() - started < 0.9


def test_a_response_that_arrives_soon_after_a_stop_is_still_read() -> None:
    stop = Stop()
    stop.request("SIGTERM")
    with connected(echo, stop) as stream:
        stream.write(b"x", in_seconds(LONG))

        assert stream.read(1, in_seconds(LONG)) == b"x"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def over_tls(
    authority: trustme.CA, behave: Callable[[ssl.SSLSocket], None]
) -> Callable[[socket.socket], None]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            behave(encrypted)

    return serve


def test_a_tls_connection_sends_and_receives(authority: trustme.CA) -> None:
    message = b"x" * 100_000
    with connected(over_tls(authority, echo)) as plain:
        stream = plain.start_tls(trusting(authority), "localhost", in_seconds(LONG))
        stream.write(message, in_seconds(LONG))
        received = b""
        while len(received) < len(message):
            received += stream.read(65536, in_seconds(LONG))

        assert received == message
        assert stream.get_extra_info("is_readable") is False
        stream.close()


def test_a_tls_connection_that_the_other_side_ends_gives_nothing_more(
    authority: trustme.CA,
) -> None:
    def end(connection: ssl.SSLSocket) -> None:
        connection.unwrap()

    with connected(over_tls(authority, end)) as plain:
        stream = plain.start_tls(trusting(authority), "localhost", in_seconds(LONG))

        assert stream.read(1, in_seconds(LONG)) == b""
        stream.close()


def test_a_response_followed_by_the_end_of_tls_leaves_the_connection_readable(
    authority: trustme.CA,
) -> None:
    def answer_and_end(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"x")
        connection.unwrap()

    with connected(over_tls(authority, answer_and_end)) as plain:
        stream = plain.start_tls(trusting(authority), "localhost", in_seconds(LONG))

        assert stream.read(1, in_seconds(LONG)) == b"x"
        assert isinstance(plain, _TcpStream)
        if not stream.get_extra_info("is_readable"):  # the end of TLS came alone: wait for it
            select.select([plain._connection], [], [], LONG)  # noqa: SLF001 - a socket to wait on
        assert stream.get_extra_info("is_readable")
        assert stream.get_extra_info("ssl_object") is None
        stream.close()


def test_a_tls_connection_that_is_cut_can_not_be_read(authority: trustme.CA) -> None:
    with connected(over_tls(authority, lambda _: None)) as plain:
        stream = plain.start_tls(trusting(authority), "localhost", in_seconds(LONG))

        with pytest.raises(httpcore.ReadError):
            stream.read(1, in_seconds(LONG))
        stream.close()


def test_a_handshake_that_never_ends_times_out(authority: trustme.CA) -> None:
    with connected(never_answer) as plain, pytest.raises(httpcore.ConnectTimeout):
        plain.start_tls(trusting(authority), "localhost", in_seconds(SOON))


def test_a_handshake_that_is_cut_is_a_failed_connection(authority: trustme.CA) -> None:
    with (
        connected(lambda connection: connection.close()) as plain,
        pytest.raises(httpcore.ConnectError),
    ):
        plain.start_tls(trusting(authority), "localhost", in_seconds(LONG))


def test_no_connection_is_left_open_where_it_can_not_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[socket.socket] = []

    class Remembered(socket.socket):
        def connect_ex(self, _: object, /) -> int:
            made.append(self)
            return errno.ENETUNREACH

    monkeypatch.setattr(socket, "socket", Remembered)

    with pytest.raises(httpcore.ConnectError, match="Network is unreachable"):
        backend().connect_tcp(LOOPBACK, 1, in_seconds(LONG))
    assert [each.fileno() for each in made] == [-1]
