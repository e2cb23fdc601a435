"""Names of environments that contradict each other (pure).

They are found in the tree rather than in the models, so that they are reported together with
whatever else is wrong; what only an override brings about is found in the merged declaration.
"""

from collections.abc import Iterator

from pipe.config_file.yaml_tree import LocatedError, Path, Tree, YamlValue
from pipe.models.declaration import Declaration, State
from pipe.parsing.suggestions import quoted


def name_errors(tree: Tree) -> Iterator[LocatedError]:
    """Return an error for each name that is declared or renamed twice, or both.

    Names that are equal regardless of case contradict each other: one of them would be taken for
    the other.
    """
    for path, environments in _lists(tree.root):
        names, formers = _texts(environments, "name"), _texts(environments, "rename_from")
        for here, name, line in _repeated(tree, path, "name", names):
            message = f"{quoted(name)} is already declared on line {line} (case is ignored)"
            yield LocatedError(tree.place(here), here, message)
        own = {index: name.casefold() for index, name in names}
        declared = {*own.values()}
        for index, former in formers:
            if former.casefold() in declared - {own.get(index)}:
                here = (*path, index, "rename_from")
                message = f"{quoted(former)} is declared too; either rename it or keep it"
                yield LocatedError(tree.place(here), here, message)
        undeclared = [each for each in formers if each[1].casefold() not in declared]
        for here, former, line in _repeated(tree, path, "rename_from", undeclared):
            message = f"{quoted(former)} is already renamed on line {line} (case is ignored)"
            yield LocatedError(tree.place(here), here, message)


def contradiction(declaration: Declaration) -> str | None:
    """Return how the names of merged environments contradict each other; `None`: they don't."""
    names = {each.name.casefold() for each in declaration.environments}
    formers: set[str] = set()
    for each in declaration.environments:
        former = each.rename_from
        if former is None:
            continue
        shown = f"{quoted(each.name)} with rename_from {quoted(former)}"
        if each.state is State.ABSENT:
            return f"{shown} cannot be absent; remove rename_from or state"
        if former == each.name:
            return f"{shown}: the names are the same; set the former name"
        if former.casefold() in names - {each.name.casefold()}:
            return f"{shown}: both names are declared; either rename it or keep it"
        if former.casefold() in formers:
            return f"{shown}: another environment has the same rename_from"
        formers.add(former.casefold())
    return None


def _repeated(
    tree: Tree, path: Path, key: str, texts: list[tuple[int, str]]
) -> Iterator[tuple[Path, str, int]]:
    """Return the path of each repeated text, the text, and the line of the first."""
    first: dict[str, Path] = {}
    for index, text in texts:
        here = (*path, index, key)
        before = first.setdefault(text.casefold(), here)
        if before != here:
            yield here, text, tree.place(before).line


def lines(tree: Tree) -> dict[str, int]:
    """Return the first line that declares each environment, by its name."""
    found: dict[str, int] = {}
    for path, environments in _lists(tree.root):
        for index, name in _texts(environments, "name"):
            found.setdefault(name, tree.place((*path, index)).line)
    return found


def _lists(root: YamlValue) -> Iterator[tuple[Path, list[YamlValue]]]:
    """Return every list of environments with its path."""
    found: list[tuple[Path, YamlValue]] = [(("environments",), _member(root, "environments"))]
    overrides = _member(root, "overrides")
    for index, override in enumerate(overrides if isinstance(overrides, list) else ()):
        found.append((("overrides", index, "environments"), _member(override, "environments")))
    return ((path, value) for path, value in found if isinstance(value, list))


def _texts(environments: list[YamlValue], key: str) -> list[tuple[int, str]]:
    """Return the texts of a key with their positions."""
    found = ((index, _member(each, key)) for index, each in enumerate(environments))
    return [(index, text) for index, text in found if isinstance(text, str)]


def _member(value: YamlValue, key: str) -> YamlValue:
    return value.get(key) if isinstance(value, dict) else None
