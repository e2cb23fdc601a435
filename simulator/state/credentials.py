"""Who may call, and what for.

API tokens come as Basic `email:token`, access tokens and tokens of OAuth consumers as Bearer.
The scopes of API tokens stand each for itself; those of the others imply one another.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

DEMO_EMAIL: Final = "robot@acme.example"
DEMO_API_TOKEN: Final = "demo-api-token"  # noqa: S105 - opens nothing but the simulator
DEMO_ACCESS_TOKEN: Final = "demo-access-token"  # noqa: S105 - opens nothing but the simulator
DEMO_CLIENT_ID: Final = "demo-client-id"
DEMO_CLIENT_SECRET: Final = "demo-client-secret"  # noqa: S105 - opens nothing but the simulator
DEMO_OIDC_TOKEN: Final = "demo-oidc-token"  # noqa: S105 - opens nothing but the simulator
"""A step's OIDC token: it is recognised, and can't call the API."""

API_TOKEN_SCOPES: Final = frozenset(
    {
        "read:pipeline:bitbucket",
        "admin:pipeline:bitbucket",
        "admin:repository:bitbucket",
        "read:repository:bitbucket",
        "read:workspace:bitbucket",
        "read:pullrequest:bitbucket",
        "write:pullrequest:bitbucket",
    }
)
"""Every scope of an API token that some call here needs."""

BEARER_SCOPES: Final = frozenset({"pipeline:variable", "repository:admin", "pullrequest"})
"""Scopes of a bearer token that, with what they imply, are enough for every call here."""

_IMPLIED: Final = {
    "pipeline:variable": frozenset({"pipeline:write", "pipeline"}),
    "pipeline:write": frozenset({"pipeline"}),
    "pullrequest:write": frozenset({"pullrequest", "repository"}),
    "pullrequest": frozenset({"repository"}),
    "repository:write": frozenset({"repository"}),
}


class Kind(StrEnum):
    """How a caller proves who it is."""

    API_TOKEN = "api-token"  # noqa: S105 - the name of a kind
    ACCESS_TOKEN = "access-token"  # noqa: S105 - the name of a kind
    OAUTH = "oauth"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls.

    Attributes:
        name: Tells callers apart, for the rate limit; never a secret.
        kind: How it proved who it is.
        scopes: What it was granted.
        repositories: The only ones it can see, as `workspace/slug`; `None`: all.
    """

    name: str
    kind: Kind
    scopes: frozenset[str]
    repositories: frozenset[str] | None = None

    def may(self, scope: str) -> bool:
        """Say whether the scopes granted cover this one."""
        if scope in self.scopes:
            return True
        if self.kind is Kind.API_TOKEN:
            return False
        return any(scope in _IMPLIED.get(each, ()) for each in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """An OAuth consumer; only a private one may use the client-credentials grant."""

    client_id: str
    secret: str
    scopes: frozenset[str] = BEARER_SCOPES
    private: bool = True


class RejectionReason(StrEnum):
    """Why a caller is not let in; the value is the message."""

    INVALID = "Token is invalid, expired, or not supported for this endpoint."
    EXPIRED = "Access token expired."
    MECHANISM = "This API is not accessible by this authentication mechanism"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A caller that is not let in."""

    reason: RejectionReason


@dataclass(slots=True)
class Credentials:
    """Every credential that is known.

    Attributes:
        random: What OAuth tokens are drawn from.
        api_tokens: Callers by email and token.
        access_tokens: Callers by token.
        consumers: OAuth consumers by client id.
        granted: Callers and when they expire, by the token an OAuth consumer was given.
    """

    random: Random
    api_tokens: dict[tuple[str, str], Caller] = field(default_factory=dict)
    access_tokens: dict[str, Caller] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)
    granted: dict[str, tuple[Caller, float]] = field(default_factory=dict)

    def add_demo(self) -> None:
        """Add the credentials that a fresh simulator accepts."""
        self.add_api_token(DEMO_EMAIL, DEMO_API_TOKEN)
        self.add_access_token(DEMO_ACCESS_TOKEN)
        self.add_consumer(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)

    def clear(self) -> None:
        """Forget every credential."""
        self.api_tokens.clear()
        self.access_tokens.clear()
        self.consumers.clear()
        self.granted.clear()

    def add_api_token(
        self,
        email: str,
        token: str,
        *,
        scopes: frozenset[str] = API_TOKEN_SCOPES,
        repositories: frozenset[str] | None = None,
    ) -> None:
        """Accept an API token with these scopes."""
        name = f"api-token:{email}"
        self.api_tokens[email, token] = Caller(
            name=name, kind=Kind.API_TOKEN, scopes=scopes, repositories=repositories
        )

    def add_access_token(
        self,
        token: str,
        *,
        scopes: frozenset[str] = BEARER_SCOPES,
        repositories: frozenset[str] | None = None,
    ) -> None:
        """Accept a repository, project or workspace access token with these scopes."""
        name = f"access-token:{len(self.access_tokens)}"
        self.access_tokens[token] = Caller(
            name=name, kind=Kind.ACCESS_TOKEN, scopes=scopes, repositories=repositories
        )

    def add_consumer(
        self,
        client_id: str,
        secret: str,
        *,
        scopes: frozenset[str] = BEARER_SCOPES,
        private: bool = True,
    ) -> None:
        """Accept an OAuth consumer with these scopes."""
        self.consumers[client_id] = Consumer(
            client_id=client_id, secret=secret, scopes=scopes, private=private
        )

    def grant(self, consumer: Consumer, expires: float) -> str:
        """Give an OAuth consumer a token that works until `expires`."""
        token = f"oauth-{self.random.getrandbits(160):040x}"
        caller = Caller(name=f"oauth:{consumer.client_id}", kind=Kind.OAUTH, scopes=consumer.scopes)
        self.granted[token] = (caller, expires)
        return token

    def authenticate(self, authorization: str | None, now: float) -> Caller | Rejection:
        """Say who calls, by the `Authorization` header."""
        scheme, _, value = (authorization or "").partition(" ")
        finders: dict[str, Callable[[str, float], Caller | Rejection]] = {
            "basic": self._basic,
            "bearer": self._bearer,
        }
        find = finders.get(scheme.lower())
        return Rejection(RejectionReason.INVALID) if find is None else find(value.strip(), now)

    def _basic(self, value: str, _now: float) -> Caller | Rejection:
        email, token = basic_pair(value)
        return self.api_tokens.get((email, token)) or Rejection(RejectionReason.INVALID)

    def _bearer(self, value: str, now: float) -> Caller | Rejection:
        if value == DEMO_OIDC_TOKEN:
            return Rejection(RejectionReason.MECHANISM)
        if value in self.granted:
            caller, expires = self.granted[value]
            return caller if now < expires else Rejection(RejectionReason.EXPIRED)
        return self.access_tokens.get(value) or Rejection(RejectionReason.INVALID)


def basic_pair(value: str) -> tuple[str, str]:
    """Return name and password of a Basic `Authorization`; empty ones when it is ill-formed."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password
