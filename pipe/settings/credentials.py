"""Chooses the credentials among those given (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipe.bitbucket.auth import AccessToken, ApiToken, Credentials, OAuthConsumer
from pipe.parsing.errors import ConfigErrors
from pipe.settings.model import Options

_PAIRS: Final = (
    ("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN"),
    ("BITBUCKET_OAUTH_CLIENT_ID", "BITBUCKET_OAUTH_CLIENT_SECRET"),
)
_APP_PASSWORD: Final = ("BITBUCKET_USERNAME", "BITBUCKET_APP_PASSWORD")
_WAYS: Final = (
    "ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN, or"
    " BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET"
)


def choose_credentials(
    options: Options, environ: Mapping[str, str], errors: ConfigErrors, warnings: list[str]
) -> Credentials | None:
    """Return the first complete credentials; without any, add an error.

    Args:
        options: The variables that are valid.
        environ: All variables, invalid ones too.
        errors: Gets what is missing when no credentials are complete.
        warnings: Gets what is not used.
    """
    incomplete = tuple(
        (given, missing)
        for pair in _PAIRS
        for given, missing in (pair, pair[::-1])
        if environ.get(given) and not environ.get(missing)
    )
    app_password = next((name for name in _APP_PASSWORD if environ.get(name)), None)
    credentials = _first_complete(options)
    if credentials is not None:
        for given, missing in incomplete:
            warnings.append(f"{given} is ignored: {missing} is not set")
        if app_password:
            warnings.append(f"{app_password} is ignored: app passwords were removed on 2026-07-28")
        return credentials
    for given, missing in incomplete:
        errors.add(missing, f"required when {given} is set")
    if app_password:
        errors.add(app_password, f"app passwords were removed on 2026-07-28; use {_WAYS} instead")
    if not incomplete and not app_password and not _any_given(environ):
        errors.add("ATLASSIAN_API_TOKEN", f"no credentials found; set {_WAYS}")
    return None


def _first_complete(options: Options) -> Credentials | None:
    if options.atlassian_account_email and options.atlassian_api_token:
        return ApiToken(email=options.atlassian_account_email, token=options.atlassian_api_token)
    if options.bitbucket_access_token:
        return AccessToken(token=options.bitbucket_access_token)
    if options.bitbucket_oauth_client_id and options.bitbucket_oauth_client_secret:
        return OAuthConsumer(
            client_id=options.bitbucket_oauth_client_id,
            client_secret=options.bitbucket_oauth_client_secret,
            token_url=options.bitbucket_oauth_url,
        )
    return None


def _any_given(environ: Mapping[str, str]) -> bool:
    """Return whether credentials are complete but invalid, which is an error already."""
    ways = (*_PAIRS, ("BITBUCKET_ACCESS_TOKEN",))
    return any(all(environ.get(name) for name in way) for way in ways)
