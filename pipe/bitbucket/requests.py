"""The shape of a conversation with Bitbucket, as values: requests, answers, what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPMethod
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Content(Struct, frozen=True):
    """The body of a request; it may hold secrets and never shows itself."""

    media_type: str
    data: bytes

    def __repr__(self) -> str:
        """Return the media type only."""
        return f"Content({self.media_type!r})"


def json_content(value: Json) -> Content:
    """Return `value` as a JSON body."""
    return Content("application/json", json.dumps(value, separators=(",", ":")).encode())


def form_content(fields: Mapping[str, str]) -> Content:
    """Return `fields` as a form, which is what OAuth token endpoints read."""
    return Content("application/x-www-form-urlencoded", urlencode(fields).encode())


class Answer(Struct, frozen=True):
    """What the service answered, whole.

    Attributes:
        status: The HTTP status.
        headers: By lower-cased name; the last one wins.
        body: Decompressed, otherwise as it came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class UnparseableError(Exception):
    """An answer that makes no sense; raised by `parse` functions, turned into an outcome."""


class IdempotentRequest(Struct, Generic[T_co], frozen=True, kw_only=True):
    """A request that may be sent twice without harm.

    Attributes:
        method: GET, PUT or DELETE (and the POST that fetches an OAuth token).
        path: Percent-encoded, beginning with `/2.0/` or `/internal/`; a whole URL for the token.
        parse: Turns an answer of the 2xx family into a value; `GarbledError` if it can't.
        query: Pairs, not yet encoded.
        content: The body.
    """

    method: HTTPMethod
    path: str
    parse: Callable[[Answer], T_co]
    query: tuple[tuple[str, str], ...] = ()
    content: Content | None = None

    @property
    def target(self) -> str:
        """Path and query, for a log."""
        return _target(self.path, self.query)


class NonIdempotentRequest(Struct, Generic[T_co], frozen=True, kw_only=True):
    """A request that is never sent again once it may have taken effect.

    Attributes are those of `Repeatable`.
    """

    path: str
    parse: Callable[[Answer], T_co]
    query: tuple[tuple[str, str], ...] = ()
    content: Content | None = None

    @property
    def method(self) -> HTTPMethod:
        """Always POST."""
        return HTTPMethod.POST

    @property
    def target(self) -> str:
        """Path and query, for a log."""
        return _target(self.path, self.query)


def _target(path: str, query: tuple[tuple[str, str], ...]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


Request: TypeAlias = IdempotentRequest[T] | NonIdempotentRequest[T]


class Rejected(Struct, frozen=True, kw_only=True):
    """The service decided against a request (4xx); trying again would not help.

    Attributes:
        status: The HTTP status.
        key: Bitbucket's stable name of the error, where it gave one.
        message: Bitbucket's own words: one line, cleaned, without secrets; may be empty.
        required: The scopes that the call needs, where told.
        granted: The scopes that the credential has, where told.
    """

    status: int
    key: str | None = None
    message: str = ""
    required: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()


class OutcomeUnknown(Struct, frozen=True):
    """A POST that may or may not have taken effect: read, then decide.

    Attributes:
        reason: What was seen instead of an answer, for the reader of the log.
    """

    reason: str


class Done(Struct, frozen=True):
    """The service took the order; there is nothing to read in its answer."""


class AlreadyGone(Struct, frozen=True):
    """A DELETE met a 404 after an attempt that may have worked: look, then believe it."""


class Quota(Struct, frozen=True):
    """What the service said about the hourly limit; only some access tokens are told.

    Attributes:
        limit: Requests an hour.
        near_limit: Whether less than a fifth is left.
    """

    limit: int | None = None
    near_limit: bool | None = None


def segment(text: str) -> str:
    """Return `text` as one segment of a path: raw braces would be answered with 400.

    A segment of only dots would be taken for a step up the tree, so its dots are encoded too.
    """
    encoded = quote(text, safe="")
    return encoded.replace(".", "%2E") if encoded.strip(".") == "" else encoded
