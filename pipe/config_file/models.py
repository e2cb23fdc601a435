"""The keys of the configuration file: the one place that declares them.

The JSON Schema is generated from these models.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Self, cast

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from pipe.config_file.scalars import (
    FILE_VERSION,
    Boolean,
    Branches,
    Exclude,
    FormerName,
    FromEnv,
    Key,
    Name,
    NamePattern,
    OverrideItems,
    ProjectKey,
    Prunes,
    RepositoryItem,
    Scalar,
    StateOption,
    Type,
    Version,
    WorkspaceSlug,
    one_or_many,
    selects,
)
from pipe.models.declaration import SecuredUpdate, State
from pipe.models.selection import is_uuid
from pipe.parsing.lists import is_text

TEXT: Final = "<text>"
MAPPING: Final = "<mapping>"


class Context(Struct, frozen=True):
    """What the validators of a file need to know beside it.

    Attributes:
        environ: The values of `from_env`.
        secured_update: With `IF_MISSING`, a secret that exists needs no value.
    """

    environ: Mapping[str, str]
    secured_update: SecuredUpdate | None


def _form(value: object) -> str:
    """Separate mappings from other values, so that errors are about the intended form."""
    return MAPPING if isinstance(value, dict) else TEXT


class Table(BaseModel):
    """A mapping of the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectTable(Table, title="Project"):
    """Every repository of a project."""

    project: ProjectKey = Field(description="Its key.")
    exclude: Exclude = Field(default=(), description="Slugs, or patterns over slugs, to exclude.")


Selected = Annotated[
    Annotated[RepositoryItem, Tag(TEXT)] | Annotated[ProjectTable, Tag(MAPPING)],
    Discriminator(_form),
]
SelectedRepositories = Annotated[
    tuple[Selected, ...], AfterValidator(selects), one_or_many(Selected)
]


class VariableSource(Table):
    """The value of a variable, and how it is stored."""

    secured: Boolean = Field(
        default=False,
        description="Store it secured; the value comes from from_env, or, without it, the secret"
        " is managed elsewhere: it must exist and is left unchanged.",
    )
    state: StateOption = Field(
        default=State.PRESENT, description="present, or absent: the variable is deleted."
    )
    from_env: FromEnv | None = Field(
        default=None, description="The environment variable of the pipe that holds the value."
    )
    value: Scalar | None = Field(default=None, description="The value, if not secured.")

    @model_validator(mode="after")
    def _has_one_value(self, info: ValidationInfo) -> Self:
        has_value, has_source = self.value is not None, self.from_env is not None
        if self.state is State.ABSENT and (has_value or has_source or self.secured):
            message = "state: absent excludes value, from_env and secured"
        elif self.secured and has_value:
            message = "secrets are not allowed in the file; use from_env instead of value"
        elif has_value and has_source:
            message = "value and from_env are mutually exclusive"
        elif not (has_value or has_source or self.secured or self.state is State.ABSENT):
            message = "expected value, from_env, secured: true or state: absent"
        else:
            message = self._environ_error(cast("Context", info.context))
        if message:
            raise ValueError(message)
        return self

    def _environ_error(self, context: Context) -> str:
        """Return why `from_env` cannot be used; empty: it can, or there is none."""
        name = self.from_env
        if name is None:
            return ""
        value = context.environ.get(name)
        if not value and self.secured and context.secured_update is SecuredUpdate.IF_MISSING:
            return ""
        if not value:
            return f"{name} is not set or empty; pass it to the pipe as a variable, {name}: ${name}"
        return "" if is_text(value) else f"the value of {name} is not valid UTF-8"


VariableValue = Annotated[
    Annotated[Scalar, Tag(TEXT)] | Annotated[VariableSource, Tag(MAPPING)],
    Discriminator(_form),
]


class Contents(Table):
    """What an environment should contain; what is not mentioned is left unchanged."""

    admin_only: Boolean | None = Field(
        default=None, description="Whether only administrators can deploy."
    )
    branches: Branches | None = Field(
        default=None,
        description="The complete set of branch patterns that can deploy; [] removes the"
        " restriction.",
    )
    variables: dict[Key, VariableValue] | None = Field(
        default=None, description="Deployment variables by key."
    )
    prune: Prunes | None = Field(
        default=None, description="What to delete when it is not declared: variables."
    )


