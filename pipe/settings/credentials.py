"""Chooses the credentials, and keeps them out of everything that is shown (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pipe.bitbucket.auth import AccessToken, ApiToken, Credentials, OAuthConsumer
from pipe.config_file.overrides import Declarations
from pipe.parsing.errors import ConfigErrors
from pipe.settings.model import Options

_PAIRS: Final = (
    ("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN"),
    ("BITBUCKET_OAUTH_CLIENT_ID", "BITBUCKET_OAUTH_CLIENT_SECRET"),
)
_APP_PASSWORD: Final = ("BITBUCKET_USERNAME", "BITBUCKET_APP_PASSWORD")
_MAY_CONTAIN_CREDENTIALS: Final = frozenset(
    {
        "atlassian_api_token",
        "bitbucket_access_token",
        "bitbucket_oauth_client_secret",
        "fingerprint_key",
        "variables",
        "secured_variables",
        "repository_variables",
        "secured_repository_variables",
    }
)
MIN_LENGTH: Final = 8
"""A shorter credential may be an ordinary word, and is not looked for."""

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


def check_options(
    environ: Mapping[str, str], credentials: Iterable[str], errors: ConfigErrors
) -> None:
    """Add an error for each variable that must not contain a credential, but does.

    Names, patterns and paths are shown in logs and sent to Bitbucket. Lists of variables are not
    looked at here: what they store secured may be a credential.
    """
    names = [each.upper() for each in Options.model_fields if each not in _MAY_CONTAIN_CREDENTIALS]
    pattern = re.compile(f"(?:{'|'.join(names)})(?:_[0-9]+)?")
    for name, value in environ.items():
        if pattern.fullmatch(name) and _contains(value, credentials):
            errors.add(name, "contains a credential of the pipe, which would be shown; remove it")


def check_declared_texts(
    declarations: Declarations,
    config_file: str | None,
    credentials: Iterable[str],
    errors: ConfigErrors,
) -> None:
    """Add an error for each name, key, pattern and plain value that contains a credential."""
    for what, text in declarations.public_texts():
        if _contains(text, credentials):
            message = f"{what} contains a credential of the pipe, which would be shown; remove it"
            errors.add(config_file or "VARIABLES", message)


def _contains(text: str, credentials: Iterable[str]) -> bool:
    return any(each in text for each in credentials)
