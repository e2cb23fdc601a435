"""A name of the pipe means one thing."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PIPE: Final = Path(__file__).parents[2] / "pipe"

SHARED: Final = {"render"}
"""What each report format has: it means the same for all."""


def _defined(module: ast.Module) -> Iterator[str]:
    """Yield the public names that a module defines; type variables mean nothing outside of it."""
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(name)):
                yield name
            case ast.Assign(targets=[ast.Name(name)], value=value) if not _is_type_variable(value):
                yield name
            case _:
                pass


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "TypeVar"


def test_no_public_name_is_defined_twice() -> None:
    found = Counter(
        name
        for path in PIPE.rglob("*.py")
        for name in set(_defined(ast.parse(path.read_text("utf-8"))))
        if not name.startswith("_")
    )

    assert len(found) > 300
    assert {name for name, times in found.items() if times > 1} == SHARED
