"""Who is calling: the three kinds of credentials, and the header that each becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """An Atlassian API token with scopes, and the email address of its owner."""

    email: str
    token: SecretStr

    @property
    def description(self) -> str:
        """For the first line of the log."""
        return f"API token of {self.email}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token of a repository, a project or a workspace."""

    token: SecretStr

    @property
    def description(self) -> str:
        """For the first line of the log."""
        return "access token"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthConsumer:
    """An OAuth consumer (private), whose token is fetched from `token_url`."""

    client_id: str
    client_secret: SecretStr
    token_url: str

    @property
    def description(self) -> str:
        """For the first line of the log."""
        return f"OAuth consumer {self.client_id}"


Credentials: TypeAlias = ApiToken | AccessToken | OAuthConsumer
