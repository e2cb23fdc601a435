"""One exchange over HTTP: a request goes out, an outcome comes back, nothing is raised."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final, TypeVar, cast

import httpx

from pipe.bitbucket.bounded import MAX_ANSWER_BYTES, OverdueError, decoded, within
from pipe.bitbucket.protocol import Answer, GarbledError
from pipe.bitbucket.retry import Failed, Garbled, Lost, NotSent, Understood
from pipe.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.bitbucket.protocol import Request
    from pipe.bitbucket.retry import Outcome

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
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
            answer = within(
                seconds + _SLACK_SECONDS,
                lambda: self._receive(request, authorization, remaining, seconds),
            )
        except OverdueError:
            return Lost(_late(seconds))
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
            return Lost(_told(error))
        return _deciphered(request, answer) if isinstance(answer, Answer) else answer

    def _receive(
        self, request: Request[T], authorization: str, remaining: float, seconds: float
    ) -> Answer | Lost | Garbled:
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
                        return Garbled("an answer of more than 10 MB", response.status_code)
                    if self.monotonic() > until:
                        return Lost(_late(seconds))
            except GarbledError as error:
                return Garbled(str(error), response.status_code)
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
        raise ConfigurationError((Fault("SSL_CERT_FILE", message),)) from error
    except (ValueError, ImportError) as error:
        message = "not a proxy that can be used; write http://host:port or https://host:port"
        raise ConfigurationError((Fault("HTTPS_PROXY", message),)) from error


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
        return Garbled("a status that does not exist", answer.status)
    if answer.status not in _OK:
        return Failed(answer)
    try:
        return Understood(request.parse(answer), answer)
    except GarbledError as error:
        return Garbled(str(error), answer.status)


def _late(seconds: float) -> str:
    return f"an answer that did not end within {seconds:.0f} seconds"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
