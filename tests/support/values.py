"""Short ways to write the values that decisions are made of."""

from pydantic import SecretStr

from pipe.models.declaration import (
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    EnvironmentType,
    PlainVariable,
    Repository,
    SecuredUpdate,
    SecuredVariable,
    State,
)
from pipe.models.errors import ExitCode, Problem
from pipe.models.existing import ExistingBranchRestriction, ExistingEnvironment, ExistingVariable
from pipe.planning.variables import SecretsPolicy

SHOP = Repository("acme", "shop")
TEST, STAGING, PRODUCTION = EnvironmentType
KEY = SecretStr("0123456789abcdef")
ALWAYS = SecretsPolicy()
IF_MISSING = SecretsPolicy(SecuredUpdate.IF_MISSING)
ON_CHANGE = SecretsPolicy(SecuredUpdate.ON_CHANGE, KEY)
FAILURE = Problem(key="trouble", code=ExitCode.INCOMPLETE, what="It.", why="Because.", remedy="Do.")


def env(
    name: str,
    kind: EnvironmentType | None = TEST,
    *,
    admin_only: bool | None = False,
    uuid: str | None = None,
    slug: str | None = None,
) -> ExistingEnvironment:
    return ExistingEnvironment(
        uuid=uuid or f"{{{name}}}", name=name, type=kind, admin_only=admin_only, slug=slug
    )


def var(key: str, value: str | None = None, *, secured: bool = False) -> ExistingVariable:
    """Return an existing variable; without a value it is secured."""
    secured = secured or value is None
    return ExistingVariable(
        uuid=f"{{{key}}}", key=key, value=None if secured else value, secured=secured
    )


def branch(pattern: str, uuid: str | None = None) -> ExistingBranchRestriction:
    return ExistingBranchRestriction(uuid=uuid or f"{{{pattern}}}", pattern=pattern)


def plain(key: str, value: str = "v") -> PlainVariable:
    return PlainVariable(key, value)


def secret(key: str, value: str = "s3cret") -> SecuredVariable:
    return SecuredVariable(key, SecretStr(value))


def desired(*variables: DeclaredVariable, prune: bool = False) -> Desired:
    return Desired(variables=variables, prune_variables=prune)


def declared(
    name: str,
    kind: EnvironmentType | None = None,
    *,
    rename_from: str | None = None,
    admin_only: bool | None = None,
    wants: Desired | None = None,
    state: State | None = None,
) -> DeclaredEnvironment:
    return DeclaredEnvironment(
        name=name,
        type=kind,
        state=state,
        rename_from=rename_from,
        desired=wants or Desired(admin_only=admin_only),
    )
