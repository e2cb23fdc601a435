"""The forms in which a variable arrives: one value, or a list (pure).

Pipelines passes a YAML list `X` as `X_COUNT` with `X_0`, `X_1`, …; one string `X` is a JSON array
when it begins with `[`, otherwise a single item.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from msgspec import Struct

from pipe.models.errors import ConfigError
from pipe.parsing.suggestions import quoted

Value = TypeVar("Value")

_COUNT: Final = re.compile(r"[0-9]{1,9}")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class ListItem(Struct, frozen=True):
    """One item of a list.

    Attributes:
        source: `X`, `X_2` or `X[2]`, by which errors name it.
        value: A string, or what JSON holds (numbers as they are written, objects as `Pairs`).
    """

    source: str
    value: object


class InvalidItemsError(ValueError):
    """Errors in one variable, each with its own source."""

    def __init__(self, *errors: ConfigError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class Pairs(Struct, frozen=True):
    """A JSON object with its keys in order, duplicates included."""

    items: tuple[tuple[str, object], ...]


def is_given(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether a variable is given in any form; an empty one is not."""
    return any(environ.get(each) for each in (name, f"{name}_COUNT")) or bool(
        _numbered(name, environ)
    )


def single_value(name: str, environ: Mapping[str, str]) -> str:
    """Return the value of a variable that takes one value.

    Raises:
        ValueError: It is given as a list, or is not valid UTF-8.
    """
    text = environ.get(name, "")
    if environ.get(f"{name}_COUNT") or _numbered(name, environ) or _is_json_array(text):
        raise ValueError(f"takes one value, not a list ({name}_COUNT, {name}_0, … or JSON)")
    if not is_text(text):
        raise ValueError("not valid UTF-8")
    return text


def list_items(name: str, environ: Mapping[str, str]) -> tuple[ListItem, ...] | None:
    """Return the items of a list variable; `None`: it is not given.

    Raises:
        InvalidItemsError: It is not clear what the items are.
    """
    text = environ.get(name, "")
    count = environ.get(f"{name}_COUNT", "")
    items = _numbered(name, environ)
    if text and (count or items):
        message = f"set both as one value and as a list ({name}_COUNT, {name}_0, …); remove one"
        raise InvalidItemsError(ConfigError(name, message))
    if count or items:
        return _counted(name, count, items)
    if not text:
        return None
    if not text.lstrip().startswith("["):
        return (ListItem(name, text),)
    # JSON that begins with a bracket is an array.
    values = cast("list[object]", decode(name, text))
    return tuple(ListItem(f"{name}[{index}]", value) for index, value in enumerate(values))


def each(read: Callable[[str], Value], items: tuple[ListItem, ...]) -> tuple[Value, ...]:
    """Read every item of a list of strings.

    Args:
        read: Turns one string into a value, or raises `ValueError`.
        items: The items; a number or boolean of JSON is read as it is written.

    Raises:
        InvalidItemsError: With the errors of all items.
    """
    errors: list[ConfigError] = []
    values: list[Value] = []
    for item in items:
        text = scalar(item.value)
        if text is None:
            errors.append(ConfigError(item.source, "expected a string"))
            continue
        try:
            values.append(read(text))
        except ValueError as error:
            # The source of an item of a list ends in its index.
            is_alone = item.source[-1].isalpha()
            hint = "; write a list for several" if is_alone and "," in text else ""
            errors.append(ConfigError(item.source, f"{error}{hint}"))
    if errors:
        raise InvalidItemsError(*errors)
    return tuple(values)


def scalar(value: object) -> str | None:
    """Return a string, number or boolean of JSON as text; `None` for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) and is_text(value) else None


def is_text(value: str) -> bool:
    """Return whether a string can be encoded: lone surrogates and undecodable bytes can't."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode(name: str, text: str) -> object:
    """Decode JSON: numbers as the text they are written in, objects as `Pairs`.

    Raises:
        InvalidItemsError: It is not JSON; the message quotes none of it.
    """
    try:
        return json.loads(
            text,
            strict=False,  # line breaks inside strings are allowed
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=lambda pairs: Pairs(tuple(pairs)),
        )
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        reason = "nested too deeply"
    hint = "; use double quotes, or write a YAML list" if "'" in text else ""
    message = f"begins like JSON, but is not valid JSON: {reason}{hint}"
    raise InvalidItemsError(ConfigError(name, message))


def _is_json_array(text: str) -> bool:
    if not text.lstrip().startswith("["):
        return False
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _numbered(name: str, environ: Mapping[str, str]) -> dict[int, str]:
    prefix = f"{name}_"
    return {
        int(key.removeprefix(prefix)): value
        for key, value in environ.items()
        if value and key.startswith(prefix) and _INDEX.fullmatch(key.removeprefix(prefix))
    }


def _counted(name: str, count: str, items: dict[int, str]) -> tuple[ListItem, ...]:
    if not count:
        message = f"required when {name}_{min(items)} is set: the number of items"
        raise InvalidItemsError(ConfigError(f"{name}_COUNT", message))
    if not _COUNT.fullmatch(count):
        message = f"{quoted(count)} is not a number of items"
        raise InvalidItemsError(ConfigError(f"{name}_COUNT", message))
    size = int(count)
    # One more than there are items is enough to find the first that is missing.
    missing = next(
        (index for index in range(min(size, len(items) + 1)) if index not in items), None
    )
    if missing is not None:
        message = (
            f"missing or empty, but {name}_COUNT is {size}; an undefined $variable arrives empty:"
            " define it, or remove the item"
        )
        raise InvalidItemsError(ConfigError(f"{name}_{missing}", message))
    if len(items) > size:
        message = f"unexpected item: {name}_COUNT is {size}"
        raise InvalidItemsError(ConfigError(f"{name}_{max(items)}", message))
    return tuple(ListItem(f"{name}_{index}", items[index]) for index in range(size))
