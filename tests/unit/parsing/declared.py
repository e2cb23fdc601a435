"""Deployment variables as the settings declare them."""

from pydantic import SecretStr

from pipe.models.declaration import (
    DeclaredVariable,
    PlainVariable,
    Repository,
    SecuredVariable,
)
from tests.support.settings import ONE, settings

INVALID_KEY = "is not a valid variable name; use letters, digits, '_', '-' or '.', beginning with a"
INVALID_KEY = f"{INVALID_KEY} letter or '_'"


def variables(
    environ: dict[str, str], files: dict[str, str] | None = None
) -> tuple[DeclaredVariable, ...] | None:
    read = settings(ONE | environ, **(files or {}))
    return read.declaration_for(Repository("acme", "shop")).environments[0].desired.variables


def plain(**values: str) -> tuple[PlainVariable, ...]:
    return tuple(PlainVariable(key, value) for key, value in values.items())


def secured(**values: str) -> tuple[SecuredVariable, ...]:
    return tuple(SecuredVariable(key, SecretStr(value)) for key, value in values.items())
