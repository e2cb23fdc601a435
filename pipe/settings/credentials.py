"""Which of the given credentials are used (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from pipe.bitbucket.auth import AccessToken, ApiToken, Credentials, OAuthConsumer
from pipe.parsing.errors import ConfigErrors
from pipe.settings.model import Variables

OAUTH_URL: Final = "https://bitbucket.org/site/oauth2/access_token"

_PAIRS: Final = (
    ("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN"),
    ("BITBUCKET_OAUTH_CLIENT_ID", "BITBUCKET_OAUTH_CLIENT_SECRET"),
)
_APP_PASSWORD: Final = ("BITBUCKET_USERNAME", "BITBUCKET_APP_PASSWORD")
_WAYS: Final = (
    "ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN, or"
    " BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET"
)


class Chosen(Struct, frozen=True):
    """The credentials that are used, and what is said about the others."""

    credentials: Credentials
    warnings: tuple[str, ...]


def choose(variables: Variables, environ: Mapping[str, str], faults: ConfigErrors) -> Chosen | None:
    """Choose the first complete way to authenticate; without one, remember what is missing.

    Args:
        variables: Those that could be read.
        environ: All variables: what was given, even if it could not be read.
        faults: Where to remember what is missing.
    """
    halves = tuple(
        (given, missing)
        for pair in _PAIRS
        for given, missing in (pair, pair[::-1])
        if environ.get(given) and not environ.get(missing)
    )
    app_password = next((name for name in _APP_PASSWORD if environ.get(name)), None)
    credentials = _first_complete(variables)
    if credentials is not None:
        warnings = [f"{given} is not used: {missing} is missing" for given, missing in halves]
        if app_password:
            warnings.append(f"{app_password} is not used: app passwords were removed on 2026-07-28")
        return Chosen(credentials, tuple(warnings))
    for given, missing in halves:
        faults.add(missing, f"is missing, though {given} is given; set both")
    if app_password:
        message = f"app passwords were removed on 2026-07-28; use {_WAYS} instead"
        faults.add(app_password, message)
    if not halves and not app_password and not _any_given(environ):
        faults.add("ATLASSIAN_API_TOKEN", f"no credentials are given; set {_WAYS}")
    return None


def _first_complete(variables: Variables) -> Credentials | None:
    if variables.atlassian_account_email and variables.atlassian_api_token:
        return ApiToken(
            email=variables.atlassian_account_email, token=variables.atlassian_api_token
        )
    if variables.bitbucket_access_token:
        return AccessToken(token=variables.bitbucket_access_token)
    if variables.bitbucket_oauth_client_id and variables.bitbucket_oauth_client_secret:
        return OAuthConsumer(
            client_id=variables.bitbucket_oauth_client_id,
            client_secret=variables.bitbucket_oauth_client_secret,
            token_url=variables.bitbucket_oauth_url or OAUTH_URL,
        )
    return None


def _any_given(environ: Mapping[str, str]) -> bool:
    """Whether a whole way was given, of which a part is faulty: that is told already."""
    ways = (*_PAIRS, ("BITBUCKET_ACCESS_TOKEN",))
    return any(all(environ.get(name) for name in way) for way in ways)
