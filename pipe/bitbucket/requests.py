"""Values exchanged with Bitbucket: requests, responses, and what became of a request."""

import json
from collections.abc import Callable, Mapping
from http import HTTPMethod, HTTPStatus
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from pipe.models.errors import Problem

T_co = TypeVar("T_co", covariant=True)

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Content(Struct, frozen=True):
    """The body of a request; it never shows itself.

    Attributes:
        is_secret: Whether a secret is in it: then what is answered to it is not shown.
    """

    media_type: str
    data: bytes
    is_secret: bool = False

    def __repr__(self) -> str:
        """Return the media type only."""
        return f"Content({self.media_type!r})"


def json_content(value: Json, *, is_secret: bool = False) -> Content:
    """Return `value` as a JSON body."""
    data = json.dumps(value, separators=(",", ":")).encode()
    return Content("application/json", data, is_secret)


def form_content(fields: Mapping[str, str]) -> Content:
    """Return secret `fields` as a form, which OAuth token endpoints expect."""
    return Content("application/x-www-form-urlencoded", urlencode(fields).encode(), is_secret=True)


class Answer(Struct, frozen=True):
    """A complete HTTP response.

    Attributes:
        headers: By lower-case name; of repeated headers the last.
        body: The body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class UnparseableError(Exception):
    """A response that is not Bitbucket's, or damaged; `parse` functions raise it."""


class Request(Struct, Generic[T_co], frozen=True, kw_only=True):
    """A request of either kind, and how to read the response.

    Attributes:
        path: Percent-encoded, beginning with `/2.0/` or `/internal/`; a whole URL for the token.
        parse: Turns a response with a 2xx status into a value, or raises `UnparseableError`.
        query: Names and values, not yet encoded.
    """

    method: HTTPMethod
    path: str
    parse: Callable[[Answer], T_co]
    query: tuple[tuple[str, str], ...] = ()
    content: Content | None = None

    @property
    def target(self) -> str:
        """Path and query, for a log."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def carries_secret(self) -> bool:
        """Whether a secret is in the content, so that what is answered must not be shown."""
        return self.content is not None and self.content.is_secret


class IdempotentRequest(Request[T_co], frozen=True, kw_only=True):
    """GET, PUT, DELETE, or a POST that may be sent twice without harm."""


class NonIdempotentRequest(Request[T_co], frozen=True, kw_only=True):
    """A POST that is not sent again blindly once it may have taken effect."""

    method: HTTPMethod = HTTPMethod.POST


class Rejected(Struct, frozen=True, kw_only=True):
    """Bitbucket refused a request (4xx); the same request would be refused again.

    Attributes:
        key: Bitbucket's stable name of the error, if it gave one.
        message: Bitbucket's message: one line, cleaned, without secrets; may be empty.
        required: The scopes that the call requires, if stated.
        granted: The scopes that the credential has, if stated.
        hint: What is probably wrong with the credential; empty: nothing noticed.
        existing_uuid: The uuid of what exists already, if a 409 names it [likely].
        read_only: Whether the run only reads, so that scopes for reading suffice.
    """

    status: int
    key: str | None = None
    message: str = ""
    required: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    hint: str = ""
    existing_uuid: str | None = None
    read_only: bool = False

    @property
    def is_forbidden(self) -> bool:
        """Whether the credential is not permitted to do this (401 or 403)."""
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class OutcomeUnknown(Struct, frozen=True):
    """A POST that may or may not have taken effect: read, then decide.

    Attributes:
        reason: What was seen instead of a good response, for a message.
        problem: What to report if reading does not settle it.
    """

    reason: str
    problem: Problem


class Done(Struct, frozen=True):
    """Bitbucket accepted a write whose response holds nothing to read."""


class AlreadyGone(Struct, frozen=True):
    """A DELETE was answered with 404 after an attempt that may have worked: read to be sure."""


def segment(text: str) -> str:
    """Percent-encode `text` as one segment of a path: raw braces are answered with 400 [sure].

    A segment of dots alone would be read as a step up the path, so its dots are encoded too.
    """
    encoded = quote(text, safe="")
    return encoded.replace(".", "%2E") if encoded.strip(".") == "" else encoded
