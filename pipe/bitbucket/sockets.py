"""Network connections whose waits end at a deadline, and soon after the run is asked to stop.

httpcore bounds each wait on a socket, not their sum: a server that sends a byte now and then would
never time out. `BoundedTransport` turns the seconds granted to a request into a moment of the
monotonic clock. httpcore passes that moment to every wait of the request, and `BoundedBackend`
reads it as one. No thread is left behind that could send a request late.
"""

import errno
import math
import os
import select
import socket
import ssl
from abc import abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from threading import Thread
from time import monotonic
from typing import Final, TypeAlias, TypeVar

import httpcore

from pipe.process.context import Stop

T = TypeVar("T")

Address: TypeAlias = "tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]"
SocketOption: TypeAlias = (
    "tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]"
)

RESPONSE_GRACE_SECONDS: Final = 0.4
"""For a response that is on its way when the run is asked to stop."""

_POLL_SECONDS: Final = 0.1
"""How often a wait looks whether the run was asked to stop."""

_CHUNK_BYTES: Final = 65_536


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections. Each `timeout` is a moment of the monotonic clock, `None` for never."""

    def __init__(self, stop: Stop) -> None:
        self._waits = _Waits(stop)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that accepts.

        Raises:
            httpcore.ConnectTimeout: None did in time, or the run was asked to stop.
            httpcore.ConnectError: None did.
        """
        del local_address, socket_options  # part of the interface; nothing here sets them
        until = _moment(timeout)
        try:
            return _TcpStream(self._connect(self._addresses(host, port, until), until), self._waits)
        except (OSError, UnicodeError) as error:
            raise _httpcore_error(error, httpcore.ConnectTimeout, httpcore.ConnectError) from error

    def _addresses(
        self, host: str, port: int, until: float
    ) -> list[tuple[socket.AddressFamily, Address]]:
        """Look up a host name in a thread: nothing else bounds how long that takes."""
        with suppress(socket.gaierror):
            return _look_up(host, port, socket.AI_NUMERICHOST)
        return self._waits.call(partial(_look_up, host, port, 0), until)

    def _connect(
        self, addresses: list[tuple[socket.AddressFamily, Address]], until: float
    ) -> socket.socket:
        failure = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        for number, (family, address) in enumerate(addresses):
            now = monotonic()
            # An address that does not answer must leave time for the next one.
            share = now + (until - now) / (len(addresses) - number)
            try:
                return self._connected(family, address, share)
            except OSError as error:
                failure = error
        raise failure

    def _connected(
        self, family: socket.AddressFamily, address: Address, until: float
    ) -> socket.socket:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(0)
            code = connection.connect_ex(address)
            if code in (0, errno.EINPROGRESS):
                self._waits.wait(connection, select.POLLOUT, until)
                code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            _check(code)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection


