"""Names of environments that contradict each other (pure).

This looks at the tree rather than the models, so that it speaks beside whatever else is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipe.config_file.tree import Flaw
from pipe.reading.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipe.config_file.tree import Path, Place, Tree, Value


def name_flaws(tree: Tree) -> Iterator[Flaw]:
    """Return a flaw for each name that is declared twice, or is another's former name."""
    for path, environments in _lists(tree.root):
        names = _texts(environments, "name")
        first: dict[str, Place] = {}
        for index, name in names:
            here = (*path, index, "name")
            before = first.setdefault(name, tree.place(here))
            if before != tree.place(here):
                message = f"{quoted(name)} is already declared on line {before.line}"
                yield Flaw(tree.place(here), here, message)
        own = dict(names)
        for index, former in _texts(environments, "rename_from"):
            if former in first and former != own.get(index):
                here = (*path, index, "rename_from")
                message = f"{quoted(former)} is declared too; it can't be both renamed and kept"
                yield Flaw(tree.place(here), here, message)


def lines(tree: Tree) -> dict[str, int]:
    """Return the line on which each environment is declared first, by its name."""
    found: dict[str, int] = {}
    for path, environments in _lists(tree.root):
        for index, name in _texts(environments, "name"):
            found.setdefault(name, tree.place((*path, index)).line)
    return found


def _lists(root: Value) -> Iterator[tuple[Path, list[Value]]]:
    """Return every list of environments, and its path."""
    found: list[tuple[Path, Value]] = [(("environments",), _member(root, "environments"))]
    overrides = _member(root, "overrides")
    for index, override in enumerate(overrides if isinstance(overrides, list) else ()):
        found.append((("overrides", index, "environments"), _member(override, "environments")))
    return ((path, value) for path, value in found if isinstance(value, list))


def _texts(environments: list[Value], key: str) -> list[tuple[int, str]]:
    """Return the texts that a key has, and the position of each."""
    found = ((index, _member(each, key)) for index, each in enumerate(environments))
    return [(index, text) for index, text in found if isinstance(text, str)]


def _member(value: Value, key: str) -> Value:
    return value.get(key) if isinstance(value, dict) else None
