"""The simulator as an httpx transport: no socket, no thread, no waiting."""

import math
from collections.abc import Callable, Iterator
from typing import Final

import httpx

from simulator.app import handle
from simulator.http import Cut, Dropped, Request, Response, has_body
from simulator.simulator import Simulator

PIECES: Final = 4
"""Number of pieces of a slow body."""


class InProcessTransport(httpx.BaseTransport):
    """Carries requests of an httpx client to a simulator.

    Args:
        simulator: Receives the requests.
        on_latency: Called with the seconds that a real client would have waited, so that a test
            moves its clock instead.
        latency: Seconds that every answer takes.
        proxy: Act as the in-pipe proxy, which serves some calls without credentials.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        on_latency: Callable[[float], object] | None = None,
        latency: float = 0.0,
        proxy: bool = False,
    ) -> None:
        self._simulator = simulator
        self._on_latency = on_latency
        self._latency = latency
        self._proxy = proxy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Handle a request, or fail as a real connection would.

        Raises:
            httpx.ConnectError: The connection was refused.
            httpx.ReadError: It was reset.
            httpx.ReadTimeout: No answer came in time.
            httpx.RemoteProtocolError: It was closed without an answer.
        """
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        reply = handle(
            self._simulator,
            Request(
                method=request.method,
                path=path,
                query=query,
                headers=tuple((k.decode(), v.decode()) for k, v in request.headers.raw),
                body=request.read(),
                scheme=request.url.scheme,
                proxied=self._proxy,
            ),
        )
        if isinstance(reply, Dropped):
            raise _failure(reply.how, request)
        remaining = request.extensions.get("timeout", {}).get("read", math.inf)
        wait = _Wait(self._on_latency, math.inf if remaining is None else remaining, request)
        wait.seconds(reply.delay + self._latency)
        headers = [*reply.headers]
        if has_body(reply):
            headers.append(("Content-Length", str(len(reply.body))))
        stream = _Body(reply, lambda: wait.seconds(reply.pause), request)
        return httpx.Response(reply.status, headers=headers, stream=stream)


class _Wait:
    """The waits of one request, together no longer than its read timeout.

    httpx means that timeout for each wait; a client that bounds the whole answer, as the pipe does,
    is not to depend on it.
    """

    def __init__(
        self,
        on_latency: Callable[[float], object] | None,
        remaining: float,
        request: httpx.Request,
    ) -> None:
        self._on_latency = on_latency
        self._remaining = remaining
        self._request = request

    def seconds(self, seconds: float) -> None:
        """Wait, or raise `httpx.ReadTimeout`."""
        is_late = seconds > self._remaining
        waited = min(seconds, self._remaining)
        self._remaining -= waited
        if waited and self._on_latency is not None:
            self._on_latency(waited)
        if is_late:
            raise httpx.ReadTimeout("The read operation timed out", request=self._request)


class _Body(httpx.SyncByteStream):
    """The body of a response, in pieces if slow, and incomplete if so ordered."""

    def __init__(self, reply: Response, pause: Callable[[], None], request: httpx.Request) -> None:
        self._reply = reply
        self._pause = pause
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        Raises:
            httpx.RemoteProtocolError: After half a body.
        """
        for piece in pieces(self._reply):
            self._pause()
            yield piece
        if self._reply.sent is not None:
            message = "peer closed connection without sending complete message body"
            raise httpx.RemoteProtocolError(message, request=self._request)


def pieces(reply: Response) -> list[bytes]:
    """Return the pieces of a body in which it is sent."""
    body = reply.body if reply.sent is None else reply.body[: reply.sent]
    if not reply.pause or not body:
        return [body] if body else []
    size = -(-len(body) // PIECES)
    return [body[i : i + size] for i in range(0, len(body), size)]


def _failure(how: Cut, request: httpx.Request) -> httpx.TransportError:
    match how:
        case Cut.REFUSED:
            return httpx.ConnectError("[Errno 111] Connection refused", request=request)
        case Cut.CLOSED:
            message = "Server disconnected without sending a response."
            return httpx.RemoteProtocolError(message, request=request)
        case Cut.RESET:
            return httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
        case Cut.UNANSWERED:
            return httpx.ReadTimeout("The read operation timed out", request=request)
