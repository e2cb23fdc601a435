"""Every secret among the variables, so that none is ever shown (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from pipe.models.declaration import SecuredVariable
from pipe.parsing.lists import InvalidItemsError, list_items
from pipe.parsing.variables import declared
from pipe.redaction import Redactor

_SHORTEST_HIDDEN: Final = 8
_PROXIES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})

AUTHENTICATING: Final = frozenset(
    {
        "ATLASSIAN_ACCOUNT_EMAIL",
        "ATLASSIAN_API_TOKEN",
        "BITBUCKET_ACCESS_TOKEN",
        "BITBUCKET_APP_PASSWORD",
        "BITBUCKET_OAUTH_CLIENT_ID",
        "BITBUCKET_OAUTH_CLIENT_SECRET",
        "BITBUCKET_USERNAME",
        "FINGERPRINT_KEY",
        "PIPELINES_JWT_TOKEN",
        *_PROXIES,
    }
)
"""What lets someone act as the pipe, or forge what it relies on."""

_NO_SECRET: Final = frozenset(
    {
        "ATLASSIAN_ACCOUNT_EMAIL",
        "BITBUCKET_OAUTH_CLIENT_ID",
        "BITBUCKET_USERNAME",
    }
)


def authenticates(name: str) -> bool:
    """Whether a variable authenticates the pipe: a configuration file may not read it."""
    return name.upper() in AUTHENTICATING or "OIDC" in name.upper()


def known_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return every secret value among the variables, longest first, whatever else is wrong."""
    return longest_first(
        (
            *credentials(environ),
            *_secured_values(environ),
        )
    )


def credentials(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what authenticates the pipe: tokens, keys, and passwords of proxies."""
    for name, value in environ.items():
        if name.upper() in _PROXIES:
            yield _password(value)
        elif _is_secret(name):
            yield value


def longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """Put a secret before those that are a part of it, so that it is hidden whole."""
    return tuple(sorted({*secrets} - {""}, key=lambda secret: (-len(secret), secret)))


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets that may have got into it.

    Messages show no secret by themselves: this is for one that stands in the wrong variable too.
    Words of everyday length stay, or the gap would tell what the secret is.
    """
    return Redactor(each for each in secrets if len(each) >= _SHORTEST_HIDDEN).clean(text)


def _is_secret(name: str) -> bool:
    if "OIDC" in name.upper():
        return "TOKEN" in name.upper()
    return name.upper() in AUTHENTICATING - _NO_SECRET - _PROXIES


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _secured_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read what the list of secured variables holds; a faulty list is shown nowhere anyway."""
    try:
        located = declared(list_items("SECURED_VARIABLES", environ) or (), secured=True)
    except InvalidItemsError:
        return ()
    return tuple(
        each.variable.value.get_secret_value()
        for each in located
        if isinstance(each.variable, SecuredVariable)
    )
