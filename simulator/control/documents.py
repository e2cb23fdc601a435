"""Documents that people write: seeds, edits and the bodies of control calls."""

from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from simulator.http import Json

_T = TypeVar("_T")


class DocumentError(ValueError):
    """A document that cannot be understood; the message says where and why."""


class Document(BaseModel):
    """Base of the models: unknown keys are errors, and no value is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def parse(text: str) -> Json:
    """Return what a YAML or JSON document contains.

    Raises:
        DocumentError: It is neither.
    """
    try:
        document: Json = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DocumentError(f"not well-formed YAML: {error}") from error
    return document


def validate(name: str, kind: type[_T] | Any, document: Json) -> _T:  # noqa: ANN401 - also unions
    """Return a document as a value of a model.

    Raises:
        DocumentError: It does not fit; every error is listed, with its place below `name`.
    """
    try:
        value: _T = TypeAdapter[_T](kind).validate_python(document)
    except ValidationError as error:
        raise DocumentError("; ".join(_lines(name, error))) from None
    return value


def _lines(name: str, error: ValidationError) -> list[str]:
    return [f"{'.'.join([name, *map(str, each['loc'])])}: {each['msg']}" for each in error.errors()]
