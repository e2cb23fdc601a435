"""One exchange over HTTP: a request goes out, an outcome comes back, nothing is raised."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Thread
from typing import Final, TypeVar, cast

import httpx
from msgspec import Struct

from pipe.bitbucket.requests import Answer, Request, UnparseableError
from pipe.bitbucket.retry import Failed, NoResponse, NotSent, Outcome, Understood, Unparseable
from pipe.models.errors import ConfigError, ConfigurationError

Result = TypeVar("Result")

MAX_ANSWER_BYTES: Final = 10_000_000
_GZIP: Final = 16 + zlib.MAX_WBITS


class OverdueError(Exception):
    """A call did not come to an end in time."""


def call_with_timeout(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises, if that takes no longer than `seconds`.

    An HTTP client bounds each wait on a connection, not their sum: a server that sends a byte of
    its headers now and then would never be late. And nothing bounds how long a name is looked up.
    The call is made in a thread of its own, which is left behind when it is overdue.

    Raises:
        OverdueError: It takes longer.
    """
    future: Future[Result] = Future()
    Thread(target=_fulfil, args=(future, call), daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError:
        if future.done():
            raise
        raise OverdueError from None


def _fulfil(future: Future[Result], call: Callable[[], Result]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress an answer, a little more than `MAX_ANSWER_BYTES` of it at most.

    A few kilobytes can stand for gigabytes: what is not wanted is not even unpacked.

    Args:
        chunks: The body as it comes.
        encoding: The header `Content-Encoding`; empty for a body that is not compressed.

    Raises:
        GarbledError: It is compressed in another way than was asked for, or damaged.
    """
    match encoding.strip().lower():
        case "" | "identity":
            yield from chunks
        case "gzip" | "x-gzip":
            yield from _unzipped(chunks)
        case _:
            message = "an answer that is compressed in a way that was not asked for"
            raise UnparseableError(message)


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(_GZIP)
    begun = False
    try:
        for chunk in chunks:
            begun = True
            yield unzip.decompress(chunk, MAX_ANSWER_BYTES + 1)
            if unzip.unconsumed_tail:
                return  # more than anyone will take
    except zlib.error as error:
        message = "an answer whose compression is damaged"
        raise UnparseableError(message) from error
    if begun and not unzip.eof:
        message = "an answer that ends in the middle of its compression"
        raise UnparseableError(message)


T = TypeVar("T")

_CONNECT_SECONDS: Final = 10.0
_READ_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 60.0
"""For a whole answer: a body that trickles must not use up the run."""
_SLACK_SECONDS: Final = 0.25
"""By so much a bound of the HTTP client comes before ours: it knows better what went wrong."""
_KEEP_ALIVE_SECONDS: Final = 15.0
_OK: Final = range(200, 300)
_STATUSES: Final = range(200, 600)


class HttpExchange(Struct, frozen=True, kw_only=True):
    """An HTTP client, and the clock that bounds how long an answer may take."""

    client: httpx.Client
    monotonic: Callable[[], float]

    def exchange(self, request: Request[T], authorization: str, remaining: float) -> Outcome[T]:
        """Send a request once.

        Args:
            request: What to send.
            authorization: The header; empty: the request goes without.
            remaining: The seconds that the run has left.
        """
        seconds = min(_ANSWER_SECONDS, remaining)
        try:
            answer = call_with_timeout(
                seconds + _SLACK_SECONDS,
                lambda: self._receive(request, authorization, remaining, seconds),
            )
        except OverdueError:
            return NoResponse(_late(seconds))
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            UnicodeError,  # a host name that can't be looked up
        ) as error:
            return NotSent(_told(error))
        except (
            httpx.RequestError,
            httpx.InvalidURL,  # in a redirection, which httpx reads even if it does not follow
        ) as error:
            return NoResponse(_told(error))
        return _deciphered(request, answer) if isinstance(answer, Answer) else answer

    def _receive(
        self, request: Request[T], authorization: str, remaining: float, seconds: float
    ) -> Answer | NoResponse | Unparseable:
        until = self.monotonic() + seconds
        headers = {"Authorization": authorization} if authorization else {}
        if request.content is not None:
            headers["Content-Type"] = request.content.media_type
        with self.client.stream(
            request.method.value,
            request.path,
            params=request.query or None,
            content=None if request.content is None else request.content.data,
            headers=headers,
            follow_redirects=False,  # never take credentials elsewhere
            timeout=httpx.Timeout(
                min(_READ_SECONDS, remaining), connect=min(_CONNECT_SECONDS, remaining)
            ),
        ) as response:
            body = bytearray()
            encoding = response.headers.get("content-encoding", "")
            # Not `iter_bytes`, which unpacks without a bound. A client like this one streams so.
            raw = cast("httpx.SyncByteStream", response.stream)
            try:
                for chunk in decoded(raw, encoding):
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        return Unparseable("an answer of more than 10 MB", response.status_code)
                    if self.monotonic() > until:
                        return NoResponse(_late(seconds))
            except UnparseableError as error:
                return Unparseable(str(error), response.status_code)
            return Answer(
                response.status_code,
                {name.lower(): value for name, value in response.headers.multi_items()},
                bytes(body),
            )


def open_client(*, base_url: str, workers: int, version: str) -> httpx.Client:
    """Return a client for `base_url` that keeps as many connections open as there are workers.

    There may be more for a while: a connection whose answer is overdue is left behind.

    Proxies and certificates come from the environment (`HTTPS_PROXY`, `NO_PROXY`,
    `SSL_CERT_FILE`). Cookies are neither kept nor sent.

    Raises:
        ConfigurationError: What the environment says of them can't be used.
    """
    try:
        return httpx.Client(
            base_url=base_url,
            headers={
                "User-Agent": f"bitbucket-environment/{version}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=workers,
                keepalive_expiry=_KEEP_ALIVE_SECONDS,
            ),
            follow_redirects=False,
        )
    except OSError as error:
        # The file of certificates is the only thing that is opened here.
        message = f"the certificates can't be read: {error.strerror or 'not a PEM file'}"
        raise ConfigurationError((ConfigError("SSL_CERT_FILE", message),)) from error
    except (ValueError, ImportError) as error:
        message = "not a proxy that can be used; write http://host:port or https://host:port"
        raise ConfigurationError((ConfigError("HTTPS_PROXY", message),)) from error


def open_in_pipe_client(version: str) -> httpx.Client:
    """Return a client that reaches Bitbucket through the proxy beside every step of a pipeline.

    That proxy says on its own who is asking, so no credentials are sent over plain HTTP. It is
    known to serve Code Insights only.
    """
    return httpx.Client(
        base_url="http://api.bitbucket.org",
        proxy="http://host.docker.internal:29418",
        headers={"User-Agent": f"bitbucket-environment/{version}", "Accept": "application/json"},
        trust_env=False,
        follow_redirects=False,
    )


def _deciphered(request: Request[T], answer: Answer) -> Outcome[T]:
    if answer.status not in _STATUSES:
        return Unparseable("a status that does not exist", answer.status)
    if answer.status not in _OK:
        return Failed(answer)
    try:
        return Understood(request.parse(answer), answer)
    except UnparseableError as error:
        return Unparseable(str(error), answer.status)


def _late(seconds: float) -> str:
    return f"an answer that did not end within {seconds:.0f} seconds"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
