"""Pools of connections, one for each concurrent request."""

import ssl
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Final

import httpcore
import httpx

from pipe.bitbucket.sockets import BoundedBackend

_KEEP_ALIVE_SECONDS: Final = 15.0


class BoundedTransport(httpx.HTTPTransport):
    """HTTP transport that bounds the whole of each request, its response body included.

    Args:
        backend: Opens connections.
        tls: Verifies certificates; shared by all connections.
        proxy: The proxy to connect through.
    """

    def __init__(
        self, *, backend: BoundedBackend, tls: ssl.SSLContext, proxy: httpx.Proxy | None = None
    ) -> None:
        def open_pool() -> httpcore.ConnectionPool:
            return httpcore.ConnectionPool(
                ssl_context=tls,
                proxy=None if proxy is None else _for_httpcore(proxy, tls),
                keepalive_expiry=_KEEP_ALIVE_SECONDS,
                network_backend=backend,
            )

        # Not `super().__init__`: it takes no network backend, and would load certificates again.
        self._pool = _Pools(open_pool)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose timeouts (`connect`, `read`, `write`) count from now on."""
        now = monotonic()
        timeouts: dict[str, float] = request.extensions["timeout"]
        moments = {name: now + timeouts[name] for name in ("connect", "read", "write")}
        request.extensions = {**request.extensions, "timeout": moments}
        return super().handle_request(request)


class _Pools(httpcore.ConnectionPool):
    """A pool of connections for each concurrent request. Safe to share between threads.

    For every request httpcore looks through all connections of its pool.
    """

    def __init__(self, open_pool: Callable[[], httpcore.ConnectionPool]) -> None:
        # Not `super().__init__`: this one has no connections of its own.
        self._open_pool = open_pool
        self._opened: list[httpcore.ConnectionPool] = []
        self._idle: deque[httpcore.ConnectionPool] = deque()

    def __repr__(self) -> str:
        """Return how many pools there are: the one of httpcore shows what this class lacks."""
        return f"<{type(self).__name__} [{len(self._opened)} opened, {len(self._idle)} idle]>"

    @property
    def connections(self) -> list[httpcore.ConnectionInterface]:
        """The connections of all pools."""
        return [each for pool in self._opened for each in pool.connections]

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request over an idle connection if there is one, else over a new one."""
        try:
            pool = self._idle.pop()
        except IndexError:
            pool = self._open_pool()
            self._opened.append(pool)
        try:
            response = pool.handle_request(request)
        except BaseException:
            self._idle.append(pool)
            raise
        return httpcore.Response(
            response.status,
            headers=response.headers,
            content=_Body(response, partial(self._idle.append, pool)),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        for pool in self._opened:
            pool.close()


class _Body:
    """The body of a response; its pool takes the next request when it is closed."""

    def __init__(self, response: httpcore.Response, give_back: Callable[[], None]) -> None:
        self._response = response
        self._give_back = give_back

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        """Close the response."""
        try:
            self._response.close()
        finally:
            self._give_back()


def _for_httpcore(proxy: httpx.Proxy, tls: ssl.SSLContext) -> httpcore.Proxy:
    url = proxy.url
    return httpcore.Proxy(
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        auth=proxy.raw_auth,
        ssl_context=tls if url.scheme == "https" else None,
    )
