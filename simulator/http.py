"""What crosses the wire: a request, and either a response or a connection that was cut."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""Any value that JSON can carry."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values in the order of the wire; names compare regardless of case."""

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it was read off the wire.

    Attributes:
        method: In capitals.
        path: As sent: still percent-encoded, since Bitbucket tells `{` from `%7B`.
        query: As sent, without the question mark.
        headers: As sent.
        body: As sent.
        scheme: `http` or `https`, for the links in answers.
        proxied: Whether it came in absolute form, as to a proxy.
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""
    scheme: str = "http"
    proxied: bool = False

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or `None`."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, and how the shell is to deliver it.

    Attributes:
        status: The HTTP status.
        headers: Without `Content-Length`, which the shell adds.
        body: All of it.
        delay: Seconds to wait before the first byte.
        sent: How many bytes of the body leave before the connection is cut; `None`: all.
        pause: Seconds to wait before each piece of the body; 0 sends it in one write.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    delay: float = 0.0
    sent: int | None = None
    pause: float = 0.0


class Cut(StrEnum):
    """How a connection ends without a complete head of a response."""

    REFUSED = "refused"
    CLOSED = "closed"
    RESET = "reset"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Dropped:
    """No answer at all."""

    how: Cut


Reply: TypeAlias = Response | Dropped


def json_response(status: int, document: Json, headers: Headers = ()) -> Response:
    """Return a response with a JSON body."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Response(status=status, headers=(("Content-Type", JSON), *headers), body=body)


def text_response(status: int, text: str, content_type: str = TEXT) -> Response:
    """Return a response with a body of text."""
    return Response(status=status, headers=(("Content-Type", content_type),), body=text.encode())


NO_CONTENT: Final = 204


def empty_response(status: int) -> Response:
    """Return a response without a body.

    It says of what kind the nothing is: npm's `bitbucket` package, which works against
    Bitbucket, reads `Content-Type` of every answer.
    """
    return Response(status=status, headers=(("Content-Type", HTML),))
