"""The two forms of a list variable → its entries, each with the name to blame it by (pure).

Pipelines passes a YAML list `X` as `X_COUNT` with `X_0`, `X_1`, …; one string `X` is a JSON array
when it begins with `[`, otherwise a single item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from msgspec import Struct

from pipe.models.errors import ConfigError
from pipe.parsing.wording import quoted

Value = TypeVar("Value")

_COUNT: Final = re.compile(r"[0-9]{1,9}")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class ListItem(Struct, frozen=True):
    """One item of a list.

    Attributes:
        where: `X`, `X_2` or `X[2]`.
        value: A string, or what JSON holds (numbers and booleans as they are written).
    """

    where: str
    value: object


class ListItemError(ValueError):
    """Several things wrong with one variable, each with its own place."""

    def __init__(self, faults: tuple[ConfigError, ...]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


class Pairs(Struct, frozen=True):
    """A JSON object with its keys in order, repeated ones too."""

    items: tuple[tuple[str, object], ...]


def list_items(name: str, environ: Mapping[str, str]) -> tuple[ListItem, ...] | None:
    """Return the items of a list variable; `None`: it is not given.

    Raises:
        EntryFaultsError: It is given in a way that leaves doubt about its items.
    """
    text = environ.get(name, "")
    count = environ.get(f"{name}_COUNT", "")
    items = _items(name, environ)
    if text and (count or items):
        message = f"is given both as one value and as a list ({name}_COUNT, {name}_0, …); give one"
        raise ListItemError((ConfigError(name, message),))
    if count or items:
        return _counted(name, count, items)
    if not text:
        return None
    if not text.lstrip().startswith("["):
        return (ListItem(name, text),)
    # JSON that begins with a bracket is an array.
    values = cast("list[object]", decode(name, text))
    return tuple(ListItem(f"{name}[{index}]", value) for index, value in enumerate(values))


def each(read: Callable[[str], Value], listed: tuple[ListItem, ...]) -> tuple[Value, ...]:
    """Read every item of a list of texts.

    Args:
        read: Turns one text into a value, or raises `ValueError`.
        listed: The items; a number or boolean of JSON is taken as it is written.

    Raises:
        EntryFaultsError: With everything wrong.
    """
    faults: list[ConfigError] = []
    values: list[Value] = []
    for entry in listed:
        text = scalar(entry.value)
        if text is None:
            faults.append(ConfigError(entry.where, "is not text; write a string"))
            continue
        try:
            values.append(read(text))
        except ValueError as error:
            faults.append(ConfigError(entry.where, str(error)))
    if faults:
        raise ListItemError(tuple(faults))
    return tuple(values)


def scalar(value: object) -> str | None:
    """Return text, a number or a boolean of JSON as text; `None`: it is something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) and is_text(value) else None


def is_text(value: str) -> bool:
    """Whether a string can be sent: half a surrogate pair or undecodable bytes can't."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode(name: str, text: str) -> object:
    """Decode JSON, numbers as the text they are written in, objects as `Pairs`.

    Raises:
        EntryFaultsError: It is no JSON; the message shows nothing of it.
    """
    try:
        return json.loads(
            text,
            strict=False,  # line breaks in a value are what they look like
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=lambda pairs: Pairs(tuple(pairs)),
        )
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        reason = "it is nested too deeply"
    message = f"begins like JSON but is none: {reason}"
    raise ListItemError((ConfigError(name, message),))


def _items(name: str, environ: Mapping[str, str]) -> dict[int, str]:
    prefix = f"{name}_"
    return {
        int(key.removeprefix(prefix)): value
        for key, value in environ.items()
        if value and key.startswith(prefix) and _INDEX.fullmatch(key.removeprefix(prefix))
    }


def _counted(name: str, count: str, items: dict[int, str]) -> tuple[ListItem, ...]:
    if not count:
        message = f"is missing though {name}_{min(items)} is given; say how many items there are"
        raise ListItemError((ConfigError(f"{name}_COUNT", message),))
    if not _COUNT.fullmatch(count):
        message = f"{quoted(count)} is not a number of items"
        raise ListItemError((ConfigError(f"{name}_COUNT", message),))
    size = int(count)
    # One more than there are items is enough to find the first that is missing.
    missing = next(
        (index for index in range(min(size, len(items) + 1)) if index not in items), None
    )
    if missing is not None:
        message = (
            f"is missing or empty though {name}_COUNT is {size}; an undefined $variable arrives"
            " empty: define it, or take the item out"
        )
        raise ListItemError((ConfigError(f"{name}_{missing}", message),))
    if len(items) > size:
        message = f"is given though {name}_COUNT is {size}"
        raise ListItemError((ConfigError(f"{name}_{max(items)}", message),))
    return tuple(ListItem(f"{name}_{index}", items[index]) for index in range(size))
