"""List items and `.env` files to declared variables (pure)."""

import io
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeVar, cast

from msgspec import Struct
from pydantic import SecretStr

from pipe.models.declaration import (
    FINGERPRINTS_KEY,
    AbsentVariable,
    DeclaredVariable,
    ManagedSecret,
    PlainVariable,
    SecuredVariable,
    State,
)
from pipe.models.errors import ConfigError
from pipe.parsing.lists import InvalidItemsError, ListItem, Pairs, decode, is_text, scalar
from pipe.parsing.suggestions import alternatives, expected, quoted

Raw = TypeVar("Raw")

# Bitbucket's older web page allowed letters, digits and underscores, its newer one these too; a
# key that this pipe let through wrongly is refused by Bitbucket with its own words.
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_CONVENTIONAL_KEY: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_FIELDS: Final = ("key", "value", "secured", "state")
_ANOTHER_VARIABLE: Final = re.compile(r"[\r\n][ \t]*[A-Za-z_][A-Za-z0-9_.-]*=[^=\r\n]")
"""What an item looks like that holds a whole block of variables; base64 ends in `=` or `==`."""
_EXPECTED: Final = "expected KEY=VALUE or an object with key and value"


class SourcedVariable(Struct, frozen=True):
    """A declared variable and where it was declared, by which errors name it."""

    source: str
    variable: DeclaredVariable


def check_key(text: str, *, quote: bool = True) -> str:
    """Return the key of a deployment variable unchanged, if it is valid.

    Args:
        text: The key.
        quote: Whether the message may quote it: a secret given without a key is in its place.

    Raises:
        ValueError: Bitbucket would refuse the key, or it is reserved.
    """
    if not _KEY.fullmatch(text):
        raise ValueError(
            f"{quoted(text) if quote else 'the text before ='} is not a valid variable name; use"
            " letters, digits, '_', '-' or '.', beginning with a letter or '_'"
        )
    if text.casefold() == FINGERPRINTS_KEY.casefold():
        raise ValueError(f"{text} is reserved for the fingerprints of this pipe; use another name")
    return text


def declared(items: tuple[ListItem, ...], *, secured: bool) -> tuple[SourcedVariable, ...]:
    """Read variables in any of their forms.

    Args:
        items: Each `KEY=VALUE`, or an object with `key`, `value`, `secured` and `state`; or one
            item that is a JSON object of values by key.
        secured: Whether the variables are stored secured without saying so themselves.

    Raises:
        InvalidItemsError: With all errors; no value is quoted.
    """
    sourced = ((item.source, item.value) for item in _with_members(items))
    return _read_all(sourced, partial(_variable, secured=secured))


def from_file(path: str, text: str, *, secured: bool) -> tuple[SourcedVariable, ...]:
    """Read the variables of a file: JSON by its extension `.json`, else `.env`.

    Raises:
        InvalidItemsError: With all errors; no value is quoted.
    """
    if not path.casefold().endswith(".json"):
        return _from_dotenv(path, text, secured=secured)
    match decode(path, text):
        case list() as values:
            items = tuple(ListItem(f"{path}[{index}]", each) for index, each in enumerate(values))
        case Pairs():
            items = (ListItem(path, text),)
        case _:
            raise InvalidItemsError(ConfigError(path, "expected a JSON array or object"))
    return declared(items, secured=secured)


def override(*lists: tuple[SourcedVariable, ...]) -> tuple[SourcedVariable, ...]:
    """Merge lists by key: the last declaration of a key wins, in the place of the first."""
    merged = {each.variable.key: each for listed in lists for each in listed}
    return tuple(merged.values())


def _from_dotenv(path: str, text: str, *, secured: bool) -> tuple[SourcedVariable, ...]:
    """Read a `.env` file: errors name its lines, and `$` in a value is not interpolated."""
    from dotenv.parser import Binding, parse_stream  # noqa: PLC0415 - only when a file is given

    def source(binding: Binding) -> str:
        # A binding begins with the empty lines before it.
        skipped = len(binding.original.string) - len(binding.original.string.lstrip())
        line = binding.original.line + binding.original.string.count("\n", 0, skipped)
        return f"{path}:{line}"

    def read(binding: Binding) -> DeclaredVariable:
        if binding.error or binding.key is None or binding.value is None:
            raise ValueError("expected KEY=VALUE")
        key = check_key(binding.key, quote=not secured)
        return _build(key, binding.value, secured=secured)

    bindings = parse_stream(io.StringIO(text, newline=""))
    declared_in = [each for each in bindings if each.error or each.key is not None]
    if not declared_in:
        # It was probably cut off, and PRUNE would delete every variable.
        raise ValueError(f"{quoted(path)} declares nothing; a .json file with [] may")
    return _read_all(((source(each), each) for each in declared_in), read)


