"""The configuration file that, applied unchanged, does nothing (pure).

Secured values can't be read, so each becomes a `from_env` with a suggested name. What a
configuration file can't say is left out, and with it untouched: what is not declared is not
changed.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml
from msgspec import Struct

from pipe.models.declaration import FINGERPRINTS_KEY, Repository
from pipe.models.errors import Problem
from pipe.models.existing import ExistingContents, ExistingEnvironment, ExistingVariable
from pipe.parsing import values
from pipe.parsing.suggestions import quoted
from pipe.parsing.variables import check_key

Yaml: TypeAlias = "str | bool | int | list[Yaml] | dict[str, Yaml]"
Environments: TypeAlias = dict[str, dict[str, Yaml]]
"""Environments as the file tells them, by their names."""

_HEADER: Final = """\
# Written by Bitbucket Environment (MODE=export). Applied unchanged, it changes nothing.
# A secured value can't be read back: give each variable named by from_env to the pipe, and use
# SECURED_UPDATE=if-missing to leave the stored values alone.
"""
_STRING: Final = "tag:yaml.org,2002:str"
_BLOCK: Final = re.compile(r"(?:\S(?:[^\n]*\S)?\n)+\S(?:[^\n]*\S)?\n?")
"""Lines that can stand below each other as they are."""


class Held(Struct, frozen=True):
    """An environment and all that it holds."""

    environment: ExistingEnvironment
    contents: ExistingContents


class ExportedFile(Struct, frozen=True):
    """What the file says, and a sentence for each thing that it can't say."""

    document: Yaml
    left_out: tuple[str, ...]


def make(found: Mapping[Repository, Iterable[Held]], *, several: bool) -> ExportedFile:
    """Return the file of these repositories: what is the same everywhere once, then the rest."""
    writer = _Writer(several=several)
    told = {each: writer.environments(each, held) for each, held in found.items()}
    workspaces = sorted({each.workspace for each in told})
    common = _common([*told.values()])
    names = {each: each.slug if len(workspaces) == 1 else str(each) for each in told}
    overrides: list[Yaml] = [
        {"repositories": [names[repository]], "environments": [*own.values()]}
        for repository, environments in told.items()
        if (own := {name: environments[name] for name in environments if name not in common})
    ]
    document: dict[str, Yaml] = {"version": 1}
    if len(workspaces) == 1:
        document["workspace"] = workspaces[0]
    document["repositories"] = [*names.values()]
    document["environments"] = [*common.values()]
    if overrides:
        document["overrides"] = overrides
    return ExportedFile(document, tuple(writer.left_out))


def text(file: ExportedFile, missing: Iterable[Repository]) -> str:
    """Write the file as YAML; of repositories that are missing in it, say so."""
    import yaml  # noqa: PLC0415 - costs start-up time, and only exports need it

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines so that people can read them."""

    Dumper.add_representer(str, _represent)
    notes = "".join(f"# Not in it, because it could not be read: {each}\n" for each in missing)
    dumped: str = yaml.dump(
        file.document,
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=sys.maxsize,  # never folds a value
    )
    return _HEADER + notes + dumped


def _represent(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if not value.isprintable():
        lines = value.split("\n")
        style = "|" if all(map(str.isprintable, lines)) and _BLOCK.fullmatch(value) else '"'
    return dumper.represent_scalar(_STRING, value, style=style)


def _common(told: list[Environments]) -> Environments:
    """Return the environments that every repository has just so.

    One whose name another repository writes in another case is not among them: what is laid over
    an environment is matched regardless of case.
    """
    if len(told) == 1:
        return told[0]
    spellings = Counter(name.casefold() for name in {name for each in told for name in each})
    return {
        name: environment
        for name, environment in (told[0] if told else {}).items()
        if spellings[name.casefold()] == 1 and all(each.get(name) == environment for each in told)
    }


@dataclass(kw_only=True)
class _Writer:
    """Tells environments; remembers what can't be told, and the names that were suggested."""

    several: bool
    left_out: list[str] = field(default_factory=list)
    _suggested: set[str] = field(default_factory=set)

    def environments(self, repository: Repository, held: Iterable[Held]) -> Environments:
        told: Environments = {}
        held = sorted(held, key=_order)
        namesakes = Counter(each.environment.name for each in held)
        for each in held:
            name = each.environment.name
            what = f"the environment {quoted(name)} of {repository}"
            if namesakes[name] > 1:
                self._leave_out(what, "another one has the same name")
            elif self._can_stand(values.plain_name, name, what):
                told[name] = self._environment(repository, each, what)
        return told

    def _environment(self, repository: Repository, held: Held, what: str) -> dict[str, Yaml]:
        existing = held.environment
        told: dict[str, Yaml] = {"name": existing.name}
        if existing.type is not None:
            told["type"] = str(existing.type)
        if existing.admin_only is not None:
            told["admin_only"] = existing.admin_only
        branches = self._branches(held.contents, what)
        if branches:
            told["branches"] = [*branches]
        place = (repository.slug, existing.name) if self.several else (existing.name,)
        variables = {
            each.key: self._value(each, place)
            for each in sorted(held.contents.variables or (), key=lambda each: each.key)
            if each.key != FINGERPRINTS_KEY
            and self._can_stand(check_key, each.key, f"the variable {quoted(each.key)} in {what}")
        }
        if variables:
            told["variables"] = variables
        return told

    def _branches(self, contents: ExistingContents, what: str) -> list[str]:
        what = f"the branches of {what}"
        if isinstance(contents.branches, Problem):
            self._leave_out(what, f"{contents.branches.what} {contents.branches.why}")
            return []
        patterns = sorted({each.pattern for each in contents.branches or ()})
        # Some of them would be another restriction: all or none.
        return (
            patterns if all(self._can_stand(values.branch, each, what) for each in patterns) else []
        )

    def _value(self, variable: ExistingVariable, place: tuple[str, ...]) -> Yaml:
        if variable.secured:
            return {"secured": True, "from_env": self._suggest(*place, variable.key)}
        return variable.value or ""

    def _suggest(self, *parts: str) -> str:
        """Return a name that nothing else has: no other secret, and no variable of a pipe."""
        plain = unicodedata.normalize("NFKD", "_".join(("SECRET", *parts)))
        name = re.sub(r"[^A-Z0-9]+", "_", plain.encode("ascii", "ignore").decode().upper())
        # What has OIDC in its name may authenticate the pipe: no file can read it.
        name = name.strip("_").replace("OIDC", "OPENID")
        suggestion, number = name, 1
        while suggestion in self._suggested:
            number += 1
            suggestion = f"{name}_{number}"
        self._suggested.add(suggestion)
        return suggestion

    def _can_stand(self, check: Callable[[str], object], value: str, what: str) -> bool:
        """Whether a configuration file takes a value; if not, what it belongs to is left out."""
        try:
            check(value)
        except ValueError as error:
            self._leave_out(what, str(error))
            return False
        return True

    def _leave_out(self, what: str, reason: str) -> None:
        self.left_out.append(f"Left out: {what}: {reason}")


def _order(held: Held) -> tuple[bool, int, str, str]:
    """Put Test before Staging before Production, whatever the order in which Bitbucket lists."""
    kind = held.environment.type
    rank = 0 if kind is None else [*type(kind)].index(kind)
    name = held.environment.name
    return kind is None, rank, name.casefold(), name
