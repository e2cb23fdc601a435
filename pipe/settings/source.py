"""The variables of the pipe as a source of pydantic-settings: a mapping, never `os.environ`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from pipe.models.errors import ConfigError
from pipe.parsing.lists import ListItemError, is_text, list_items
from pipe.settings.setting import ListSetting, setting


class EnvironSource(PydanticBaseSettingsSource):
    """Gives each field its variable: a string, or the entries of a list; empty is not given.

    What can't be read at all becomes a fault, and its field is left out.

    Attributes:
        faults: What was wrong with the form of the variables, filled when the source is read.
        failed: The fields that have a fault.
    """

    def __init__(self, model: type[BaseSettings], environ: Mapping[str, str]) -> None:
        super().__init__(model)
        self._environ = environ
        self.faults: list[ConfigError] = []
        self.failed: set[str] = set()

    def leave_out(self, field_name: str) -> None:
        """Leave a field out when the source is read again: it has a fault."""
        self.failed.add(field_name)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Return the value of a field, its name, and that nothing is left to decode."""
        name = field_name.upper()
        if isinstance(setting(field), ListSetting):
            return list_items(name, self._environ), field_name, False
        text = self._environ.get(name, "")
        if not is_text(text):
            raise ListItemError((ConfigError(name, "is not text in UTF-8"),))
        return text or None, field_name, False

    def __call__(self) -> dict[str, object]:
        """Return the values of all fields that are given and have no fault yet."""
        values: dict[str, object] = {}
        for field_name, field in self.settings_cls.model_fields.items():
            if field_name not in self.failed:
                try:
                    value, _, _ = self.get_field_value(field, field_name)
                except ListItemError as error:
                    self.failed.add(field_name)
                    self.faults += error.faults
                else:
                    if value is not None:
                        values[field_name] = value
        return values
