"""The keys of the configuration file: the one place that lists them.

Every scalar arrives as the text that was written. The JSON Schema is generated from these models.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final, Self, cast

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from pipe.config_file.overrides import Prunable
from pipe.models.declaration import EnvironmentType, State
from pipe.models.selection import is_glob
from pipe.parsing import repositories, values
from pipe.parsing.secrets import authenticates
from pipe.parsing.variables import check_key
from pipe.parsing.wording import quoted


class Text(Struct, frozen=True, eq=False):
    """Stands beside the type of a field: pydantic reads the field's text with it.

    Attributes:
        read: The text as it was written → the value; raises `ValueError`.
        schema: What an editor accepts, as JSON Schema.
    """

    read: Callable[[str], object]
    schema: Mapping[str, object]

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read with this alone: the field's type is for people and mypy."""
        return no_info_plain_validator_function(self._checked)

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what may be written."""
        return dict(self.schema)

    def _checked(self, value: object) -> object:
        if not isinstance(value, str):
            message = "is a list or mapping, where one text is needed"
            raise ValueError(message)  # noqa: TRY004 - pydantic gathers ValueError only
        return self.read(value)


TEXT: Final = "<text>"
MAPPING: Final = "<mapping>"
VERSION: Final = 1
_ANY_WORKSPACE: Final = "any"
"""Stands in while only the form of an item is checked."""

_NAME_SCHEMA: Final = {"type": ["string", "number"], "minLength": 1}
_BOOLEAN_SCHEMA: Final = {"enum": [True, False, "yes", "no", "on", "off"]}
_STRING_SCHEMA: Final = {"type": "string"}
_SCALAR_SCHEMA: Final = {"type": ["string", "number", "boolean"]}
_ENVIRON_NAME: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def _form(value: object) -> str:
    """Tell a mapping from all else, so that faults are about the form that was meant."""
    return MAPPING if isinstance(value, dict) else TEXT


def _version(text: str) -> int:
    if text != str(VERSION):
        message = f"{quoted(text)} is not a version that this pipe reads; write {VERSION}"
        raise ValueError(message)
    return VERSION


def _prunable(text: str) -> Prunable:
    found = values.choice(Prunable, "thing to prune", text)
    if found is Prunable.ENVIRONMENTS:
        message = "environments are pruned in a whole repository: set the pipe's variable PRUNE"
        raise ValueError(message)
    return found


def _declared_name(text: str) -> str:
    if is_glob(text):
        message = f"{quoted(text)} is a pattern; put it under rules, as when: {{name: …}}"
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


def _chooses(items: tuple[object, ...] | None) -> tuple[object, ...] | None:
    if items is not None and all(isinstance(each, str) and each.startswith("!") for each in items):
        message = "chooses no repository; name some, or write '*' for all of the workspace"
        raise ValueError(message)
    return items


def _from_env(text: str) -> str:
    if not _ENVIRON_NAME.fullmatch(text):
        message = f"{quoted(text)} is no name of an environment variable"
        raise ValueError(message)
    if authenticates(text):
        message = f"{text} authenticates the pipe: a configuration file can't read it"
        raise ValueError(message)
    return text


Boolean = Annotated[bool, Text(values.boolean, _BOOLEAN_SCHEMA)]
Name = Annotated[str, Text(_declared_name, _NAME_SCHEMA)]
Prune = Annotated[Prunable, Text(_prunable, {"const": Prunable.VARIABLES.value})]
Type = Annotated[
    EnvironmentType,
    Text(
        partial(values.choice, EnvironmentType, "type"),
        {"enum": [each.value for each in EnvironmentType]},
    ),
]


class Table(BaseModel):
    """A mapping of the file: nothing but its keys may stand in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Project(Table):
    """Every repository of a project."""

    project: Annotated[str, Text(_project, _STRING_SCHEMA), Field(description="Its key.")]
    exclude: Annotated[
        tuple[Annotated[str, Text(_excluded, _STRING_SCHEMA)], ...],
        Field(description="Slugs, or patterns over slugs, to leave out."),
    ] = ()


class Source(Table):
    """The value of a variable, and how it is stored."""

    secured: Annotated[
        Boolean, Field(description="Store it secured; the value then comes from from_env.")
    ] = False
    from_env: Annotated[
        str | None,
        Text(_from_env, {"type": "string", "pattern": _ENVIRON_NAME.pattern}),
        Field(description="The environment variable of the pipe that holds the value."),
    ] = None
    value: Annotated[
        str | None, Text(str, _SCALAR_SCHEMA), Field(description="The value, if not secured.")
    ] = None

    @model_validator(mode="after")
    def _has_one_value(self, info: ValidationInfo) -> Self:
        if self.secured and self.value is not None:
            message = "a secret is never written in the file; give from_env instead of value"
            raise ValueError(message)
        if (self.value is None) == (self.from_env is None):
            message = "takes either value or from_env"
            raise ValueError(message)
        environ = cast("Mapping[str, str]", info.context)
        if self.from_env is not None and not environ.get(self.from_env):
            message = (
                f"{self.from_env} is not set, or empty; pass it to the pipe as a variable,"
                f" {self.from_env}: ${self.from_env}"
            )
            raise ValueError(message)
        return self


