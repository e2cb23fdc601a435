"""Writes the JSON Schema of the configuration file from its models: `python -m scripts.schema`."""

import json
from pathlib import Path
from typing import Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pipe.config_file.models import File
from scripts.publication import HOST, declared

PATH: Final = Path(__file__).parent.parent / "schema" / "bitbucket-environments.schema.json"
_ADDRESS: Final = f"{HOST}{declared().repository}/raw/main/schema/"


class _Generator(GenerateJsonSchema):
    """Leaves out what says nothing to a writer: null, defaults of absence, generated titles."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """A key that is not mentioned is left out, never null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """What holds without a key is said in words."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: object) -> bool:
        """A title that repeats the key says nothing."""
        del schema
        return False


def schema() -> dict[str, JsonSchemaValue]:
    """Return the JSON Schema of the configuration file."""
    generated = File.model_json_schema(schema_generator=_Generator)
    return {
        "$schema": _Generator.schema_dialect,
        "$id": f"{_ADDRESS}{PATH.name}",
        **generated,
        # Keys that hold nothing but what anchors name.
        "patternProperties": {"^x-": {}},
    }


def text() -> str:
    """Return the schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
