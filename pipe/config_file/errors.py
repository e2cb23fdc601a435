"""Errors of pydantic to errors with their location in the file."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipe.config_file.models import MAPPING, TEXT, File
from pipe.config_file.yaml_tree import LocatedError, Path, Tree
from pipe.parsing.suggestions import expected

# What pydantic adds to the keys and indexes of a path.
_NOT_IN_THE_FILE = (TEXT, MAPPING, "[key]")
_MESSAGES = {
    "missing": "required key",
    "model_type": "expected a mapping ('key: value', one per line)",
    "dict_type": "expected a mapping ('key: value', one per line)",
    "tuple_type": "expected a list ('- item', one per line)",
}


def located_errors(error: ValidationError, tree: Tree) -> Iterator[LocatedError]:
    """Return the errors of pydantic, except where the YAML itself has an error already."""
    reported = {each.path for each in tree.errors}
    for details in error.errors(include_url=False, include_input=False):
        path = tree.written(part for part in details["loc"] if part not in _NOT_IN_THE_FILE)
        if path not in reported:
            yield LocatedError(tree.place(path), path, _message(details, path))


def format_path(path: Path) -> str:
    """Return a path as `environments[1].variables.API_URL`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _message(details: ErrorDetails, path: Path) -> str:
    match details["type"]:
        case "value_error":
            return str(details["ctx"]["error"])
        case "extra_forbidden":
            *parent, key = path
            return f"unknown key; {expected(str(key), _keys(tuple(parent)))}"
        case kind:
            return _MESSAGES.get(kind, details["msg"])


def _keys(path: Path) -> list[str]:
    """Return the keys that the models allow in the mapping at a path."""
    model: type[BaseModel] = File
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model(annotation: object) -> type[BaseModel] | None:
    """Return the model in an annotation, however nested."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model(each) for each in get_args(annotation))
    return next((model for model in found if model is not None), None)
