"""The simulator on a local port: real sockets, HTTP/1.1, connections kept open."""

import contextlib
import os
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socketserver import TCPServer
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from simulator.app import handle
from simulator.control.api import PREFIX
from simulator.http import Cut, Request, Response, has_body
from simulator.simulator import Simulator
from simulator.transport import pieces

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Server:
    """A context manager that serves a simulator.

    Args:
        simulator: Answers the requests.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        latency: Seconds that every answer takes, control calls excepted.
        tls: Serve HTTPS with this context.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.simulator = simulator
        self._http = _HttpServer((host, port), simulator, latency, tls, sleep)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Base URL for clients on this machine, without a trailing slash."""
        host = str(self._http.server_address[0])
        host = "127.0.0.1" if ip_address(host).is_unspecified else host
        return f"{self._http.scheme}://{host}:{self.port}"

    def serve_forever(self) -> None:
        """Serve in this thread until it is interrupted."""
        try:
            self._http.serve_forever()
        finally:
            self._http.server_close()

    def __enter__(self) -> Self:
        """Start serving in a thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving and close all connections."""
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()
        self._thread.join()


class _HttpServer(ThreadingHTTPServer):
    """The listening socket and the open connections."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        simulator: Simulator,
        latency: float,
        tls: ssl.SSLContext | None,
        sleep: Callable[[float], object],
    ) -> None:
        self.simulator = simulator
        self.latency = latency
        self.tls = tls
        self.sleep = sleep
        self.scheme = "http" if tls is None else "https"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the name lookup of the base class."""
        TCPServer.server_bind(self)

    def opened(self, connection: socket.socket) -> None:
        """Register an open connection."""
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Unregister a connection."""
        with self._lock:
            self._open.discard(connection)

    def close_connections(self) -> None:
        """Shut down every connection, so that no thread waits for its client."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):  # the client has closed it
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect, which tests of clients do on purpose."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # passed through


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HttpServer

    def setup(self) -> None:
        """Do the TLS handshake in this thread, not in the one that accepts."""
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        """Close the connection."""
        self.server.closed(self.connection)
        super().finish()
        if self.server.tls is not None:  # the base class closes the wrapped socket only
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the simulator has its own log."""

    def _serve(self) -> None:
        proxied = "://" in self.path.partition("?")[0]
        target = self.path
        if proxied:
            parts = urlsplit(self.path)
            target = f"{parts.path}?{parts.query}"
        path, _, query = target.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=query,
            headers=tuple(self.headers.items()),
            body=self._read_body(),
            scheme=self.server.scheme,
            proxied=proxied,
        )
        reply = handle(self.server.simulator, request)
        if isinstance(reply, Response):
            if not path.startswith(PREFIX):
                self._sleep(self.server.latency)
            self._send(reply)
        else:
            self._drop(reply.how)

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - names that the base class looks for
    do_DELETE = do_PATCH = do_OPTIONS = do_CONNECT = _serve  # noqa: N815 - likewise looked for

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue  # trailers are ignored
        return body

    def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.server.sleep(seconds)

    def _send(self, reply: Response) -> None:
        self._sleep(reply.delay)
        phrase = HTTPStatus(reply.status).phrase if reply.status in _STATUSES else "Unknown"
        lines = [f"HTTP/1.1 {reply.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        lines.append(f"Date: {formatdate(usegmt=True)}")
        if has_body(reply):
            lines.append(f"Content-Length: {len(reply.body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head)
        if self.command != "HEAD":
            for piece in pieces(reply):
                if reply.pause:
                    self.wfile.flush()
                    self._sleep(reply.pause)
                self.wfile.write(piece)
        self.wfile.flush()
        if reply.sent is not None:
            self.close_connection = True

    def _drop(self, how: Cut) -> None:
        self.close_connection = True
        if how is Cut.UNANSWERED:
            self.connection.recv(1)  # returns when the client gives up
        elif how is not Cut.CLOSED:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.server.closed(self.connection)
            os.close(self.connection.detach())


_STATUSES: Final = frozenset(HTTPStatus)
