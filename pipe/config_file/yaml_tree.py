"""YAML to texts, lists and mappings, with the location of each.

Every scalar keeps its spelling: `42`, `1.10` and `on` are texts, and the validator of a key decides
what its text means.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml
from msgspec import Struct

from pipe.parsing.lists import is_text
from pipe.parsing.suggestions import quoted

Path: TypeAlias = tuple[str | int, ...]
YamlValue: TypeAlias = "str | list[YamlValue] | dict[str, YamlValue] | None"

MAX_NODES: Final = 100_000
"""A file with more nodes than this, and than it has characters, repeats aliases of aliases."""
MAX_DEPTH: Final = 20

_LINE_BREAK: Final = re.compile(r"\r\n?|\n")
"""Those of editors; YAML knows more, which would make its numbers of lines others than theirs."""

_PREFIX: Final = "tag:yaml.org,2002:"
_NULL: Final = f"{_PREFIX}null"
_MERGE: Final = f"{_PREFIX}merge"
_TAGS: Final = frozenset(
    {"bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "value"}
)
_NOT_TEXT: Final = "contains an incomplete character (a lone surrogate)"
_LISTS: Final = frozenset(
    {"branches", "environments", "exclude", "overrides", "prune", "repositories", "rules"}
)
_HINTS: Final = (
    ("alias", "quote a text that begins with *"),
    ("'\\t'", "indent with spaces"),
    ("that cannot start any token", "quote a text that begins with such a character"),
    ("mapping values are not allowed", "quote a text that contains ': '"),
    ("another document", "a file contains one document"),
)


class Place(Struct, frozen=True):
    """A line and column of the file, both from 1."""

    line: int
    column: int


class _Places:
    """Where the characters of a text are."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(each.end() for each in _LINE_BREAK.finditer(text))]

    def of(self, mark: yaml.Mark | None) -> Place:
        """Return the place of a mark; without one, the beginning."""
        return self.at(0 if mark is None else mark.index)

    def at(self, index: int) -> Place:
        """Return the place of the character at an index, from 0."""
        line = bisect_right(self._starts, index)
        return Place(line, index - self._starts[line - 1] + 1)


class LocatedError(Struct, frozen=True):
    """An error and its location in the file."""

    place: Place
    path: Path
    message: str


@dataclass(slots=True)
class Tree:
    """The content of a file.

    Attributes:
        root: The whole; `None` for an empty file.
        errors: The errors found so far, those of the YAML itself first.
    """

    root: YamlValue = None
    errors: list[LocatedError] = field(default_factory=list)
    _places: dict[Path, Place] = field(default_factory=dict)

    def add_error(self, place: Place, path: Path, message: str) -> None:
        """Add an error at a location."""
        self.errors.append(LocatedError(place, path, message))

    def remember(self, path: Path, place: Place) -> None:
        """Store where a node is; a member of a mapping is where its key is."""
        self._places[path] = place

    def place(self, path: Path) -> Place:
        """Return where a node is; a missing one is where its parent is."""
        while path not in self._places and path:
            path = path[:-1]
        return self._places.get(path, Place(1, 1))

    def written(self, path: Iterable[str | int]) -> Path:
        """Return a path as the file has it: a single item in place of a list has no index."""
        found: Path = ()
        for part in path:
            if part != 0 or (*found, part) in self._places:
                found = (*found, part)
        return found


class _TooMuchError(Exception):
    """Aliases expand to more nodes than any configuration needs."""


def read_tree(text: str) -> Tree:
    """Read YAML; its errors are those of the tree."""
    tree, places = Tree(), _Places(text)
    node = _compose(text, tree, places)
    if node is not None and node.tag != _NULL:
        maximum = max(MAX_NODES, len(text))
        try:
            tree.root = _Expander(tree, places, maximum).value(node, (), places.of(node.start_mark))
        except _TooMuchError:
            tree.add_error(Place(1, 1), (), f"aliases expand to more than {maximum} values")
    return tree


