"""YAML → texts, lists and mappings, with the place of each.

Every scalar stays the text that was written: `name: 42`, `version: 1.10` and `enabled: on` mean
what they look like, and who reads a key decides what its text stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml
from msgspec import Struct

from pipe.parsing.lists import is_text
from pipe.parsing.wording import quoted

Path: TypeAlias = tuple[str | int, ...]
Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

MOST_NODES: Final = 100_000
"""More than this, and than the file has characters, is no configuration but an alias that repeats
an alias that repeats an alias."""
DEEPEST: Final = 20

_PREFIX: Final = "tag:yaml.org,2002:"
_NULL: Final = f"{_PREFIX}null"
_MERGE: Final = f"{_PREFIX}merge"
_TAGS: Final = frozenset(
    {"bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "value"}
)
_HALF: Final = "holds half a character, which can't be sent"
_HINTS: Final = (
    ("alias", "a text that begins with * stands in quotes"),
    ("'\\t'", "indent with spaces"),
    ("that cannot start any token", "a text that begins with such a character stands in quotes"),
    ("mapping values are not allowed", "a text with ': ' in it stands in quotes"),
    ("another document", "one file holds one document"),
)


class Place(Struct, frozen=True):
    """A place in the file; both count from 1."""

    line: int
    column: int


class Flaw(Struct, frozen=True):
    """Something that can't be read, and where."""

    place: Place
    path: Path
    message: str


@dataclass(slots=True)
class Tree:
    """What a file holds.

    Attributes:
        root: The whole; an empty file holds `None`.
        flaws: What is wrong with the YAML itself.
    """

    root: Value = None
    flaws: list[Flaw] = field(default_factory=list)
    _places: dict[Path, Place] = field(default_factory=dict)

    def remember(self, path: Path, place: Place) -> None:
        """Remember where something stands: a member of a mapping where its key does."""
        self._places[path] = place

    def place(self, path: Path) -> Place:
        """Return where something stands; what is missing stands where it belongs."""
        while path not in self._places and path:
            path = path[:-1]
        return self._places.get(path, Place(1, 1))


class _TooMuchError(Exception):
    """The file unfolds to more than any configuration needs."""


def read_tree(text: str) -> Tree:
    """Read YAML; what is wrong with it is among the flaws."""
    tree = Tree()
    node = _compose(text, tree)
    if node is not None and node.tag != _NULL:
        most = max(MOST_NODES, len(text))
        try:
            tree.root = _Unfolding(tree, most).value(node, (), _place(node.start_mark))
        except _TooMuchError:
            message = f"unfolds to more than {most} values: its aliases repeat too much"
            tree.flaws.append(Flaw(Place(1, 1), (), message))
    return tree


def _compose(text: str, tree: Tree) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        flaw = Flaw(_place(error.problem_mark or error.context_mark), (), _syntax(error))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        flaw = Flaw(place, (), "this character can't stand in YAML")
    except RecursionError:
        flaw = Flaw(Place(1, 1), (), "is nested too deeply")
    except (ValueError, OverflowError):
        # A number that Python can't hold, in an escape such as "\UFFFFFFFF" or a directive.
        flaw = Flaw(Place(1, 1), (), "holds an escape or directive that stands for nothing")
    tree.flaws.append(flaw)
    return None


class _Unfolding:
    """Turns nodes into values; an alias is unfolded wherever it stands."""

    def __init__(self, tree: Tree, most: int) -> None:
        self._tree = tree
        self._most = most
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path, place: Place) -> Value:
        """Return what a node holds, and remember where it stands."""
        self._count()
        self._tree.remember(path, place)
        if len(path) > DEEPEST:
            self._flaw(place, path, "is nested too deeply; does an alias stand in what it names?")
            return None
        if not node.tag.startswith(_PREFIX) or node.tag.removeprefix(_PREFIX) not in _TAGS:
            self._flaw(_place(node.start_mark), path, _tag(node.tag))
            return None
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(item, (*path, index), _place(item.start_mark))
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
            self._flaw(place, path, "has no value; give one ('' is an empty text), or leave it out")
            return None
        if not is_text(node.value):
            self._flaw(place, path, _HALF)
            return None
        return str(node.value)

    def _members(
        self, mapping: yaml.MappingNode, path: Path, depth: int
    ) -> dict[str, tuple[yaml.Node, Place]]:
        """Return the members of a mapping, with those that it merges in below its own."""
        merged: dict[str, tuple[yaml.Node, Place]] = {}
        own: dict[str, tuple[yaml.Node, Place]] = {}
        for key, member in mapping.value:
            self._count()
            place = _place(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self._flaw(place, path, "a key is one word, not a list or mapping")
            elif key.tag == _MERGE:
                for source in member.value if _is_list(member) else [member]:
                    if isinstance(source, yaml.MappingNode) and depth < DEEPEST:
                        # The first of several sources counts, as YAML's merge says.
                        merged = self._members(source, path, depth + 1) | merged
                    else:
                        self._flaw(place, path, "<< takes a mapping, or a list of mappings")
            elif not is_text(key.value):
                self._flaw(place, path, _HALF)
            elif key.value in own:
                line = own[key.value][1].line
                self._flaw(place, (*path, key.value), f"is already given on line {line}")
            else:
                own[key.value] = (member, place)
        return merged | own

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > self._most:
            raise _TooMuchError

    def _flaw(self, place: Place, path: Path, message: str) -> None:
        self._tree.flaws.append(Flaw(place, path, message))


def _is_list(node: yaml.Node) -> bool:
    return isinstance(node, yaml.SequenceNode)


def _place(mark: yaml.Mark | None) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _tag(tag: str) -> str:
    if tag.startswith("!"):
        return f"what begins with ! is a tag in YAML; put it in quotes: {quoted(tag)}"
    return f"the tag {quoted(tag.removeprefix(_PREFIX))} means nothing here; leave it out"


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """Say what is wrong with the YAML, and what usually is the matter."""
    parts = (part for part in (error.problem, error.context) if part)
    message = f"is not YAML: {', '.join(parts)}"
    return next((f"{message}; {hint}" for sign, hint in _HINTS if sign in message), message)
