"""HTTP messages: a request, and either a response or a dropped connection."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Final, TypeAlias

from msgspec import Struct

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""Any JSON value."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in the order sent; names compare regardless of case."""

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class Request(Struct, frozen=True, kw_only=True):
    """One request as it was received.

    Attributes:
        method: In upper case.
        path: As sent, still percent-encoded: Bitbucket treats `{` and `%7B` differently.
        query: As sent, without the question mark.
        headers: As sent.
        body: As sent.
        scheme: `http` or `https`, for the links in answers.
        proxied: Whether it was sent in absolute form, as to a proxy.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    scheme: str = "http"
    proxied: bool = False

    @property
    def origin(self) -> str:
        """Scheme and host by which the caller reached the simulator."""
        return f"{self.scheme}://{self.header('Host') or 'api.bitbucket.org'}"

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or `None`."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class Response(Struct, frozen=True, kw_only=True):
    """An answer, and how the server or transport has to deliver it.

    Attributes:
        status: The HTTP status.
        headers: Without `Content-Length`, which is added on sending.
        body: The complete body.
        delay: Seconds to wait before the first byte.
        sent: Number of bytes of the body to send before the connection is closed; `None`: all.
        pause: Seconds to wait before each piece of the body; 0 sends it in one write.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    delay: float = 0.0
    sent: int | None = None
    pause: float = 0.0


class Cut(StrEnum):
    """How a connection ends without a response."""

    REFUSED = "refused"
    CLOSED = "closed"
    RESET = "reset"
    UNANSWERED = "unanswered"


class Dropped(Struct, frozen=True):
    """No answer: the connection ends instead."""

    how: Cut


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
Reply: TypeAlias = Response | Dropped


def json_response(status: int, document: Json, headers: Headers = ()) -> Response:
    """Return a response with a JSON body."""
    body = _ENCODER.encode(document).encode()
    return Response(status=status, headers=(("Content-Type", JSON), *headers), body=body)


def text_response(status: int, text: str, content_type: str = TEXT) -> Response:
    """Return a response with a body of text."""
    return Response(status=status, headers=(("Content-Type", content_type),), body=text.encode())


def html_response(status: int, title: str) -> Response:
    """Return an HTML error page as a gateway sends it."""
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
    return text_response(status, page, HTML)


def empty_response(status: int, headers: Headers = ()) -> Response:
    """Return a response without a body.

    It has a `Content-Type` all the same: npm's `bitbucket` package, which works against
    Bitbucket, reads that header of every answer.
    """
    return Response(status=status, headers=(("Content-Type", HTML), *headers))


def has_body(response: Response) -> bool:
    """Return whether a response has a body, and therefore a `Content-Length`."""
    return response.status != HTTPStatus.NO_CONTENT
