"""What pydantic finds wrong → flaws at their places in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipe.config_file.models import MAPPING, TEXT, File
from pipe.config_file.yaml_tree import Flaw, Path, Tree
from pipe.parsing.wording import instead

# What pydantic puts into a path beside the keys and positions of the file.
_NO_PART_OF_THE_FILE = (TEXT, MAPPING, "[key]")
_MESSAGES = {
    "missing": "is missing",
    "model_type": "is not a mapping; write its keys as 'key: value', one a line",
    "dict_type": "is not a mapping; write its keys as 'key: value', one a line",
    "tuple_type": "is not a list; write its items as '- item', one a line",
}


def flaws(error: ValidationError, tree: Tree) -> Iterator[Flaw]:
    """Return what is wrong, but not what the YAML itself is blamed for already."""
    blamed = {flaw.path for flaw in tree.flaws}
    for details in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in details["loc"] if part not in _NO_PART_OF_THE_FILE)
        if path not in blamed:
            yield Flaw(tree.place(path), path, _message(details, path))


def show(path: Path) -> str:
    """Write a path as `environments[1].variables.API_URL`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _message(details: ErrorDetails, path: Path) -> str:
    match details["type"]:
        case "value_error":
            return str(details["ctx"]["error"])
        case "extra_forbidden":
            *parent, key = path
            return f"is no key that can stand here; {instead(str(key), _keys(tuple(parent)))}"
        case kind:
            return _MESSAGES.get(kind, details["msg"])


def _keys(path: Path) -> list[str]:
    """Return the keys of the mapping at a path, by the models."""
    model: type[BaseModel] = File
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = _model(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model(annotation: object) -> type[BaseModel] | None:
    """Return the model that stands in an annotation, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model(each) for each in get_args(annotation))
    return next((model for model in found if model is not None), None)
