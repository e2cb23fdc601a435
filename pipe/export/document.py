"""Build the configuration file of what exists (pure). Applied unchanged, it changes nothing.

What every repository has is written once, with the value that most of them have; what differs is in
`overrides`. The file deletes nothing: what only some repositories have is declared for those alone.
What a configuration file can't declare is left out, and so left unchanged.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

import yaml
from msgspec import Struct

from pipe.models.declaration import CHANGEABLE, FINGERPRINTS_KEY, Repository
from pipe.models.errors import Problem
from pipe.models.existing import ExistingContents, ExistingEnvironment, ExistingVariable
from pipe.models.selection import is_uuid
from pipe.parsing import values
from pipe.parsing.suggestions import quoted
from pipe.parsing.variables import check_key
from pipe.planning.planner import Observed
from pipe.redaction import Redactor

Hashed = TypeVar("Hashed", bound=Hashable)

Yaml: TypeAlias = "str | bool | int | list[Yaml] | dict[str, Yaml]"

Property: TypeAlias = "str | bool | tuple[str, ...] | None"
"""The value of a property; `None`: a secured variable."""

Properties: TypeAlias = Mapping[tuple[str, ...], Property]
"""What an environment has: the value of `("type",)`, of `("variables", KEY)` and so on."""

_REPOSITORY: Final = ""
"""The key of the repository itself among the names of environments, of which none is empty."""

Declared: TypeAlias = dict[str, dict[tuple[str, ...], Property]]
"""Properties by the name of the environment; those of the repository itself by `_REPOSITORY`."""

Group: TypeAlias = tuple[Repository, ...]
"""Repositories that have something in common, in order."""

_HEADER: Final = """\
# Written by Bitbucket Environment (MODE=export). Applied unchanged, it changes nothing.
# Secured values cannot be read: {secured: true} requires that the variable exists and leaves its
# value unchanged. To set the value from here, add from_env: NAME and pass NAME to the pipe.
"""
_FIELDS: Final = ("type", *CHANGEABLE)
_LIST: Final = "tag:yaml.org,2002:seq"
_STRING: Final = "tag:yaml.org,2002:str"
_BLOCK: Final = re.compile(r"(?:\S(?:[^\n]*\S)?\n)+\S(?:[^\n]*\S)?\n?")
"""Lines that a block scalar can hold unchanged."""


class ExportedFile(Struct, frozen=True):
    """The content of the file.

    Attributes:
        environments: How many environments it declares, over all repositories.
        left_out: A sentence for each thing that is left out.
    """

    document: Yaml
    environments: int
    left_out: tuple[str, ...]


def make(found: Mapping[Repository, Observed], redactor: Redactor) -> ExportedFile:
    """Return the file that declares repositories as they are, without the secrets of the run."""
    reader = _Reader(redactor)
    declared = {each: reader.read(each, found[each]) for each in found}
    environments = sum(name != _REPOSITORY for own in declared.values() for name in own)
    groups = _grouped(declared)
    everywhere = tuple(found)
    common = groups.pop(everywhere, {})
    workspaces = sorted({each.workspace for each in found})
    document: dict[str, Yaml] = {"version": 1}
    if len(workspaces) == 1:
        document["workspace"] = workspaces[0]
    document["repositories"] = _names(everywhere)
    document |= _entries(common)
    if groups:
        # The last override wins: the fewer repositories share something, the later it is.
        document["overrides"] = [
            {"repositories": _Flow(_names_in_override(group, everywhere))} | _entries(groups[group])
            for group in sorted(groups, key=lambda group: (-len(group), group))
        ]
    return ExportedFile(document, environments, tuple(reader.left_out))


def render_yaml(file: ExportedFile, missing: Iterable[Repository]) -> str:
    """Return the file as YAML, with a note about each repository that is missing in it."""
    notes = "".join(f"# Not included, because it could not be read: {each}\n" for each in missing)
    dumped: str = yaml.dump(
        file.document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=sys.maxsize,  # never folds a value
    )
    return _HEADER + notes + dumped


class _Flow(list[Yaml]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes multi-line texts as blocks where a block can hold them unchanged."""


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if not value.isprintable():
        lines = value.split("\n")
        style = "|" if all(map(str.isprintable, lines)) and _BLOCK.fullmatch(value) else '"'
    return dumper.represent_scalar(_STRING, value, style=style)


def _represent_flow(dumper: yaml.SafeDumper, value: _Flow) -> yaml.SequenceNode:
    return dumper.represent_sequence(_LIST, value, flow_style=True)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Flow, _represent_flow)


def _grouped(environments: Mapping[Repository, Mapping[str, Properties]]) -> dict[Group, Declared]:
    """Return what to declare for each group of repositories."""
    names = dict.fromkeys(name for own in environments.values() for name in own)
    spellings = Counter(name.casefold() for name in names)
    groups: dict[Group, Declared] = {}
    for name in names:
        holders = {each: own[name] for each, own in environments.items() if name in own}
        # Overrides are merged by name regardless of case: an environment that is spelled in more
        # than one way is declared as a whole.
        divide = _divided if spellings[name.casefold()] == 1 else _undivided
        for group, properties in divide(holders):
            groups.setdefault(group, {}).setdefault(name, {}).update(properties)
    return groups


def _divided(holders: Mapping[Repository, Properties]) -> Iterator[tuple[Group, Properties]]:
    """Yield what most holders have for all of them, and other values for those that have them."""
    everyone = tuple(holders)
    yield everyone, {}
    for key in sorted({key for properties in holders.values() for key in properties}):
        having = {
            each: properties[key] for each, properties in holders.items() if key in properties
        }
        for value, group in _by_value(having).items():
            is_rule = len(having) == len(holders) and len(group) * 2 > len(holders)
            yield everyone if is_rule else group, {key: value}


