"""Who is calling: the three kinds of credentials, and the header that each becomes."""

from __future__ import annotations

import math
import threading
from base64 import b64encode
from collections.abc import Callable
from http import HTTPMethod
from typing import Final, Protocol, TypeAlias

from msgspec import Struct
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


class ApiToken(Struct, frozen=True, kw_only=True):
    """An Atlassian API token with scopes, and the email address of its owner."""

    email: str
    token: SecretStr

    @property
    def description(self) -> str:
        """For the first line of the log."""
        return f"API token of {self.email}"


class AccessToken(Struct, frozen=True, kw_only=True):
    """An access token of a repository, a project or a workspace."""

    token: SecretStr

    @property
    def description(self) -> str:
        """For the first line of the log."""
        return "access token"


class OAuthConsumer(Struct, frozen=True, kw_only=True):
    """An OAuth consumer (private), whose token is fetched from `token_url`."""

    client_id: str
    client_secret: SecretStr
    token_url: str

    @property
    def description(self) -> str:
        """For the first line of the log."""
        return f"OAuth consumer {self.client_id}"


Credentials: TypeAlias = ApiToken | AccessToken | OAuthConsumer

_MAX_SECONDS: Final = 10**9
_MARGIN_SHARE: Final = 0.1
_MAX_MARGIN_SECONDS: Final = 60.0


class Token(Struct, frozen=True):
    """An OAuth token; it never shows itself.

    Attributes:
        value: What is sent.
        seconds: How long it is valid from its making on; infinite when nobody said.
    """

    value: str
    seconds: float

    def __repr__(self) -> str:
        """Return how long the token is valid, never its value."""
        return f"Token(seconds={self.seconds})"


class Authorizer(Protocol):
    """Makes the `Authorization` header. Safe to share between threads."""

    @property
    def renewable(self) -> bool:
        """Whether another header could do better once one was refused as expired."""

    def header(self) -> str:
        """Return the header for a request that is sent now.

        Raises:
            PipeError: It could not be made.
        """

    def forget(self, header: str) -> None:
        """Do not use that header again: it was refused as expired."""


class StaticAuthorizer:
    """A header that stays the same; what is wrong with it shows when it is first needed."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    @property
    def renewable(self) -> bool:
        """It has no successor."""
        return False

    def header(self) -> str:
        """Return it."""
        return self._make()

    def forget(self, header: str) -> None:
        """Nothing to forget: there is no other."""


class OAuthAuthorizer:
    """A header with an OAuth token that is fetched when needed and renewed before it expires."""

    def __init__(self, fetch: Callable[[], Token], monotonic: Callable[[], float]) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._header: str | None = None
        self._renew_at = -math.inf
        self._refusal: Problem | None = None

    @property
    def renewable(self) -> bool:
        """A new token can be fetched at any time."""
        return True

    def header(self) -> str:
        """Return the header with a token that is still valid; one thread fetches it for all."""
        with self._lock:
            if self._refusal is not None:
                raise PipeError(self._refusal)
            if self._header is None or self._monotonic() >= self._renew_at:
                self._header = self._fetched()
            return self._header

    def forget(self, header: str) -> None:
        """Fetch a new token for the next request, unless another thread already did."""
        with self._lock:
            if self._header == header:
                self._header = None

    def _fetched(self) -> str:
        asked_at = self._monotonic()
        try:
            token = self._fetch()
        except PipeError as error:
            if error.problem.code is ExitCode.PERMISSION:
                self._refusal = error.problem  # a wrong secret stays wrong: ask only once
            raise
        margin = min(_MAX_MARGIN_SECONDS, _MARGIN_SHARE * token.seconds)
        self._renew_at = asked_at + token.seconds - margin
        return bearer(token.value)


def basic(user: str, password: str) -> str:
    """Return the header of Basic authentication."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def bearer(token: str) -> str:
    """Return the header of a token.

    Raises:
        PipeError: The token holds what no header can hold; most likely it was pasted wrongly.
    """
    if not _fits_a_header(token):
        raise PipeError(problems.credential_unusable())
    return f"Bearer {token}"


def token_request(consumer: OAuthConsumer) -> IdempotentRequest[Token]:
    """Return the request for a token: harmless to repeat, although it is a POST."""
    return IdempotentRequest(
        method=HTTPMethod.POST,
        path=consumer.token_url,
        content=form_content({"grant_type": "client_credentials"}),
        parse=_token,
    )


def _token(answer: Answer) -> Token:
    body = read_json(answer.body)
    fields = body if isinstance(body, dict) else {}
    value = fields.get("access_token")
    if not isinstance(value, str) or not _fits_a_header(value):
        message = "JSON without an `access_token`"
        raise UnparseableError(message)
    seconds = fields.get("expires_in")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        return Token(value, math.inf)  # then only a refusal tells that its time is over
    return Token(value, float(min(seconds, _MAX_SECONDS)))


def _fits_a_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and token != "" and " " not in token
