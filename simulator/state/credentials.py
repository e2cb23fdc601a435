"""Credentials and scopes.

API tokens are sent as Basic `email:token`, access tokens and tokens of OAuth consumers as Bearer.
Scopes of API tokens do not imply one another; scopes of the others do.
"""

import base64
import binascii
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final

from msgspec import Struct

DEMO_EMAIL: Final = "robot@acme.example"
DEMO_API_TOKEN: Final = "demo-api-token"
DEMO_ACCESS_TOKEN: Final = "demo-access-token"
DEMO_CLIENT_ID: Final = "demo-client-id"
DEMO_CLIENT_SECRET: Final = "demo-client-secret"
DEMO_OIDC_TOKEN: Final = "demo-oidc-token"
"""A step's OIDC token: it is recognised, but cannot call the API."""

API_TOKEN_SCOPES: Final = frozenset(
    {
        "read:pipeline:bitbucket",
        "admin:pipeline:bitbucket",
        "admin:repository:bitbucket",
        "read:repository:bitbucket",
        "read:workspace:bitbucket",
        "read:user:bitbucket",
        "read:pullrequest:bitbucket",
        "write:pullrequest:bitbucket",
    }
)
"""Every scope that a call of the simulator requires of an API token."""

BEARER_SCOPES: Final = frozenset(
    {"pipeline:variable", "repository:admin", "pullrequest", "account"}
)
"""Scopes of a bearer token that, with those they imply, cover every call of the simulator."""

_IMPLIED: Final = {
    "pipeline:variable": frozenset({"pipeline:write", "pipeline"}),
    "pipeline:write": frozenset({"pipeline"}),
    "pullrequest:write": frozenset({"pullrequest", "repository"}),
    "pullrequest": frozenset({"repository"}),
    "repository:write": frozenset({"repository"}),
}


class CredentialKind(StrEnum):
    """How a caller authenticates."""

    API_TOKEN = "api-token"
    ACCESS_TOKEN = "access-token"
    OAUTH = "oauth"
    PROXY = "proxy"


class Caller(Struct, frozen=True, kw_only=True):
    """An authenticated caller.

    Attributes:
        name: Identifies the caller for the rate limit; never a secret.
        kind: How it authenticated.
        scopes: The granted scopes.
        repositories: The only visible ones, as `workspace/slug`; `None`: all.
    """

    name: str
    kind: CredentialKind
    scopes: frozenset[str]
    repositories: frozenset[str] | None = None

    def may(self, scope: str) -> bool:
        """Return whether the granted scopes cover this one."""
        if scope in self.scopes:
            return True
        if self.kind is CredentialKind.API_TOKEN:
            return False
        return any(scope in _IMPLIED.get(each, ()) for each in self.scopes)


class Consumer(Struct, frozen=True, kw_only=True):
    """An OAuth consumer; only a private one may use the client-credentials grant."""

    client_id: str
    secret: str
    scopes: frozenset[str] = BEARER_SCOPES
    private: bool = True


class RejectionReason(StrEnum):
    """Why authentication fails; the value is the message."""

    INVALID = "Token is invalid, expired, or not supported for this endpoint."
    EXPIRED = "Access token expired."
    MECHANISM = "This API is not accessible by this authentication mechanism"


@dataclass(slots=True)
class Credentials:
    """Every known credential.

    Attributes:
        random: Source of OAuth tokens.
        api_tokens: Callers by email and token.
        access_tokens: Callers by token.
        consumers: OAuth consumers by client id.
        granted: Callers with the time they expire, by OAuth token.
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
            name=name, kind=CredentialKind.API_TOKEN, scopes=scopes, repositories=repositories
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
            name=name, kind=CredentialKind.ACCESS_TOKEN, scopes=scopes, repositories=repositories
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
        """Return a new token of an OAuth consumer that is valid until `expires`."""
        token = f"oauth-{self.random.getrandbits(160):040x}"
        caller = Caller(
            name=f"oauth:{consumer.client_id}", kind=CredentialKind.OAUTH, scopes=consumer.scopes
        )
        self.granted[token] = (caller, expires)
        return token

    def authenticate(self, authorization: str | None, now: float) -> Caller | RejectionReason:
        """Return the caller that an `Authorization` header identifies."""
        scheme, _, value = (authorization or "").partition(" ")
        match scheme.lower():
            case "basic":
                found = self.api_tokens.get(basic_pair(value.strip()))
                return found or RejectionReason.INVALID
            case "bearer":
                return self._bearer(value.strip(), now)
            case _:
                return RejectionReason.INVALID

    def _bearer(self, value: str, now: float) -> Caller | RejectionReason:
        if value == DEMO_OIDC_TOKEN:
            return RejectionReason.MECHANISM
        if value in self.granted:
            caller, expires = self.granted[value]
            return caller if now < expires else RejectionReason.EXPIRED
        return self.access_tokens.get(value) or RejectionReason.INVALID


def basic_pair(value: str) -> tuple[str, str]:
    """Return name and password of a Basic `Authorization`; empty ones if malformed."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password
