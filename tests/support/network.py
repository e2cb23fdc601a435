"""Real sockets on this machine: a proxy, a server that misbehaves, a run of the pipe over both."""

import contextlib
import io
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Final

from pipe.bitbucket.http_client import open_connections, open_in_pipe_connections
from pipe.models.errors import ExitCode
from pipe.process.context import RunContext, Stop, real_clock
from pipe.run import run
from simulator.state.credentials import DEMO_ACCESS_TOKEN

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class NetworkRun:
    """How a run over the network ended, what it logged, and how many seconds it took."""

    exit_code: ExitCode
    log: str
    seconds: float


def run_over_network(**variables: str) -> NetworkRun:
    """Run the pipe once with the client that a real run opens.

    That client reads proxies and certificates from the environment of the process: a test sets
    them there.
    """
    environ = {
        "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
        "WORKSPACE": "acme",
        "REPO_SLUG": "shop",
        "ENVIRONMENT_NAME": "Test",
        "ENVIRONMENT_TYPE": "Test",
        "MAX_ATTEMPTS": "1",
        "NO_COLOR": "1",
    }
    log, stop = io.StringIO(), Stop()
    began = time.monotonic()
    code = run(
        RunContext(
            environ=environ | variables,
            files=_no_file,
            out=io.StringIO(),
            err=log,
            clock=real_clock(stop),
            stop=stop,
            connect=lambda: open_connections(environ=os.environ, stop=stop),
            in_pipe=lambda: open_in_pipe_connections(stop),
        )
    )
    return NetworkRun(code, log.getvalue(), time.monotonic() - began)


def _no_file(path: str) -> str:
    raise FileNotFoundError(2, os.strerror(2), path)


class _TcpServer(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections and do with each what `behave` does; give the port.

    The connection is closed when that returns, or when the context ends.
    """
    connections: list[socket.socket] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            connections.append(self.connection)
            with contextlib.suppress(OSError):  # the client left, or the test is over
                behave(self.connection)

    with _TcpServer((LOOPBACK, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            for each in connections:
                with contextlib.suppress(OSError):  # closed already
                    each.shutdown(socket.SHUT_RDWR)


def read_head(connection: socket.socket) -> bytes:
    """Read a request up to the empty line."""
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
        head += piece
    return head


@dataclass(slots=True)
class Proxy:
    """A forward proxy that opens tunnels.

    Attributes:
        hosts: Where a tunnel to a host and port really leads; others lead where they say.
        refusal: Answer this line instead of opening a tunnel.
        heads: What each client sent to the proxy itself.
        tls: Encrypts the connection to the proxy itself.
        port: Where it listens, once it does.
    """

    hosts: dict[str, tuple[str, int]] = field(default_factory=dict)
    refusal: str = ""
    heads: list[bytes] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    port: int = 0

    @property
    def tunnels(self) -> list[str]:
        """The host and port of each tunnel that was asked for."""
        return [head.split()[1].decode() for head in self.heads]

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve while the context lasts; give the host and port."""
        with serving(self._serve) as self.port:
            yield f"{LOOPBACK}:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        if self.tls is None:
            self._tunnel(connection)
        else:
            with self.tls.wrap_socket(connection, server_side=True) as encrypted:
                self._tunnel(encrypted)

    def _tunnel(self, client: socket.socket) -> None:
        head = read_head(client)
        self.heads.append(head)
        if self.refusal:
            client.sendall(f"HTTP/1.1 {self.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        target = head.split()[1].decode()
        host, _, port = target.rpartition(":")
        with socket.create_connection(self.hosts.get(target, (host, int(port)))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(client, server)


def _relay(client: socket.socket, server: socket.socket) -> None:
    """Pass bytes on in both directions until one side leaves."""
    others = {client: server, server: client}
    while True:
        for source in select.select([client, server], [], [])[0]:
            piece = source.recv(65536)
            while isinstance(source, ssl.SSLSocket) and source.pending():
                piece += source.recv(65536)
            if not piece:
                return
            others[source].sendall(piece)
