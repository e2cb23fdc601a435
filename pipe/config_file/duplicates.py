"""Names of environments that contradict each other (pure).

They are found in the tree rather than in the models, so that they are reported together with
whatever else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipe.config_file.yaml_tree import LocatedError, Path, Place, Tree, Value
from pipe.parsing.suggestions import quoted


def name_errors(tree: Tree) -> Iterator[LocatedError]:
    """Return an error for each name that is declared or renamed twice, or both."""
    for path, environments in _lists(tree.root):
        names, formers = _texts(environments, "name"), _texts(environments, "rename_from")
        for here, name, line in _repeated(tree, path, "name", names):
            message = f"{quoted(name)} is already declared on line {line}"
            yield LocatedError(tree.place(here), here, message)
        own, declared = dict(names), {name for _, name in names}
        for index, former in formers:
            if former in declared and former != own.get(index):
                here = (*path, index, "rename_from")
                message = (
                    f"{quoted(former)} is declared too; an environment is either renamed or kept"
                )
                yield LocatedError(tree.place(here), here, message)
        undeclared = [each for each in formers if each[1] not in declared]
        for here, former, line in _repeated(tree, path, "rename_from", undeclared):
            message = f"{quoted(former)} is already renamed on line {line}"
            yield LocatedError(tree.place(here), here, message)


def _repeated(
    tree: Tree, path: Path, key: str, texts: list[tuple[int, str]]
) -> Iterator[tuple[Path, str, int]]:
    """Return the path of each repeated text, the text, and the line of the first."""
    first: dict[str, Place] = {}
    for index, text in texts:
        here = (*path, index, key)
        before = first.setdefault(text, tree.place(here))
        if before != tree.place(here):
            yield here, text, before.line


def lines(tree: Tree) -> dict[str, int]:
    """Return the first line that declares each environment, by its name."""
    found: dict[str, int] = {}
    for path, environments in _lists(tree.root):
        for index, name in _texts(environments, "name"):
            found.setdefault(name, tree.place((*path, index)).line)
    return found


def _lists(root: Value) -> Iterator[tuple[Path, list[Value]]]:
    """Return every list of environments with its path."""
    found: list[tuple[Path, Value]] = [(("environments",), _member(root, "environments"))]
    overrides = _member(root, "overrides")
    for index, override in enumerate(overrides if isinstance(overrides, list) else ()):
        found.append((("overrides", index, "environments"), _member(override, "environments")))
    return ((path, value) for path, value in found if isinstance(value, list))


def _texts(environments: list[Value], key: str) -> list[tuple[int, str]]:
    """Return the texts of a key with their positions."""
    found = ((index, _member(each, key)) for index, each in enumerate(environments))
    return [(index, text) for index, text in found if isinstance(text, str)]


def _member(value: Value, key: str) -> Value:
    return value.get(key) if isinstance(value, dict) else None
