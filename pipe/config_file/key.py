"""How the text of one key is read, and what the JSON Schema says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core.core_schema import no_info_plain_validator_function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True, eq=False)
class Text:
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
