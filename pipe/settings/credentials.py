"""Chooses the credentials, and keeps them out of everything that is shown (pure)."""

import re
from collections.abc import Mapping
from typing import Final

from pipe.bitbucket.auth import AccessToken, ApiToken, Credentials, OAuthConsumer
from pipe.config_file.overrides import Declarations
from pipe.parsing.secrets import credentials
from pipe.parsing.suggestions import alternatives
from pipe.settings.declaration import DECLARING
from pipe.settings.model import Options
from pipe.settings.source import GivenVariables

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
_MIN_LENGTH: Final = 8
"""A shorter credential may be an ordinary word, and is not looked for."""

_WAYS: Final = (
    "ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN, or"
    " BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET"
)
_UNDEFINED: Final = (
    "is the variable defined where this step runs? An undefined $variable arrives empty"
)


def choose_credentials(given: GivenVariables) -> Credentials | None:
    """Return the first complete credentials; without any, add an error and return `None`."""
    environ, errors = given.environ, given.errors
    incomplete = tuple(
        (half, missing)
        for pair in _PAIRS
        for half, missing in (pair, pair[::-1])
        if environ.get(half) and not environ.get(missing)
    )
    app_password = next((name for name in _APP_PASSWORD if environ.get(name)), None)
    chosen = _first_complete(given.options)
    if chosen is not None:
        warnings = given.warnings
        first, *others = _complete(environ)
        for each in others:
            warnings.append(f"{each[-1]} is ignored: {first[-1]} is set")
        for half, missing in incomplete:
            warnings.append(f"{half} is ignored: {missing} is not set")
        if app_password:
            warnings.append(f"{app_password} is ignored: app passwords were removed on 2026-07-28")
        return chosen
    for half, missing in incomplete:
        errors.add(missing, f"required when {half} is set; {_UNDEFINED}")
    if app_password:
        errors.add(app_password, f"app passwords were removed on 2026-07-28; use {_WAYS} instead")
    if not incomplete and not app_password and not _complete(environ):
        errors.add("ATLASSIAN_API_TOKEN", f"no credentials found; set {_WAYS}; {_UNDEFINED}")
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


def _complete(environ: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the ways to authenticate that are given completely, valid or not; the first counts."""
    ways: tuple[tuple[str, ...], ...] = (_PAIRS[0], ("BITBUCKET_ACCESS_TOKEN",), _PAIRS[1])
    return [way for way in ways if all(environ.get(name) for name in way)]


def check_credentials(given: GivenVariables, declarations: Declarations) -> None:
    """Add an error for each text that contains a credential and would be shown or sent.

    Lists of variables are looked at once they are read: what they store secured may be one.
    """
    secrets = [each for each in credentials(given.environ) if len(each) >= _MIN_LENGTH]
    names = [each.upper() for each in Options.model_fields if each not in _MAY_CONTAIN_CREDENTIALS]
    pattern = re.compile(f"(?:{'|'.join(names)})(?:_[0-9]+)?")
    reported: list[str] = []
    for name, value in given.environ.items():
        if pattern.fullmatch(name) and any(each in value for each in secrets):
            message = "contains a credential of the pipe, which would be shown; remove it"
            given.errors.add(name, message)
            reported.append(value)
    source = given.options.config_file or alternatives(
        [each.upper() for each in DECLARING if "variables" in each and each in given.fields]
        or ["BRANCHES"]
    )
    for what, text in declarations.public_texts():
        if any(each in text for each in secrets) and not any(text in each for each in reported):
            message = f"{what} contains a credential of the pipe, which would be shown; remove it"
            given.errors.add(source, message)
