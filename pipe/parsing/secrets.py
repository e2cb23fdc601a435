"""Secret values among the environment variables, which must never be shown (pure)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from pipe.models.declaration import SecuredVariable
from pipe.parsing.lists import InvalidItemsError, list_items
from pipe.parsing.variables import declared

_PROXIES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
_SECURED: Final = ("SECURED_VARIABLES", "SECURED_REPOSITORY_VARIABLES")
_SECURED_ITEM: Final = re.compile(rf"(?:{'|'.join(_SECURED)})(?:_[0-9]+)?")

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
"""Variables that let someone act as the pipe, or forge what it relies on."""

_NOT_SECRET: Final = frozenset(
    {
        "ATLASSIAN_ACCOUNT_EMAIL",
        "BITBUCKET_OAUTH_CLIENT_ID",
        "BITBUCKET_USERNAME",
    }
)


def authenticates(name: str) -> bool:
    """Return whether a variable authenticates the pipe: a configuration file may not read it."""
    return name.upper() in AUTHENTICATING or "OIDC" in name.upper()


def known_secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Return every secret value among the variables, whether or not the settings are valid."""
    secrets = {
        *credentials(environ),
        *(secret for name in _SECURED for secret in _secured_values(name, environ)),
        # An item that is invalid may be a secret without its key.
        *(value for name, value in environ.items() if _SECURED_ITEM.fullmatch(name)),
    }
    return frozenset(secrets - {""})


def credentials(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what authenticates the pipe: tokens, keys, and passwords of proxies."""
    for name, value in environ.items():
        if name.upper() in _PROXIES:
            yield from _proxy_passwords(value)
        elif _is_secret(name.upper()):
            yield value


def _is_secret(name: str) -> bool:
    if "OIDC" in name:
        return "TOKEN" in name
    return name in AUTHENTICATING - _NOT_SECRET


def _proxy_passwords(url: str) -> Iterator[str]:
    """Yield the password of a proxy as written and decoded; the URL may lack its scheme."""
    authority = url.partition("://")[2] or url
    password = authority.rpartition("@")[0].partition(":")[2]
    yield password
    yield unquote(password)


def _secured_values(name: str, environ: Mapping[str, str]) -> Iterator[str]:
    try:
        sourced = declared(list_items(name, environ) or (), secured=True)
    except InvalidItemsError:
        return
    for each in sourced:
        if isinstance(each.variable, SecuredVariable):
            yield each.variable.value.get_secret_value()
