"""The text of a configuration file to declarations."""

from collections.abc import Collection, Mapping
from typing import Final

from pydantic import ValidationError

from pipe.config_file.convert import Converter
from pipe.config_file.duplicates import contradiction, lines, name_errors
from pipe.config_file.errors import format_path, located_errors
from pipe.config_file.models import Context, File
from pipe.config_file.overrides import Declarations, DeclaredState
from pipe.config_file.yaml_tree import Place, Tree, YamlValue, read_tree
from pipe.models.declaration import Prunable, SecuredUpdate
from pipe.models.selection import Workspace
from pipe.parsing.errors import ErrorCollector

_DECLARES_NOTHING: Final = "the file declares nothing; declare environments or rules"


def read_config_file(
    path: str,
    text: str,
    *,
    environ: Mapping[str, str],
    workspace: Workspace,
    prune: Collection[Prunable],
    secured_update: SecuredUpdate | None,
    errors: ErrorCollector,
) -> DeclaredState | None:
    """Read a configuration file; if it is invalid, add all errors and return `None`.

    Args:
        path: The path of the file, by which errors name it.
        text: Its content.
        environ: The values of `from_env`.
        workspace: What `WORKSPACE` and Pipelines say.
        prune: The value of `PRUNE`, the default of what the file does not mention.
        secured_update: The value of `SECURED_UPDATE`.
        errors: Gets what is wrong, in the order of the file.
    """
    tree = read_tree(text)
    file = _validate(tree, Context(environ, secured_update))
    config = None if file is None else _convert(file, tree, environ, workspace, prune)
    for error in sorted(tree.errors, key=lambda each: (each.place.line, each.place.column)):
        source = f"{path}:{error.place.line}:{error.place.column} {format_path(error.path)}"
        errors.add(source.rstrip(), error.message)
    if config is not None and file is not None:
        _check_prune(prune, file, config.declarations, errors)
    return config


def _validate(tree: Tree, context: Context) -> File | None:
    """Return the content of a tree; errors are added to the tree's."""
    if tree.root is None:
        if not tree.errors:
            tree.add_error(Place(1, 1), (), _DECLARES_NOTHING)
        return None
    tree.errors.extend(tuple(name_errors(tree)))
    try:
        file = File.model_validate(_without_extensions(tree.root), context=context)
    except ValidationError as error:
        tree.errors.extend(tuple(located_errors(error, tree)))
        return None
    if not tree.errors and file.model_fields_set <= {"version", "workspace", "defaults"}:
        tree.add_error(Place(1, 1), (), _DECLARES_NOTHING)
    return file


def _convert(
    file: File,
    tree: Tree,
    environ: Mapping[str, str],
    workspace: Workspace,
    prune: Collection[Prunable],
) -> DeclaredState | None:
    own = workspace.resolve(file.workspace)
    converter = Converter(own, environ, prune, tree)
    try:
        items, declarations = converter.items(file), converter.declarations(file)
    except ValueError as error:
        # Only a workspace can still be missing: the form of each item is validated.
        path = ("repositories",)
        tree.add_error(tree.place(path), path, str(error))
        return None
    if not tree.errors:
        _check_names(declarations, tree)
    return DeclaredState(workspace=own, items=items, declarations=declarations, lines=lines(tree))


def _check_names(declarations: Declarations, tree: Tree) -> None:
    """Add an error where defaults or an override make names contradict each other."""
    message = contradiction(declarations.base)
    if message is not None:
        tree.add_error(tree.place(("environments",)), ("environments",), message)
        return
    for index, override in enumerate(declarations.overrides):
        message = contradiction(declarations.with_override(declarations.base, override))
        if message is not None:
            path = ("overrides", index)
            tree.add_error(tree.place(path), path, message)


def _check_prune(
    prune: Collection[Prunable], file: File, declarations: Declarations, errors: ErrorCollector
) -> None:
    """Add an error where `PRUNE` would delete everything, as nothing of the kind is declared."""
    declared = {
        Prunable.VARIABLES: declarations.mention_variables(),
        Prunable.ENVIRONMENTS: bool(file.model_fields_set & {"environments", "rules", "overrides"}),
        Prunable.REPOSITORY_VARIABLES: declarations.mention_repository_variables(),
    }
    for each in prune:
        if not declared[each]:
            errors.add("PRUNE", f"'{each}': the CONFIG_FILE declares none")


def _without_extensions(root: YamlValue) -> YamlValue:
    """Remove keys that begin with `x-`: they hold the targets of anchors."""
    if not isinstance(root, dict):
        return root
    return {key: value for key, value in root.items() if not key.startswith("x-")}
