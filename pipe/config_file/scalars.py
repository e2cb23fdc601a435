"""The types of single values and lists in the configuration file, each with its JSON Schema.

Every scalar arrives as the text in the file, so that its spelling is kept.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from types import GenericAlias
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema

from pipe.models.declaration import EnvironmentType, Prunable, State
from pipe.models.selection import is_glob
from pipe.parsing import repositories, values
from pipe.parsing.secrets import authenticates
from pipe.parsing.suggestions import quoted
from pipe.parsing.variables import check_key

FILE_VERSION: Final = 1
_ANY_WORKSPACE: Final = "any"
"""Replaces the workspace while only the form of an item is validated."""

_NOT_SCALAR: Final = "expected a single value, not a list or mapping"
_NAME_SCHEMA: Final = {"type": ["string", "number"], "minLength": 1}
_BOOLEAN_SCHEMA: Final = {"enum": [True, False, "yes", "no", "on", "off"]}
_STRING_SCHEMA: Final = {"type": "string"}
_SCALAR_SCHEMA: Final = {"type": ["string", "number", "boolean"]}
_ENVIRON_NAME: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def from_text(read: Callable[[str], object], schema: Mapping[str, Any]) -> PlainValidator:
    """Return the validator of a scalar: `read` gets its text as it is spelled in the file."""

    def validate(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(_NOT_SCALAR)  # noqa: TRY004 - pydantic collects ValueError only
        return read(value)

    return PlainValidator(
        validate, json_schema_input_type=Annotated[Any, WithJsonSchema(dict(schema))]
    )


def one_or_many(item: object) -> BeforeValidator:
    """Return the validator that takes a single item as a list of one."""
    return BeforeValidator(
        lambda value: value if isinstance(value, list) else [value],
        json_schema_input_type=item | GenericAlias(tuple, (item, ...)),
    )


def _choice(kind: type[StrEnum], noun: str) -> PlainValidator:
    return from_text(partial(values.choice, kind, noun), {"enum": [each.value for each in kind]})


def _unchanged(read: Callable[[str], object]) -> PlainValidator:
    """Return the validator of a text whose form is checked, and which is read later."""

    def check(item: str) -> str:
        read(item)
        return item

    return from_text(check, _STRING_SCHEMA)


def _unique(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _version(text: str) -> int:
    if text != str(FILE_VERSION):
        raise ValueError(f"version {quoted(text)} is not supported; expected {FILE_VERSION}")
    return FILE_VERSION


def _prunable(text: str) -> Prunable:
    found = values.choice(Prunable, "value", text)
    if found is not Prunable.VARIABLES:
        raise ValueError(f"{found} are pruned per repository; set the variable PRUNE of the pipe")
    return found


def _declared_name(text: str) -> str:
    if is_glob(text):
        raise ValueError(
            f"{quoted(text)} is a pattern; declare it under rules, as when: {{name: …}}"
        )
    return values.name(text)


def selects(items: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """Return the items unchanged, if they select anything; exclusions alone do not."""
    if items is not None and all(isinstance(each, str) and each.startswith("!") for each in items):
        raise ValueError("selects no repository; list some, or '*' for the whole workspace")
    return items


def _from_env(text: str) -> str:
    if not _ENVIRON_NAME.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a valid name of an environment variable")
    if authenticates(text):
        raise ValueError(
            f"{text} is a credential of the pipe, which a configuration file cannot read"
        )
    return text


Boolean = Annotated[bool, from_text(values.boolean, _BOOLEAN_SCHEMA)]
Name = Annotated[str, from_text(_declared_name, _NAME_SCHEMA)]
Branch = Annotated[str, from_text(values.branch, _STRING_SCHEMA)]
Branches = Annotated[tuple[Branch, ...], AfterValidator(_unique), one_or_many(Branch)]
Prune = Annotated[Prunable, from_text(_prunable, {"const": Prunable.VARIABLES.value})]
Prunes = Annotated[tuple[Prune, ...], one_or_many(Prune)]
Excluded = Annotated[str, _unchanged(lambda item: repositories.named(item, _ANY_WORKSPACE))]
Exclude = Annotated[tuple[Excluded, ...], one_or_many(Excluded)]
StateOption = Annotated[State, _choice(State, "state")]
Type = Annotated[EnvironmentType, _choice(EnvironmentType, "type")]
Version = Annotated[int, from_text(_version, {"const": FILE_VERSION})]
WorkspaceSlug = Annotated[str, from_text(repositories.slug, _STRING_SCHEMA)]
FormerName = Annotated[str, from_text(values.plain_name, _NAME_SCHEMA)]
NamePattern = Annotated[str, from_text(values.name, _NAME_SCHEMA)]
FromEnv = Annotated[str, from_text(_from_env, {"type": "string", "pattern": _ENVIRON_NAME.pattern})]
Scalar = Annotated[str, from_text(str, _SCALAR_SCHEMA)]
Key = Annotated[str, from_text(check_key, _STRING_SCHEMA)]
ProjectKey = Annotated[str, _unchanged(lambda key: repositories.project(key, _ANY_WORKSPACE))]
RepositoryItem = Annotated[str, _unchanged(lambda item: repositories.item(item, _ANY_WORKSPACE))]
OverrideItem = Annotated[
    str,
    _unchanged(lambda item: repositories.named(item.removeprefix("!"), _ANY_WORKSPACE)),
]
OverrideItems = Annotated[
    tuple[OverrideItem, ...], AfterValidator(selects), one_or_many(OverrideItem)
]