Key = Annotated[str, Text(check_key, _STRING_SCHEMA)]
Value = Annotated[
    Annotated[str, Text(str, _SCALAR_SCHEMA), Tag(TEXT)] | Annotated[Source, Tag(MAPPING)],
    Discriminator(_form),
]


class Contents(Table):
    """What an environment should hold; what is not mentioned is left as it is."""

    admin_only: Annotated[
        Boolean | None, Field(description="Whether only administrators may deploy.")
    ] = None
    branches: Annotated[
        tuple[Annotated[str, Text(values.branch, _STRING_SCHEMA)], ...] | None,
        Field(
            description="The complete set of branch patterns that may deploy;"
            " [] lifts the restriction."
        ),
    ] = None
    variables: Annotated[
        dict[Key, Value] | None, Field(description="Deployment variables by key.")
    ] = None
    prune: Annotated[
        tuple[Prune, ...] | None,
        Field(description="What is deleted when it is not declared: variables."),
    ] = None


class Defaults(Contents):
    """What is merged under every environment."""

    type: Annotated[
        Type | None,
        Field(description="Needed to create; Bitbucket can't change it afterwards."),
    ] = None
    state: Annotated[
        State | None,
        Text(partial(values.choice, State, "state"), {"enum": [each.value for each in State]}),
        Field(description="present, or absent: deleted with all it holds."),
    ] = None


class Environment(Defaults):
    """One environment, by its name."""

    name: Annotated[Name, Field(description="The name of the environment.")]
    rename_from: Annotated[
        str | None,
        Text(values.plain_name, _NAME_SCHEMA),
        Field(description="The former name; what the environment holds is kept."),
    ] = None

    @model_validator(mode="after")
    def _has_one_meaning(self) -> Self:
        if self.rename_from == self.name:
            message = "rename_from is the same as name; give the former name"
            raise ValueError(message)
        if self.rename_from is not None and self.state is State.ABSENT:
            message = "rename_from does not go with state: absent; name what is to go"
            raise ValueError(message)
        return self


class When(Table):
    """Which environments a rule is for: a type, a name pattern, or both."""

    type: Annotated[Type | None, Field(description="Environments of this type.")] = None
    name: Annotated[
        str | None,
        Text(values.name, _NAME_SCHEMA),
        Field(description="Environments whose name fits this pattern, with * and ?."),
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.type is None and self.name is None:
            message = "needs type, name or both; name: '*' is every environment"
            raise ValueError(message)
        return self


class Rule(Contents):
    """What must hold for environments that exist and are not declared by name."""

    when: Annotated[When, Field(description="Which environments; the first rule that fits counts.")]
    state: Annotated[
        State | None,
        Text(partial(values.choice, State, "state"), {"enum": [each.value for each in State]}),
        Field(description="present, or absent: deleted with all they hold."),
    ] = None


class Override(Table):
    """What some repositories lay over the rest of the file."""

    repositories: Annotated[
        tuple[Annotated[str, Text(_named, _STRING_SCHEMA)], ...],
        AfterValidator(_chooses),
        Field(description="Slugs, or patterns over slugs; after a ! in quotes: not these."),
    ]
    environments: Annotated[
        tuple[Environment, ...],
        Field(description="Merged over the environment of the same name, or added."),
    ]


class File(Table):
    """Bitbucket deployment environments, declared."""

    version: Annotated[
        int, Text(_version, {"const": VERSION}), Field(description="Of this format.")
    ] = VERSION
    workspace: Annotated[
        str | None,
        Text(repositories.slug, _STRING_SCHEMA),
        Field(description="Of repositories that don't name their own; WORKSPACE goes before it."),
    ] = None
    repositories: Annotated[
        tuple[
            Annotated[
                Annotated[str, Text(_item, _STRING_SCHEMA), Tag(TEXT)]
                | Annotated[Project, Tag(MAPPING)],
                Discriminator(_form),
            ],
            ...,
        ]
        | None,
        AfterValidator(_chooses),
        Field(
            description="A slug, workspace/slug, a pattern over slugs, project:KEY, or one of these"
            " after a ! (in quotes) to leave it out. Not given: this repository."
        ),
    ] = None
    enable_pipelines: Annotated[
        Boolean, Field(description="Turn Pipelines on in each repository first.")
    ] = False
    defaults: Annotated[Defaults, Field(description="Merged under every environment.")] = Defaults()
    environments: Annotated[
        tuple[Environment, ...], Field(description="Declared by name, in this order.")
    ] = ()
    rules: Annotated[
        tuple[Rule, ...],
        Field(description="For environments that exist and are not declared by name."),
    ] = ()
    overrides: Annotated[
        tuple[Override, ...], Field(description="For some repositories; the last one wins.")
    ] = ()