def _read_all(
    sourced: Iterable[tuple[str, Raw]], read: Callable[[Raw], DeclaredVariable]
) -> tuple[SourcedVariable, ...]:
    """Read variables, each with its source.

    Raises:
        InvalidItemsError: With the errors of all of them.
    """
    errors: list[ConfigError] = []
    variables: list[SourcedVariable] = []
    for source, raw in sourced:
        try:
            variables.append(SourcedVariable(source, read(raw)))
        except ValueError as error:
            errors.append(ConfigError(source, str(error)))
    if errors:
        raise InvalidItemsError(*errors, *duplicates(variables))
    return tuple(variables)


def duplicates(variables: Iterable[SourcedVariable]) -> list[ConfigError]:
    """Return an error for every key that was declared before."""
    first: dict[str, str] = {}
    errors: list[ConfigError] = []
    for each in variables:
        key = each.variable.key
        if key in first:
            errors.append(ConfigError(each.source, f"{key} is already declared in {first[key]}"))
        else:
            first[key] = each.source
    return errors


def _with_members(items: tuple[ListItem, ...]) -> tuple[ListItem, ...]:
    """Split a lone JSON object: each member becomes an object with `key` and `value`."""
    match items:
        case (ListItem(source, str(text)),) if text.lstrip().startswith("{"):
            # JSON that begins with a brace is an object.
            members = cast("Pairs", decode(source, text)).items
            return tuple(
                ListItem(f"{source}[{index}]", Pairs((("key", key), ("value", value))))
                for index, (key, value) in enumerate(members)
            )
        case _:
            return items


def _variable(value: object, *, secured: bool) -> DeclaredVariable:
    match value:
        case str(text):
            return _from_pair(text, secured=secured)
        case Pairs(items):
            return _from_object(items, secured=secured)
        case _:
            raise ValueError(_EXPECTED)


def _from_pair(text: str, *, secured: bool) -> DeclaredVariable:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError("'=' is missing; expected KEY=VALUE")
    check_key(key, quote=not secured)
    # A secret without its key, whose base64 ends in '=', must not be quoted as one.
    shown = key if not secured or _CONVENTIONAL_KEY.fullmatch(key) else "the variable"
    if not value and secured:
        raise ValueError(f"the secret value of {shown} is empty; is it defined?")
    if not value:
        raise ValueError(
            f"the value of {key} is empty; is it defined? An empty value needs JSON or a file"
        )
    if _ANOTHER_VARIABLE.search(value):
        raise ValueError(
            f"the value of {shown} contains another KEY=VALUE line; write a list with one item per"
            " variable (- 'A=1'), or, for a value with line breaks, JSON:"
            ' {"A": "line 1\\nline 2"}'
        )
    return _build(key, value, secured=secured)


def _from_object(items: tuple[tuple[str, object], ...], *, secured: bool) -> DeclaredVariable:
    fields = dict(items)
    if len(fields) < len(items):
        raise ValueError("a field is repeated")
    for field in fields:
        if field not in _FIELDS:
            raise ValueError(f"unknown field {quoted(field)}; {expected(field, _FIELDS)}")
    is_secured = fields.get("secured", secured)
    if not isinstance(is_secured, bool) or (secured and not is_secured):
        raise ValueError(f"the field secured must be {'true' if secured else 'true or false'}")
    key = scalar(fields.get("key"))
    if key is None:
        raise ValueError("the field key must be a string")
    check_key(key, quote=not is_secured)
    if _is_absent(fields):
        return AbsentVariable(key)
    if is_secured and "value" not in fields:
        return ManagedSecret(key)
    value = scalar(fields.get("value"))
    if value is None:
        raise ValueError(f"the value of {key} must be a string")
    return _build(key, value, secured=is_secured)


def _is_absent(fields: dict[str, object]) -> bool:
    state = fields.get("state", State.PRESENT.value)
    if state not in [each.value for each in State]:
        raise ValueError(f"the field state must be {alternatives(State)}")
    if state == State.ABSENT and "value" in fields:
        raise ValueError("state: absent and a value are mutually exclusive")
    return state == State.ABSENT


def _build(key: str, value: str, *, secured: bool) -> DeclaredVariable:
    if not is_text(value):
        raise ValueError(f"the value of {key} is not valid UTF-8")
    if not secured:
        return PlainVariable(key, value)
    if not value:
        raise ValueError(f"the secret value of {key} is empty; is it defined?")
    return SecuredVariable(key, SecretStr(value))
