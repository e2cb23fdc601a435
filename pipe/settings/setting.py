"""How one variable is read, and what the reference says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from pipe.parsing.lists import ListItem

Value = TypeVar("Value")
Raw = TypeVar("Raw")


@dataclass(frozen=True, slots=True)
class Setting(Generic[Raw, Value]):
    """Stands beside the type of a field: pydantic reads the field with it.

    Attributes:
        read: What was given → the value; raises `ValueError`.
        meaning: What the variable does, in Markdown.
        default: What holds when it is not given, in Markdown; empty: nothing.
        required: `(*)` in the reference: a run in the simplest form needs it.
    """

    read: Callable[[Raw], Value] = field(repr=False)
    meaning: str = field(kw_only=True)
    default: str = field(kw_only=True, default="")
    required: bool = field(kw_only=True, default=False)

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read with this alone: the field's type is for people and mypy."""
        return no_info_plain_validator_function(self.read)


@dataclass(frozen=True, slots=True)
class ListSetting(Setting[tuple[ListItem, ...], Value]):
    """A list: what was given arrives as entries."""


def setting(info: FieldInfo) -> Setting[object, object]:
    """Return what stands beside a field's type."""
    return next(each for each in info.metadata if isinstance(each, Setting))