class _Waits:
    """Waits in short steps, so that a stop is noticed. Safe to share between threads."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._last_moment = math.inf

    def step(self, until: float) -> float:
        """Return the seconds to wait before asking again.

        Raises:
            TimeoutError: `until` has passed, or the grace after a stop.
        """
        now = monotonic()
        if self._stop.requested:
            self._last_moment = min(self._last_moment, now + RESPONSE_GRACE_SECONDS)
        until = min(until, self._last_moment)
        if now >= until:
            raise TimeoutError
        return min(until - now, _POLL_SECONDS)

    def wait(self, connection: socket.socket, event: int, until: float) -> None:
        """Wait until a socket can be read from (`POLLIN`) or written to (`POLLOUT`).

        Raises:
            TimeoutError: It can't, in time.
        """
        poll = select.poll()
        poll.register(connection, event)
        while not poll.poll(1000 * self.step(until)):
            continue

    def call(self, function: Callable[[], T], until: float) -> T:
        """Return what `function` returns; it only reads, so it may be left behind in its thread.

        Raises:
            TimeoutError: It does not return in time.
        """
        future: Future[T] = Future()
        try:
            Thread(target=_fulfil, args=(future, function), daemon=True).start()
        except RuntimeError:  # no thread can be started: the number of processes is limited
            return function()
        while not future.done():
            wait([future], timeout=self.step(until))
        return future.result()  # its own `TimeoutError` too


def _check(code: int) -> None:
    """Raise the error of the system with this code; 0: none."""
    if code:
        raise OSError(code, os.strerror(code))


def _fulfil(future: Future[T], function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)


def _look_up(host: str, port: int, flags: int) -> list[tuple[socket.AddressFamily, Address]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]


class _Stream(httpcore.NetworkStream):
    """A connection. Each `timeout` or `until` is a moment of the monotonic clock."""

    @abstractmethod
    def receive(self, max_bytes: int, until: float) -> bytes:
        """Return what arrived; nothing, where the other side closed the connection."""

    @abstractmethod
    def send(self, data: bytes, until: float) -> None:
        """Send all of `data`."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive, with httpcore's errors."""
        try:
            return self.receive(max_bytes, _moment(timeout))
        except OSError as error:
            raise _httpcore_error(error, httpcore.ReadTimeout, httpcore.ReadError) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, with httpcore's errors."""
        try:
            self.send(buffer, _moment(timeout))
        except OSError as error:
            raise _httpcore_error(error, httpcore.WriteTimeout, httpcore.WriteError) from error

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return a TLS connection over this one, after its handshake.

        Raises:
            httpcore.ConnectTimeout: The handshake did not end in time.
            httpcore.ConnectError: It failed; so did the verification of the certificate.
        """
        try:
            stream = _TlsStream(self, ssl_context, server_hostname)
            stream.shake_hands(_moment(timeout))
        except (OSError, UnicodeError) as error:
            self.close()
            raise _httpcore_error(error, httpcore.ConnectTimeout, httpcore.ConnectError) from error
        return stream


class _TcpStream(_Stream):
    """A TCP connection."""

    def __init__(self, connection: socket.socket, waits: _Waits) -> None:
        self._connection = connection
        self._waits = waits

    def receive(self, max_bytes: int, until: float) -> bytes:
        self._waits.wait(self._connection, select.POLLIN, until)
        return self._connection.recv(max_bytes)

    def send(self, data: bytes, until: float) -> None:
        while data:
            try:
                data = data[self._connection.send(data) :]
            except BlockingIOError:  # the other side reads slowly
                self._waits.wait(self._connection, select.POLLOUT, until)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get_extra_info(self, info: str) -> object:
        """Return whether something arrived (`is_readable`): an idle connection was closed then."""
        if info != "is_readable":
            return None
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0))


class _TlsStream(_Stream):
    """A TLS connection over another connection, which may itself be one (through a proxy)."""

    def __init__(
        self, inner: _Stream, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )

    def shake_hands(self, until: float) -> None:
        self._drive(self._tls.do_handshake, until)

    def receive(self, max_bytes: int, until: float) -> bytes:
        return self._drive(partial(self._tls.read, max_bytes), until)

    def send(self, data: bytes, until: float) -> None:
        while data:
            data = data[self._drive(partial(self._tls.write, data), until) :]

    def _drive(self, operation: Callable[[], T], until: float) -> T:
        """Run an operation of TLS, moving its bytes to and from the inner connection."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                self._flush(until)
                arrived = self._inner.receive(_CHUNK_BYTES, until)
                if arrived:
                    self._incoming.write(arrived)
                else:
                    self._incoming.write_eof()
            else:
                self._flush(until)
                return result

    def _flush(self, until: float) -> None:
        if self._outgoing.pending:
            self._inner.send(self._outgoing.read(), until)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def get_extra_info(self, info: str) -> object:
        """Return whether something arrived (`is_readable`), such as the end of TLS."""
        if info != "is_readable":
            return None
        return self._incoming.pending > 0 or self._inner.get_extra_info(info)


def _moment(timeout: float | None) -> float:
    return math.inf if timeout is None else timeout


def _httpcore_error(
    error: OSError | UnicodeError,
    timed_out: type[httpcore.TimeoutException],
    failed: type[httpcore.NetworkError],
) -> Exception:
    """Return an error of the system as httpcore's, in the words of the system."""
    match error:
        case TimeoutError():
            return timed_out("timed out")
        case UnicodeError():
            return failed("not a valid host name")
        case _:
            return failed(error.strerror or type(error).__name__)
