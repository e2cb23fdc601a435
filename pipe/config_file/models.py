"""The keys of the configuration file: the one place that declares them.

Every scalar arrives as the text in the file. The JSON Schema is generated from these models.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final, Self, cast

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from pipe.models.declaration import EnvironmentType, Prunable, SecuredUpdate, State
from pipe.models.selection import is_glob
from pipe.parsing import repositories, values
from pipe.parsing.lists import is_text
from pipe.parsing.secrets import authenticates
from pipe.parsing.suggestions import quoted
from pipe.parsing.variables import check_key

TEXT: Final = "<text>"
MAPPING: Final = "<mapping>"
VERSION: Final = 1
_ANY_WORKSPACE: Final = "any"
"""Replaces the workspace while only the form of an item is validated."""

_NAME_SCHEMA: Final = {"type": ["string", "number"], "minLength": 1}
_BOOLEAN_SCHEMA: Final = {"enum": [True, False, "yes", "no", "on", "off"]}
_STRING_SCHEMA: Final = {"type": "string"}
_SCALAR_SCHEMA: Final = {"type": ["string", "number", "boolean"]}
_ENVIRON_NAME: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def text(read: Callable[[str], object], schema: Mapping[str, Any]) -> PlainValidator:
    """Return the validator of a scalar.

    Args:
        read: Turns its text, as it is spelled in the file, into a value; raises `ValueError`.
        schema: The JSON Schema of what an editor accepts.
    """

    def validate(value: object) -> object:
        if not isinstance(value, str):
            message = "expected a single value, not a list or mapping"
            raise ValueError(message)  # noqa: TRY004 - pydantic collects ValueError only
        return read(value)

    return PlainValidator(
        validate, json_schema_input_type=Annotated[Any, WithJsonSchema(dict(schema))]
    )


class Context(Struct, frozen=True):
    """What the validators of a file need to know beside it.

    Attributes:
        environ: The values of `from_env`.
        secured_update: With `IF_MISSING`, a secret that exists needs no value.
    """

    environ: Mapping[str, str]
    secured_update: SecuredUpdate | None


def _as_list(value: object) -> object:
    """Return a single item as a list of one."""
    return value if isinstance(value, list) else [value]


def _unique(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _form(value: object) -> str:
    """Tell mappings from other values, so that errors are about the form that was meant."""
    return MAPPING if isinstance(value, dict) else TEXT


def _version(text: str) -> int:
    if text != str(VERSION):
        message = f"version {quoted(text)} is not supported; expected {VERSION}"
        raise ValueError(message)
    return VERSION


def _prunable(text: str) -> Prunable:
    found = values.choice(Prunable, "value", text)
    if found is not Prunable.VARIABLES:
        message = f"{found} are pruned per repository; set the variable PRUNE of the pipe"
        raise ValueError(message)
    return found


def _declared_name(text: str) -> str:
    if is_glob(text):
        message = f"{quoted(text)} is a pattern; declare it under rules, as when: {{name: …}}"
        raise ValueError(message)
    return values.name(text)


def _item(text: str) -> str:
    repositories.item(text, _ANY_WORKSPACE)
    return text


def _named(text: str) -> str:
    repositories.named(text.removeprefix("!"), _ANY_WORKSPACE)
    return text


def _excluded(text: str) -> str:
    repositories.named(text, _ANY_WORKSPACE)
    return text


def _project(text: str) -> str:
    return repositories.project(text, _ANY_WORKSPACE).key


def _selects(items: tuple[object, ...] | None) -> tuple[object, ...] | None:
    if items is not None and all(isinstance(each, str) and each.startswith("!") for each in items):
        message = "selects no repository; list some, or '*' for the whole workspace"
        raise ValueError(message)
    return items


def _from_env(text: str) -> str:
    if not _ENVIRON_NAME.fullmatch(text):
        message = f"{quoted(text)} is not a valid name of an environment variable"
        raise ValueError(message)
    if authenticates(text):
        message = f"{text} is a credential of the pipe, which a configuration file cannot read"
        raise ValueError(message)
    return text


Boolean = Annotated[bool, text(values.boolean, _BOOLEAN_SCHEMA)]
Name = Annotated[str, text(_declared_name, _NAME_SCHEMA)]
Branch = Annotated[str, text(values.branch, _STRING_SCHEMA)]
Branches = Annotated[
    tuple[Branch, ...],
    AfterValidator(_unique),
    BeforeValidator(_as_list, json_schema_input_type=Branch | tuple[Branch, ...]),
]
Prune = Annotated[Prunable, text(_prunable, {"const": Prunable.VARIABLES.value})]
Prunes = Annotated[
    tuple[Prune, ...], BeforeValidator(_as_list, json_schema_input_type=Prune | tuple[Prune, ...])
]
Excluded = Annotated[str, text(_excluded, _STRING_SCHEMA)]
Exclude = Annotated[
    tuple[Excluded, ...],
    BeforeValidator(_as_list, json_schema_input_type=Excluded | tuple[Excluded, ...]),
]
StateOption = Annotated[
    State, text(partial(values.choice, State, "state"), {"enum": [each.value for each in State]})
]
Type = Annotated[
    EnvironmentType,
    text(
        partial(values.choice, EnvironmentType, "type"),
        {"enum": [each.value for each in EnvironmentType]},
    ),
]


class Table(BaseModel):
    """A mapping of the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Project(Table):
    """Every repository of a project."""

    project: Annotated[str, text(_project, _STRING_SCHEMA), Field(description="Its key.")]
    exclude: Annotated[
        Exclude,
        Field(description="Slugs, or patterns over slugs, to exclude."),
    ] = ()