def _compose(text: str, tree: Tree, places: _Places) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        tree.add_error(places.of(error.problem_mark or error.context_mark), (), _syntax(error))
    except yaml.reader.ReaderError as error:
        tree.add_error(places.at(error.position), (), "this character is not allowed in YAML")
    except RecursionError:
        tree.add_error(Place(1, 1), (), "nested too deeply")
    except (ValueError, OverflowError):
        # A number that Python can't hold, in an escape such as "\UFFFFFFFF" or a directive.
        tree.add_error(Place(1, 1), (), "contains an invalid escape sequence or directive")
    return None


class _Expander:
    """Converts nodes to values; every alias is replaced by its target."""

    def __init__(self, tree: Tree, places: _Places, maximum: int) -> None:
        self._tree = tree
        self._places = places
        self._maximum = maximum
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path, place: Place) -> YamlValue:
        """Return the value of a node, and store where it is."""
        self._count()
        self._tree.remember(path, place)
        if len(path) > MAX_DEPTH:
            self._tree.add_error(
                place, path, "nested too deeply; does an alias refer to its own parent?"
            )
            return None
        if not node.tag.startswith(_PREFIX) or node.tag.removeprefix(_PREFIX) not in _TAGS:
            self._tree.add_error(self._places.of(node.start_mark), path, _tag(node.tag))
            return None
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(item, (*path, index), self._places.of(item.start_mark))
                for index, item in enumerate(node.value)
            ]
        if isinstance(node, yaml.MappingNode):
            return {
                key: self.value(member, (*path, key), key_place)
                for key, (member, key_place) in self._members(node, path, 0).items()
            }
        return self._text(node, path, place)

    def _text(self, node: yaml.Node, path: Path, place: Place) -> str | None:
        if node.tag == _NULL:
            self._tree.add_error(place, path, _no_value(path))
            return None
        if not is_text(node.value):
            self._tree.add_error(place, path, _NOT_TEXT)
            return None
        return str(node.value)

    def _members(
        self, mapping: yaml.MappingNode, path: Path, depth: int
    ) -> dict[str, tuple[yaml.Node, Place]]:
        """Return the members of a mapping, those of merge keys (`<<`) below its own."""
        merged: dict[str, tuple[yaml.Node, Place]] = {}
        own: dict[str, tuple[yaml.Node, Place]] = {}
        for key, member in mapping.value:
            self._count()
            place = self._places.of(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self._tree.add_error(place, path, "a key must be a text, not a list or mapping")
            elif key.tag == _MERGE:
                for source in member.value if isinstance(member, yaml.SequenceNode) else [member]:
                    if isinstance(source, yaml.MappingNode) and depth < MAX_DEPTH:
                        # The first of several sources wins, as YAML specifies.
                        merged = self._members(source, path, depth + 1) | merged
                    else:
                        self._tree.add_error(
                            place, path, "<< expects a mapping or a list of mappings"
                        )
            elif not is_text(key.value):
                self._tree.add_error(place, path, _NOT_TEXT)
            elif key.value in own:
                line = own[key.value][1].line
                self._tree.add_error(
                    place, (*path, key.value), f"duplicate key, first used on line {line}"
                )
            else:
                own[key.value] = (member, place)
        return merged | own

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > self._maximum:
            raise _TooMuchError


def _no_value(path: Path) -> str:
    """Return the message for a key without a value; a variable may have the name of a list."""
    if path and path[-1] in _LISTS and path[-2:-1] != ("variables",):
        return "has no value; write [] for an empty list, or remove the key"
    return "has no value; set one ('' for an empty text), or remove the key"


def _tag(tag: str) -> str:
    if tag.startswith("!"):
        return f"a text that begins with ! is a YAML tag; quote it: {quoted(tag)}"
    return f"the tag {quoted(tag.removeprefix(_PREFIX))} is not supported; remove it"


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """Return what is wrong with the YAML, and the usual cause."""
    parts = (part for part in (error.problem, error.context) if part)
    message = f"invalid YAML: {', '.join(parts)}"
    return next((f"{message}; {hint}" for sign, hint in _HINTS if sign in message), message)
