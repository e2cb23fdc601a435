"""Send a request once over HTTP and return its outcome; failures are outcomes, not exceptions."""

import zlib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final, TypeVar, cast

import httpx

from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.requests import Answer, Request, UnparseableError
from pipe.bitbucket.retry import (
    AttemptOutcome,
    Failed,
    NoResponse,
    NotSent,
    Understood,
    Unparseable,
)

T = TypeVar("T")

MAX_ANSWER_BYTES: Final = 10_000_000
_GZIP: Final = 16 + zlib.MAX_WBITS
_CONNECT_SECONDS: Final = 10.0
_ATTEMPT_SECONDS: Final = 30.0
"""For one attempt as a whole: a response that trickles in must not use up the run."""
_STATUSES: Final = range(200, 600)


def exchange(
    client: HttpClient, request: Request[T], authorization: str, remaining: float
) -> AttemptOutcome[T]:
    """Send a request once, within the `remaining` seconds of the run.

    An empty `authorization` is not sent.
    """
    seconds = min(_ATTEMPT_SECONDS, remaining)
    try:
        answer = _receive(client, request, authorization, seconds)
    except (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ProxyError,  # no tunnel was opened
    ) as error:
        return NotSent(_describe(error))
    except httpx.TimeoutException as error:
        return NoResponse(f"{type(error).__name__}: no complete answer within {seconds:.2g} s")
    except httpx.RequestError as error:
        return NoResponse(_describe(error))
    return _parsed(request, answer) if isinstance(answer, Answer) else answer


def _receive(
    client: HttpClient, request: Request[T], authorization: str, seconds: float
) -> Answer | Unparseable:
    headers = {"Authorization": authorization} if authorization else {}
    if request.content is not None:
        headers["Content-Type"] = request.content.media_type
    response = client.send(
        request.method.value,
        request.target,
        content=None if request.content is None else request.content.data,
        headers=headers,
        timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
    )
    try:
        return _read(response)
    finally:
        response.close()


def _read(response: httpx.Response) -> Answer | Unparseable:
    # Not `iter_bytes`, which decompresses without a bound.
    raw = cast("httpx.SyncByteStream", response.stream)
    body = bytearray()
    try:
        for chunk in decoded(raw, response.headers.get("content-encoding", "")):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                return Unparseable("an answer of more than 10 MB", response.status_code)
    except UnparseableError as error:
        return Unparseable(str(error), response.status_code)
    return Answer(
        response.status_code,
        {name.lower(): value for name, value in response.headers.multi_items()},
        bytes(body),
    )


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress a response body, at most to a little more than `MAX_ANSWER_BYTES`.

    A few kilobytes can expand to gigabytes: decompression stops before that.

    Args:
        chunks: The body as it arrives.
        encoding: The header `Content-Encoding`; empty for a body that is not compressed.

    Raises:
        UnparseableError: The encoding was not asked for, or the body is damaged.
    """
    match encoding.strip().lower():
        case "" | "identity":
            yield from chunks
        case "gzip" | "x-gzip":
            yield from _unzipped(chunks)
        case _:
            raise UnparseableError("an answer that is compressed in a way that was not asked for")


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(_GZIP)
    is_empty = True
    try:
        for chunk in chunks:
            is_empty = False
            yield unzip.decompress(chunk, MAX_ANSWER_BYTES + 1)
            if unzip.unconsumed_tail:
                return  # larger than any accepted body
    except zlib.error as error:
        raise UnparseableError("an answer whose compression is damaged") from error
    if not is_empty and not unzip.eof:
        raise UnparseableError("an answer that ends in the middle of its compression")


def _parsed(request: Request[T], answer: Answer) -> AttemptOutcome[T]:
    if answer.status not in _STATUSES:
        return Unparseable("a status that does not exist", answer.status)
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Failed(answer)
    try:
        return Understood(request.parse(answer), answer)
    except UnparseableError as error:
        return Unparseable(str(error), answer.status)


def _describe(error: Exception) -> str:
    """Return the kind of an error, and its text only where that is the operating system's.

    Other texts quote what a server or a proxy sent, or an address that may hold a password.
    """
    kind = type(error).__name__
    match error:
        case httpx.ProxyError():
            status = str(error)[:3]
            return f"{kind}: HTTP {status}" if status.isdecimal() else kind
        case httpx.RemoteProtocolError():
            return f"{kind}: the connection closed early, or the answer is not HTTP"
        case httpx.NetworkError() | httpx.ConnectTimeout() if str(error):
            return f"{kind}: {error}"
        case _:
            return kind