Item = Annotated[
    Annotated[str, text(_item, _STRING_SCHEMA), Tag(TEXT)] | Annotated[Project, Tag(MAPPING)],
    Discriminator(_form),
]
Items = Annotated[
    tuple[Item, ...],
    AfterValidator(_selects),
    BeforeValidator(_as_list, json_schema_input_type=Item | tuple[Item, ...]),
]
Named = Annotated[str, text(_named, _STRING_SCHEMA)]
NamedRepositories = Annotated[
    tuple[Named, ...],
    AfterValidator(_selects),
    BeforeValidator(_as_list, json_schema_input_type=Named | tuple[Named, ...]),
]


class Source(Table):
    """The value of a variable, and how it is stored."""

    secured: Annotated[
        Boolean,
        Field(
            description="Store it secured; the value comes from from_env, or, without it, the"
            " secret is managed elsewhere: it must exist and is left unchanged."
        ),
    ] = False
    state: Annotated[
        StateOption, Field(description="present, or absent: the variable is deleted.")
    ] = State.PRESENT
    from_env: Annotated[
        str | None,
        text(_from_env, {"type": "string", "pattern": _ENVIRON_NAME.pattern}),
        Field(description="The environment variable of the pipe that holds the value."),
    ] = None
    value: Annotated[
        str | None, text(str, _SCALAR_SCHEMA), Field(description="The value, if not secured.")
    ] = None

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


Key = Annotated[str, text(check_key, _STRING_SCHEMA)]
Value = Annotated[
    Annotated[str, text(str, _SCALAR_SCHEMA), Tag(TEXT)] | Annotated[Source, Tag(MAPPING)],
    Discriminator(_form),
]


class Contents(Table):
    """What an environment should contain; what is not mentioned is left unchanged."""

    admin_only: Annotated[
        Boolean | None, Field(description="Whether only administrators can deploy.")
    ] = None
    branches: Annotated[
        Branches | None,
        Field(
            description="The complete set of branch patterns that can deploy;"
            " [] removes the restriction."
        ),
    ] = None
    variables: Annotated[
        dict[Key, Value] | None, Field(description="Deployment variables by key.")
    ] = None
    prune: Annotated[
        Prunes | None,
        Field(description="What to delete when it is not declared: variables."),
    ] = None


class Defaults(Contents):
    """What is merged under every environment."""

    type: Annotated[
        Type | None,
        Field(description="Required to create an environment; Bitbucket cannot change it."),
    ] = None
    state: Annotated[
        StateOption | None,
        Field(description="present, or absent: deleted with all its variables."),
    ] = None