def _undivided(holders: Mapping[Repository, Properties]) -> Iterator[tuple[Group, Properties]]:
    frozen = {each: tuple(sorted(properties.items())) for each, properties in holders.items()}
    for properties, group in _by_value(frozen).items():
        yield group, dict(properties)


def _by_value(values_of: Mapping[Repository, Hashed]) -> dict[Hashed, Group]:
    groups: dict[Hashed, Group] = {}
    for repository, value in values_of.items():
        groups[value] = (*groups.get(value, ()), repository)
    return groups


def _entries(declared: Declared) -> dict[str, Yaml]:
    entries: dict[str, Yaml] = {}
    environments: list[Yaml] = [
        {"name": name, **_entry(properties)}
        for name, properties in declared.items()
        if name != _REPOSITORY
    ]
    if environments:
        entries["environments"] = environments
    if declared.get(_REPOSITORY):
        entries["repository"] = _entry(declared[_REPOSITORY])
    return entries


def _entry(properties: Properties) -> dict[str, Yaml]:
    entry: dict[str, Yaml] = {}
    for field in _FIELDS:
        value = properties.get((field,))
        if value is not None:
            entry[field] = [*value] if isinstance(value, tuple) else value
    variables = {key[1]: _variable(value) for key, value in properties.items() if len(key) > 1}
    if variables:
        entry["variables"] = variables
    return entry


def _variable(value: Property) -> Yaml:
    return value if isinstance(value, str) else {"secured": True}


def _names(repositories: Group) -> list[Yaml]:
    workspaces = {each.workspace for each in repositories}
    return [each.slug if len(workspaces) == 1 else str(each) for each in repositories]


def _names_in_override(group: Group, everywhere: Group) -> list[Yaml]:
    """Name the repositories of an override; of most by those that it excludes."""
    several_workspaces = len({each.workspace for each in everywhere}) > 1
    if several_workspaces:
        return [str(each) for each in group]
    if len(group) * 2 <= len(everywhere):
        return [each.slug for each in group]
    return ["*", *(f"!{each.slug}" for each in everywhere if each not in group)]


class _Reader:
    """Reads what can be declared; collects a sentence for each thing that can't."""

    def __init__(self, redactor: Redactor) -> None:
        self.left_out: list[str] = []
        self._redactor = redactor

    def read(self, repository: Repository, found: Observed) -> dict[str, Properties]:
        own = self._variables(found.variables or (), str(repository))
        read: dict[str, Properties] = {
            _REPOSITORY: {("variables", key): value for key, value in own.items()}
        }
        spellings = Counter(each.name.casefold() for each in found.environments)
        for each in sorted(found.environments, key=_order):
            name = each.name
            what = f"the environment {quoted(name)} of {repository}"
            if spellings[name.casefold()] > 1:
                self._leave_out(what, "another one has the same name, perhaps in another case")
            elif self._can_declare(_name, name, what):
                read[name] = self._properties(each, found.contents_of(each), what)
        return read

    def _properties(
        self, existing: ExistingEnvironment, contents: ExistingContents, what: str
    ) -> Properties:
        properties: dict[tuple[str, ...], Property] = {}
        if existing.type is not None:
            properties["type",] = str(existing.type)
        if existing.admin_only is not None:
            properties["admin_only",] = existing.admin_only
        branches = self._branches(contents, what)
        if branches:
            properties["branches",] = branches
        for key, value in self._variables(contents.variables or (), what).items():
            properties["variables", key] = value
        return properties

    def _variables(self, variables: Sequence[ExistingVariable], of: str) -> dict[str, Property]:
        read: dict[str, Property] = {}
        for each in variables:
            what = f"the variable {quoted(each.key)} of {of}"
            value = None if each.secured else each.value or ""
            if (
                each.key != FINGERPRINTS_KEY
                and self._can_declare(check_key, each.key, what)
                and self._can_declare(str, value or "", what)
            ):
                read[each.key] = value
        return read

    def _branches(self, contents: ExistingContents, what: str) -> tuple[str, ...]:
        what = f"the branches of {what}"
        if isinstance(contents.branches, Problem):
            self._leave_out(what, f"{contents.branches.what} {contents.branches.why}")
            return ()
        patterns = tuple(sorted({each.pattern for each in contents.branches or ()}))
        # A part of the patterns would be another restriction: all or none.
        return (
            patterns
            if all(self._can_declare(values.branch, each, what) for each in patterns)
            else ()
        )

    def _can_declare(self, check: Callable[[str], object], value: str, what: str) -> bool:
        """Return whether a configuration file accepts a value; if not, leave `what` out."""
        if self._redactor.holds_secret(value):
            self._leave_out(what, "it contains a secret of this run")
            return False
        try:
            check(value)
        except ValueError as error:
            self._leave_out(what, str(error))
            return False
        return True

    def _leave_out(self, what: str, reason: str) -> None:
        self.left_out.append(self._redactor.mask_words(f"Left out: {what}: {reason}"))


def _name(text: str) -> str:
    """Check a name that is declared; a name in braces would be taken for a uuid."""
    if is_uuid(text):
        raise ValueError(f"{quoted(text)} is in braces, as only a uuid may be")
    return values.plain_name(text)


def _order(environment: ExistingEnvironment) -> tuple[bool, int, str, str]:
    """Sort by type (Test, Staging, Production, unknown), then by name."""
    kind, name = environment.type, environment.name
    rank = 0 if kind is None else [*type(kind)].index(kind)
    return kind is None, rank, name.casefold(), name
