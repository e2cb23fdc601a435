"""What is wanted: frozen values, without any input or output.

`None` in a field always means "not mentioned": what is not mentioned is never changed.
"""

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from pydantic import SecretStr

FINGERPRINTS_KEY: Final = "BITBUCKET_ENVIRONMENT_FINGERPRINTS"
"""The plain deployment variable that keeps the fingerprints of one environment."""


class EnvironmentType(StrEnum):
    """The closed set of environment types; the value is what Bitbucket calls it."""

    TEST = "Test"
    STAGING = "Staging"
    PRODUCTION = "Production"


class State(StrEnum):
    """Whether an environment is wanted at all."""

    PRESENT = "present"
    ABSENT = "absent"


class Prunable(StrEnum):
    """What may be deleted because it is not declared."""

    VARIABLES = "variables"
    ENVIRONMENTS = "environments"
    REPOSITORY_VARIABLES = "repository-variables"


class SecuredUpdate(StrEnum):
    """When a secured value that exists is written again; it can never be read and compared."""

    ALWAYS = "always"
    IF_MISSING = "if-missing"
    ON_CHANGE = "on-change"


class PlainVariable(Struct, frozen=True):
    """A deployment variable that anyone who may see the repository's settings can read."""

    key: str
    value: str


class SecuredVariable(Struct, frozen=True):
    """A deployment variable that Bitbucket stores secured: it can be written, never read."""

    key: str
    value: SecretStr


class ManagedSecret(Struct, frozen=True):
    """A secret that is managed elsewhere: it must exist, and is never written or deleted.

    Attributes:
        from_env: The environment variable that would hold its value, where one was named.
    """

    key: str
    from_env: str | None = None


class AbsentVariable(Struct, frozen=True):
    """A variable that must not exist: it is deleted, whether pruning is on or not."""

    key: str


WritableVariable = PlainVariable | SecuredVariable
"""A variable whose value is declared."""

DeclaredVariable = WritableVariable | ManagedSecret | AbsentVariable


CHANGEABLE: Final = ("admin_only", "branches")
"""What can be changed of an environment beside its variables; variables of the pipe, keys of the
configuration file and fields of `Desired` have these names."""


def changeable_fields(source: object) -> dict[str, Any]:
    """Return the changeable fields of whatever declares them, by name."""
    return {name: getattr(source, name) for name in CHANGEABLE}


class Desired(Struct, frozen=True, kw_only=True):
    """What an environment should hold, or, with variables only, a repository itself.

    Attributes:
        admin_only: Whether only administrators may deploy.
        branches: The complete set of branch patterns that may deploy; `()` lifts the restriction.
        variables: The variables that must exist with these values.
        prune_variables: Whether variables that are not declared are deleted; `None`: no.
    """

    admin_only: bool | None = None
    branches: tuple[str, ...] | None = None
    variables: tuple[DeclaredVariable, ...] | None = None
    prune_variables: bool | None = None

    @property
    def needs_variables(self) -> bool:
        """Whether the variables that exist must be read."""
        return self.variables is not None or bool(self.prune_variables)


class DeclaredEnvironment(Struct, frozen=True, kw_only=True):
    """One environment, declared by its name.

    Attributes:
        name: The exact name; it is matched exactly first, then regardless of case.
        type: Needed to create; an existing environment of another type is refused.
        state: `ABSENT` deletes it with all its variables; `None`: present.
        rename_from: The former name; what it holds is kept.
    """

    name: str
    type: EnvironmentType | None = None
    state: State | None = None
    rename_from: str | None = None
    desired: Desired = Desired()


class Rule(Struct, frozen=True, kw_only=True):
    """What must hold for every existing environment that it matches; it creates none.

    Attributes:
        name_pattern: `*` is any run of characters, `?` any one; matched regardless of case, so
            that a rule that protects `Prod*` does not miss `production`.
        type: Only environments of this type; `None`: of any.
        state: `ABSENT` deletes what matches; `None`: present.
    """

    name_pattern: str = "*"
    type: EnvironmentType | None = None
    state: State | None = None
    desired: Desired = Desired()


DELETED: Final = Desired(variables=())
"""What is read of an environment that is deleted: the variables that are lost with it."""


def needed_of(declared: DeclaredEnvironment | Rule) -> Desired:
    """Return what must be read of an existing environment to plan what is declared of it."""
    return DELETED if declared.state is State.ABSENT else declared.desired


class Declaration(Struct, frozen=True, kw_only=True):
    """Everything that is wanted of one repository.

    Attributes:
        environments: Those declared by name, in the order given.
        rules: For those that exist and are not declared by name; the first that matches counts.
        prune_environments: Whether environments that are neither declared nor matched by a rule
            are deleted.
        enable_pipelines: Turn Pipelines on in the repository first.
        repository: What the repository itself should hold: variables for all its pipelines.
    """

    environments: tuple[DeclaredEnvironment, ...] = ()
    rules: tuple[Rule, ...] = ()
    prune_environments: bool = False
    enable_pipelines: bool = False
    repository: Desired = Desired()


class Repository(Struct, frozen=True, order=True):
    """A repository by the slugs in its address, or by uuids in braces."""

    workspace: str
    slug: str

    def __str__(self) -> str:
        """As Bitbucket writes it: `workspace/slug`."""
        return f"{self.workspace}/{self.slug}"