class Environment(Defaults):
    """One environment, by its name."""

    name: Annotated[Name, Field(description="The name of the environment.")]
    rename_from: Annotated[
        str | None,
        text(values.plain_name, _NAME_SCHEMA),
        Field(description="The former name; the environment keeps its variables."),
    ] = None

    @model_validator(mode="after")
    def _has_one_meaning(self) -> Self:
        if self.rename_from == self.name:
            message = "rename_from is the same as name; set the former name"
            raise ValueError(message)
        if self.rename_from is not None and self.state is State.ABSENT:
            message = "rename_from cannot be used with state: absent"
            raise ValueError(message)
        return self


class When(Table):
    """Which environments a rule applies to: a type, a name pattern, or both."""

    type: Annotated[Type | None, Field(description="Environments of this type.")] = None
    name: Annotated[
        str | None,
        text(values.name, _NAME_SCHEMA),
        Field(description="Environments whose name matches this pattern, with * and ?."),
    ] = None

    @model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if self.type is None and self.name is None:
            message = "requires type, name or both; name: '*' matches every environment"
            raise ValueError(message)
        return self


class Rule(Contents):
    """What environments that exist and are not declared by name should contain."""

    when: Annotated[
        When, Field(description="Which environments; the first rule that matches applies.")
    ]
    state: Annotated[
        StateOption | None,
        Field(description="present, or absent: deleted with all their variables."),
    ] = None


class RepositoryContents(Table):
    """What the repository itself should contain; what is not mentioned is left unchanged."""

    enable_pipelines: Annotated[
        Boolean | None, Field(description="Enable Pipelines in the repository first.")
    ] = None
    variables: Annotated[
        dict[Key, Value] | None,
        Field(description="Variables of the repository, for all its pipelines, by key."),
    ] = None
    prune: Annotated[
        Prunes | None,
        Field(description="What to delete when it is not declared: variables."),
    ] = None


class Override(Table):
    """What is declared differently for some repositories."""

    repositories: Annotated[
        NamedRepositories,
        Field(description="Slugs, or patterns over slugs; prefix with ! (in quotes) to exclude."),
    ]
    environments: Annotated[
        tuple[Environment, ...],
        Field(description="Merged over the environment of the same name, or added."),
    ] = ()
    repository: Annotated[
        RepositoryContents, Field(description="Merged over what the repository should contain.")
    ] = RepositoryContents()


class File(Table):
    """Bitbucket deployment environments as code."""

    version: Annotated[
        int, text(_version, {"const": VERSION}), Field(description="Version of this format.")
    ] = VERSION
    workspace: Annotated[
        str | None,
        text(repositories.slug, _STRING_SCHEMA),
        Field(description="Of repositories that do not name their own; WORKSPACE overrides it."),
    ] = None
    repositories: Annotated[
        Items | None,
        Field(
            description="A slug, workspace/slug, a pattern over slugs, or project:KEY; prefix with"
            " ! (in quotes) to exclude. Default: this repository."
        ),
    ] = None
    enable_pipelines: Annotated[
        Boolean | None, Field(description="The same as enable_pipelines of repository.")
    ] = None
    defaults: Annotated[Defaults, Field(description="Merged under every environment.")] = Defaults()
    environments: Annotated[
        tuple[Environment, ...], Field(description="Declared by name, in this order.")
    ] = ()
    repository: Annotated[
        RepositoryContents, Field(description="What each repository itself should contain.")
    ] = RepositoryContents()
    rules: Annotated[
        tuple[Rule, ...],
        Field(description="For environments that exist and are not declared by name."),
    ] = ()
    overrides: Annotated[
        tuple[Override, ...], Field(description="For some repositories; the last one wins.")
    ] = ()

    @model_validator(mode="after")
    def _enables_pipelines_once(self) -> Self:
        if self.enable_pipelines is not None and self.repository.enable_pipelines is not None:
            message = "enable_pipelines is set twice; set it in repository only"
            raise ValueError(message)
        return self
