"""Entries and `.env` files → declared variables (pure)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import Final, NoReturn, cast

from msgspec import Struct
from pydantic import SecretStr

from pipe.models.declaration import (
    FINGERPRINTS_KEY,
    DeclaredVariable,
    PlainVariable,
    SecuredVariable,
)
from pipe.models.errors import ConfigError
from pipe.parsing.lists import ListItem, ListItemError, Pairs, decode, is_text, scalar
from pipe.parsing.wording import instead, quoted

# Bitbucket's older web page allowed letters, digits and underscores, its newer one these too; a
# key that this pipe let through wrongly is refused by Bitbucket with its own words.
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_FIELDS: Final = ("key", "value", "secured")
_NOT_BOOLEAN: Final = "has a field secured that is neither true nor false"


class SourcedVariable(Struct, frozen=True):
    """A declared variable and the place to blame it by."""

    where: str
    variable: DeclaredVariable


def check_key(text: str, *, shown: bool = True) -> str:
    """Check the key of a deployment variable.

    Args:
        text: The key.
        shown: Whether the message may show it; a secret given without a key stands in its place.

    Raises:
        ValueError: Bitbucket would refuse the key, or it is the pipe's own.
    """
    if not _KEY.fullmatch(text):
        message = (
            f"{quoted(text) if shown else 'what stands before the ='} is no key of a variable; a"
            " key begins with a letter or '_' and goes on with letters, digits, '_', '-' or '.'"
        )
        raise ValueError(message)
    if text.casefold() == FINGERPRINTS_KEY.casefold():
        message = f"{text} is where this pipe keeps its fingerprints; choose another key"
        raise ValueError(message)
    return text


def declared(listed: tuple[ListItem, ...], *, secured: bool) -> tuple[SourcedVariable, ...]:
    """Read variables in any of their forms.

    Args:
        listed: Each `KEY=VALUE`, or an object with `key`, `value` and `secured`; or one entry that
            is a JSON object of values by key.
        secured: Whether the variables are stored secured without saying so themselves.

    Raises:
        EntryFaultsError: With everything wrong; no value is shown.
    """
    faults: list[ConfigError] = []
    variables: list[SourcedVariable] = []
    for entry in _with_members(listed):
        try:
            variables.append(SourcedVariable(entry.where, _variable(entry.value, secured=secured)))
        except ValueError as error:
            faults.append(ConfigError(entry.where, str(error)))
    if faults:
        raise ListItemError((*faults, *repeated(variables)))
    return tuple(variables)


def from_dotenv(path: str, text: str, *, secured: bool) -> tuple[SourcedVariable, ...]:
    """Read the variables of a `.env` file; `$` in a value stands for itself.

    Raises:
        EntryFaultsError: With every line that is wrong; no value is shown.
    """
    from dotenv.parser import parse_stream  # noqa: PLC0415 - needed only when a file is given

    faults: list[ConfigError] = []
    variables: list[SourcedVariable] = []
    for binding in parse_stream(io.StringIO(text, newline="")):
        # A line's number is that of what precedes it: empty lines belong to the binding.
        skipped = len(binding.original.string) - len(binding.original.string.lstrip())
        line = binding.original.line + binding.original.string.count("\n", 0, skipped)
        where = f"{path}:{line}"
        try:
            if binding.error or (binding.key is not None and binding.value is None):
                _refuse("is not KEY=VALUE")
            if binding.key is not None:
                variables.append(
                    SourcedVariable(where, _made(binding.key, binding.value or "", secured=secured))
                )
        except ValueError as error:
            faults.append(ConfigError(where, str(error)))
    if faults:
        raise ListItemError((*faults, *repeated(variables)))
    return tuple(variables)


def repeated(variables: Iterable[SourcedVariable]) -> list[ConfigError]:
    """Return a fault for every key that was given before, in whatever list."""
    first: dict[str, str] = {}
    faults: list[ConfigError] = []
    for each in variables:
        before = first.setdefault(each.variable.key, each.where)
        if before != each.where:
            faults.append(
                ConfigError(each.where, f"the key {each.variable.key} is already given by {before}")
            )
    return faults


def _with_members(listed: tuple[ListItem, ...]) -> tuple[ListItem, ...]:
    """Take a lone JSON object apart: each member becomes an object with `key` and `value`."""
    match listed:
        case (ListItem(where, str(text)),) if text.lstrip().startswith("{"):
            # JSON that begins with a brace is an object.
            members = cast("Pairs", decode(where, text)).items
            return tuple(
                ListItem(f"{where}[{index}]", Pairs((("key", key), ("value", value))))
                for index, (key, value) in enumerate(members)
            )
        case _:
            return listed


def _variable(value: object, *, secured: bool) -> DeclaredVariable:
    match value:
        case str(text):
            key, equals, rest = text.partition("=")
            if not equals:
                _refuse("has no '='; write KEY=VALUE")
            return _made(key, rest, secured=secured)
        case Pairs(items):
            return _from_object(items, secured=secured)
        case _:
            return _refuse("is neither KEY=VALUE nor an object with key and value")


def _from_object(items: tuple[tuple[str, object], ...], *, secured: bool) -> DeclaredVariable:
    fields = dict(items)
    if len(fields) < len(items):
        _refuse("has a field twice")
    for field in fields:
        if field not in _FIELDS:
            _refuse(f"has an unknown field {quoted(field)}; {instead(field, _FIELDS)}")
    says_secured = fields.get("secured", secured)
    if not isinstance(says_secured, bool) or (secured and not says_secured):
        _refuse("has a field secured that is not true" if secured else _NOT_BOOLEAN)
    key, value = scalar(fields.get("key")), scalar(fields.get("value"))
    if key is None or value is None:
        _refuse(f"has no {'key' if key is None else 'value'} that is text; write a string")
    return _made(key, value, secured=says_secured)


def _made(key: str, value: str, *, secured: bool) -> DeclaredVariable:
    check_key(key, shown=not secured)
    if not is_text(value):
        _refuse(f"the value of {key} is not text that can be sent")
    return SecuredVariable(key, SecretStr(value)) if secured else PlainVariable(key, value)


def _refuse(message: str) -> NoReturn:
    raise ValueError(message)