class Defaults(Contents):
    """What is merged under every environment."""

    type: Type | None = Field(
        default=None, description="Required to create an environment; Bitbucket cannot change it."
    )
    state: StateOption | None = Field(
        default=None, description="present, or absent: deleted with all its variables."
    )


class Environment(Defaults):
    """One environment, by its name."""

    name: Name = Field(description="The name of the environment.")
    rename_from: FormerName | None = Field(
        default=None, description="The former name; the environment keeps its variables."
    )

    @model_validator(mode="after")
    def _has_one_meaning(self) -> Self:
        if self.rename_from == self.name:
            raise ValueError("rename_from is the same as name; set the former name")
        if self.rename_from is not None and self.state is State.ABSENT:
            raise ValueError("rename_from cannot be used with state: absent")
        if self.rename_from is not None and is_uuid(self.name):
            raise ValueError("rename_from cannot be used with a uuid in name, which is no new name")
        return self


class When(Table):
    """Which environments a rule applies to: a type, a name pattern, or both."""

    type: Type | None = Field(default=None, description="Environments of this type.")
    name: NamePattern | None = Field(
        default=None, description="Environments whose name matches this pattern, with * and ?."
    )

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if self.type is None and self.name is None:
            raise ValueError("requires type, name or both; name: '*' matches every environment")
        return self


class RuleTable(Contents, title="Rule"):
    """What environments that exist and are not declared by name should contain."""

    when: When = Field(description="Which environments; the first rule that matches applies.")
    state: StateOption | None = Field(
        default=None, description="present, or absent: deleted with all their variables."
    )


class RepositoryContents(Table):
    """What the repository itself should contain; what is not mentioned is left unchanged."""

    enable_pipelines: Boolean | None = Field(
        default=None, description="Enable Pipelines in the repository first."
    )
    variables: dict[Key, VariableValue] | None = Field(
        default=None, description="Variables of the repository, for all its pipelines, by key."
    )
    prune: Prunes | None = Field(
        default=None, description="What to delete when it is not declared: variables."
    )


class OverrideTable(Table, title="Override"):
    """What is declared differently for some repositories."""

    repositories: OverrideItems = Field(
        description="Slugs, or patterns over slugs; prefix with ! (in quotes) to exclude."
    )
    environments: tuple[Environment, ...] = Field(
        default=(), description="Merged over the environment of the same name, or added."
    )
    repository: RepositoryContents = Field(
        default=RepositoryContents(), description="Merged over what the repository should contain."
    )


class File(Table):
    """Bitbucket deployment environments as code."""

    version: Version = Field(default=FILE_VERSION, description="Version of this format.")
    workspace: WorkspaceSlug | None = Field(
        default=None,
        description="Of repositories that do not name their own; WORKSPACE overrides it.",
    )
    repositories: SelectedRepositories | None = Field(
        default=None,
        description="A slug, workspace/slug, a pattern over slugs, or project:KEY; prefix with !"
        " (in quotes) to exclude. Default: this repository.",
    )
    enable_pipelines: Boolean | None = Field(
        default=None, description="The same as enable_pipelines of repository."
    )
    defaults: Defaults = Field(default=Defaults(), description="Merged under every environment.")
    environments: tuple[Environment, ...] = Field(
        default=(), description="Declared by name, in this order."
    )
    repository: RepositoryContents = Field(
        default=RepositoryContents(), description="What each repository itself should contain."
    )
    rules: tuple[RuleTable, ...] = Field(
        default=(), description="For environments that exist and are not declared by name."
    )
    overrides: tuple[OverrideTable, ...] = Field(
        default=(), description="For some repositories; the last one wins."
    )

    @model_validator(mode="after")
    def _enables_pipelines_once(self) -> Self:
        if self.enable_pipelines is not None and self.repository.enable_pipelines is not None:
            raise ValueError("enable_pipelines is set twice; set it in repository only")
        return self
