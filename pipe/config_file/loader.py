"""The text of a configuration file → layers of declarations."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct
from pydantic import ValidationError

from pipe.config_file.convert import Converter
from pipe.config_file.duplicates import lines, name_flaws
from pipe.config_file.errors import flaws, show
from pipe.config_file.models import File
from pipe.config_file.overrides import Layers, Prunable
from pipe.config_file.yaml_tree import Flaw, Place, Tree, Value, read_tree
from pipe.models.selection import Item, Workspace
from pipe.parsing.errors import ConfigErrors


class ConfigFile(Struct, frozen=True, kw_only=True):
    """What a configuration file says.

    Attributes:
        workspace: The one that counts for repositories that don't name their own.
        items: The repositories it is for; `None`: it does not say.
        layers: What is wanted of each repository.
        lines: The line on which each environment is declared, by its name.
    """

    workspace: str | None
    items: tuple[Item, ...] | None
    layers: Layers
    lines: Mapping[str, int]


def read_config_file(
    path: str,
    text: str,
    *,
    environ: Mapping[str, str],
    workspace: Workspace,
    prune: Collection[Prunable],
    faults: ConfigErrors,
) -> ConfigFile | None:
    """Read a configuration file; if it is faulty, remember everything wrong.

    Args:
        path: How the file is called in the faults.
        text: What it holds.
        environ: Where `from_env` finds its values.
        workspace: What `WORKSPACE` and Pipelines say.
        prune: What `PRUNE` says: it holds where the file says nothing.
        faults: Where to remember what is wrong.
    """
    tree = read_tree(text)
    config = _convert(tree, environ, workspace, prune)
    for flaw in sorted(tree.flaws, key=lambda each: (each.place.line, each.place.column)):
        where = f"{path}:{flaw.place.line}:{flaw.place.column} {show(flaw.path)}"
        faults.add(where.rstrip(), flaw.message)
    return config


def _convert(
    tree: Tree, environ: Mapping[str, str], workspace: Workspace, prune: Collection[Prunable]
) -> ConfigFile | None:
    """Return what the tree means; what it can't mean is added to its flaws."""
    if tree.root is None:
        if not tree.flaws:
            tree.flaws.append(Flaw(Place(1, 1), (), "is empty; declare environments or rules"))
        return None
    tree.flaws.extend(tuple(name_flaws(tree)))
    try:
        file = File.model_validate(_without_extensions(tree.root), context=environ)
    except ValidationError as error:
        tree.flaws.extend(tuple(flaws(error, tree)))
        return None
    own = workspace.beside(file.workspace)
    converter = Converter(own, environ, prune)
    try:
        items, layers = converter.items(file), converter.layers(file)
    except ValueError as error:
        # Only a workspace can be missing still: the form of each item is checked.
        path = ("repositories",)
        tree.flaws.append(Flaw(tree.place(path), path, str(error)))
        return None
    return ConfigFile(workspace=own, items=items, layers=layers, lines=lines(tree))


def _without_extensions(root: Value) -> Value:
    """Leave out keys that begin with `x-`: they hold what anchors name."""
    if not isinstance(root, dict):
        return root
    return {key: value for key, value in root.items() if not key.startswith("x-")}
