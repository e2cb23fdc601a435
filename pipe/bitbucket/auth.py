"""Authentication: the three kinds of credentials, and the `Authorization` header of each."""

import math
import threading
from base64 import b64encode
from collections.abc import Callable
from http import HTTPMethod
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from pydantic import SecretStr

from pipe.bitbucket import problems
from pipe.bitbucket.payloads import read_json
from pipe.bitbucket.requests import (
    Answer,
    IdempotentRequest,
    UnparseableError,
    form_content,
)
from pipe.models.errors import ExitCode, PipeError, Problem

_API_PREFIX: Final = "ATATT"
_ACCESS_PREFIX: Final = "ATCTT"
"""How Atlassian's tokens begin [sure]."""


class ApiToken(Struct, frozen=True, kw_only=True):
    """An Atlassian API token with scopes, and the email address of its owner (Basic)."""

    email: str
    token: SecretStr


class AccessToken(Struct, frozen=True, kw_only=True):
    """An access token of a repository, a project or a workspace (Bearer)."""

    token: SecretStr


class OAuthConsumer(Struct, frozen=True, kw_only=True):
    """A private OAuth consumer; its token is fetched from `token_url` (Bearer)."""

    client_id: str
    client_secret: SecretStr
    token_url: str


Credentials: TypeAlias = ApiToken | AccessToken | OAuthConsumer


def describe_credentials(credentials: Credentials) -> str:
    """Describe credentials for the log, without their secret."""
    match credentials:
        case ApiToken(email=email):
            return f"API token of {email}"
        case AccessToken():
            return "access token"
        case OAuthConsumer(client_id=client_id):
            return f"OAuth consumer {client_id}"


def hint(credentials: Credentials) -> str:
    """Say what to do if a token is of the other kind; empty: it does not look like one."""
    match credentials:
        case ApiToken(token=token) if token.get_secret_value().startswith(_ACCESS_PREFIX):
            return (
                "ATLASSIAN_API_TOKEN contains an access token of a repository, project or workspace"
                f" (it begins with {_ACCESS_PREFIX}): give it as BITBUCKET_ACCESS_TOKEN, without"
                " ATLASSIAN_ACCOUNT_EMAIL."
            )
        case AccessToken(token=token) if token.get_secret_value().startswith(_API_PREFIX):
            return (
                f"BITBUCKET_ACCESS_TOKEN contains an Atlassian API token (it begins with"
                f" {_API_PREFIX}): give it as ATLASSIAN_API_TOKEN, with ATLASSIAN_ACCOUNT_EMAIL."
            )
        case _:
            return ""


_MAX_SECONDS: Final = 10**9
_RENEWAL_SHARE: Final = 0.1
_MAX_RENEWAL_SECONDS: Final = 60.0


class Header(Struct, frozen=True):
    """An `Authorization` header; `repr` does not show it.

    Attributes:
        text: Its value: the scheme, and a secret.
        seconds: How long it is valid; infinite where that is not known.
    """

    text: str
    seconds: float = math.inf

    def __repr__(self) -> str:
        """Return how long the header is valid, without its value."""
        return f"Header(seconds={self.seconds})"

    @property
    def secret(self) -> str:
        """What follows the scheme."""
        return self.text.partition(" ")[2]


class Authorizer:
    """Makes the `Authorization` header when it is first needed. Safe to share between threads.

    Args:
        make: Returns the header and how long it is valid; OAuth: fetches a token for it.
        monotonic: Measures that time.
        renewable: Whether another header can be made after one was refused as expired.
    """

    def __init__(
        self, make: Callable[[], Header], monotonic: Callable[[], float], *, renewable: bool
    ) -> None:
        self.renewable = renewable
        self._make = make
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._header: str | None = None
        self._renew_at = -math.inf
        self._refused_with: Problem | None = None

    def header(self) -> str:
        """Return a valid header; one thread makes it for all.

        Raises:
            PipeError: No header could be made.
        """
        with self._lock:
            if self._refused_with is not None:
                raise PipeError(self._refused_with)
            if self._header is None or self._monotonic() >= self._renew_at:
                self._header = self._made()
            return self._header

    def invalidate(self, header: str) -> None:
        """Make a new header for the next request, unless another thread already did."""
        with self._lock:
            if self._header == header:
                self._header = None

    def _made(self) -> str:
        requested_at = self._monotonic()
        try:
            header = self._make()
        except PipeError as error:
            if error.problem.code is ExitCode.PERMISSION:
                self._refused_with = error.problem  # a wrong secret stays wrong: ask once
            raise
        margin = min(_MAX_RENEWAL_SECONDS, _RENEWAL_SHARE * header.seconds)
        self._renew_at = requested_at + header.seconds - margin
        return header.text


def basic(user: str, password: str) -> Header:
    """Return the header for Basic authentication."""
    return Header(f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")


def bearer(token: str) -> Header:
    """Return the header for a token.

    Raises:
        PipeError: The token holds characters that no header can carry; most likely it was pasted
            wrongly.
    """
    if not _is_valid_in_header(token):
        raise PipeError(problems.credential_unusable())
    return Header(f"Bearer {token}")


def token_request(consumer: OAuthConsumer) -> IdempotentRequest[Header]:
    """Return the request for a token: a POST, but safe to repeat."""
    return IdempotentRequest(
        method=HTTPMethod.POST,
        path=consumer.token_url,
        content=form_content({"grant_type": "client_credentials"}),
        parse=_token,
    )


def _token(answer: Answer) -> Header:
    body = read_json(answer.body)
    fields = body if isinstance(body, dict) else {}
    token, seconds = fields.get("access_token"), fields.get("expires_in")
    if not isinstance(token, str) or not _is_valid_in_header(token):
        raise UnparseableError("JSON without an `access_token`")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        return bearer(token)  # expiry then shows when a request is refused
    return replace(bearer(token), seconds=float(min(seconds, _MAX_SECONDS)))


def _is_valid_in_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and token != "" and " " not in token
