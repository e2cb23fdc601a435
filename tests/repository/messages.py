"""Every message that the pipe can print, found in its source; what is filled in shows as `…`."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipe.bitbucket.rejections import rejection_about
from pipe.bitbucket.requests import Rejected
from pipe.models.errors import Problem

PIPE: Final = Path(__file__).parents[2] / "pipe"
_CONFIGURATION: Final = ("parsing", "settings", "config_file")
_ADDS_ERROR: Final = ("add", "add_error", "ConfigError", "LocatedError", "ValueError")
"""Calls that put down what is wrong with the configuration; their last argument says it."""


@dataclass(frozen=True, slots=True)
class ProblemText:
    """What a function that returns a `Problem` says.

    Attributes:
        function: Its name.
        key: The key of the problem; `None`: it depends.
        code: The name of the exit code; `None`: it depends.
        what: The message.
    """

    function: str
    key: str | None
    code: str | None
    what: str


def problem_texts() -> list[ProblemText]:
    """Return what every function of the pipe says that makes a `Problem`."""
    return [
        ProblemText(
            function.name,
            _text(parts["key"]) or _constants(tree).get(_name(parts["key"])),
            parts["code"].attr if isinstance(parts["code"], ast.Attribute) else None,
            _text(parts["what"]) or "",
        )
        for path in sorted(PIPE.rglob("*.py"))
        for tree in [_tree(path)]
        for function in _functions(tree)
        for parts in _made(function, "Problem")
    ]


def constructions() -> int:
    """Return how many times a `Problem` is made, wherever that is."""
    return sum(
        isinstance(node, ast.Call) and _name(node.func) == "Problem"
        for path in sorted(PIPE.rglob("*.py"))
        for node in ast.walk(_tree(path))
    )


def keys_of_rejections() -> set[str]:
    """Return the keys of what Bitbucket's refusals mean, whatever their status."""
    return {
        rejection_about("do it", "It", Rejected(status=status)).key for status in range(400, 500)
    }


def faults() -> set[str]:
    """Return every message about a wrong configuration."""
    found = {text for path in _configuration_files() for text in _faults_of(_tree(path))}
    found |= set(_faults_of(_tree(PIPE / "bitbucket" / "http_client.py")))
    return found - warnings()


def warnings() -> set[str]:
    """Return every warning."""
    calls = {
        _last_text(node)
        for path in sorted(PIPE.rglob("*.py"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and _is_a_warning(node.func)
    }
    yields = {
        _text(node.value)
        for path in (*_configuration_files(), PIPE / "reports" / "files.py")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Yield) and node.value is not None
    }
    # What only puts two messages together has no words of its own.
    return {text for text in calls | yields if text and " " in text and re.search("[a-z]", text)}


def _is_a_warning(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute):
        return False
    return function.attr == "warning" or (
        function.attr == "append" and _name(function.value) == "warnings"
    )


def _configuration_files() -> list[Path]:
    return sorted(path for name in _CONFIGURATION for path in (PIPE / name).glob("*.py"))


def _faults_of(tree: ast.Module) -> Iterator[str]:
    constants = _constants(tree)
    for node in ast.walk(tree):
        text = None
        if isinstance(node, ast.Assign) and _name(node.targets[0]) == "_MESSAGES":
            assert isinstance(node.value, ast.Dict)
            yield from (text for value in node.value.values if (text := _text(value)))
        if isinstance(node, ast.Assign) and _name(node.targets[0]) == "message":
            text = _text(node.value)
        elif isinstance(node, ast.Call) and _name(node.func) in _ADDS_ERROR:
            text = _last_text(node)
            if text is None and node.args:
                text = constants.get(_name(node.args[-1]))
        elif isinstance(node, ast.Return) and node.value is not None:
            text = _text(node.value)
        if text is not None and " " in text:
            yield text.strip()


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def _made(function: ast.FunctionDef, name: str) -> Iterator[dict[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _name(node.func) == name:
            positional = dict(zip(Problem.__struct_fields__, node.args, strict=False))
            yield positional | {each.arg: each.value for each in node.keywords if each.arg}


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the module's constants that are text."""
    return {
        _name(node.target): text
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and node.value and (text := _text(node.value))
    }


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _last_text(node: ast.Call) -> str | None:
    return _text(node.args[-1]) if node.args else None


def _text(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "…" for part in parts)
        case _:
            return None
