"""Which existing environment a declaration means (pure).

Whether Bitbucket tells names apart by case is unknown, so: the exact name first, then regardless
of case, and what stays ambiguous is refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pipe.models.declaration import DeclaredEnvironment, Rule
from pipe.models.existing import ExistingEnvironment
from pipe.models.selection import glob_matches


class Found(Struct, frozen=True):
    """Exactly one environment is meant; `renamed`: it still has its former name."""

    existing: ExistingEnvironment
    renamed: bool = False


class Missing(Struct, frozen=True):
    """No environment has this name."""


class Ambiguous(Struct, frozen=True):
    """Several environments could be meant."""

    name: str
    candidates: tuple[ExistingEnvironment, ...]


class BothExist(Struct, frozen=True):
    """A rename whose old and new name both exist."""

    former: ExistingEnvironment
    present: ExistingEnvironment


Match = Found | Missing | Ambiguous | BothExist


def by_name(name: str, environments: Iterable[ExistingEnvironment]) -> Found | Missing | Ambiguous:
    """Find the environment with this name: exactly, else regardless of case."""
    environments = tuple(environments)
    exact = tuple(each for each in environments if each.name == name)
    candidates = exact or tuple(
        each for each in environments if each.name.casefold() == name.casefold()
    )
    match candidates:
        case ():
            return Missing()
        case (only,):
            return Found(only)
        case _:
            return Ambiguous(name, candidates)


def match(declared: DeclaredEnvironment, environments: tuple[ExistingEnvironment, ...]) -> Match:
    """Find the environment that a declaration means, by its name or its former one."""
    present = by_name(declared.name, environments)
    if declared.rename_from is None or isinstance(present, Ambiguous):
        return present
    former = by_name(declared.rename_from, environments)
    if isinstance(former, Missing):
        return present
    if isinstance(former, Ambiguous):
        return former
    if isinstance(present, Missing):
        return Found(former.existing, renamed=True)
    if former.existing.uuid != present.existing.uuid:
        return BothExist(former.existing, present.existing)
    # A rename that changes nothing but case finds the same environment by both names.
    return Found(former.existing, renamed=former.existing.name != declared.name)


def rule_for(rules: tuple[Rule, ...], environment: ExistingEnvironment) -> Rule | None:
    """Return the first rule that matches an environment that exists and is not declared.

    One whose type Bitbucket does not tell may be of any: a rule must not miss it in silence.
    """
    return next((rule for rule in rules if _matches(rule, environment)), None)


def _matches(rule: Rule, environment: ExistingEnvironment) -> bool:
    if rule.type is not None and environment.type not in (None, rule.type):
        return False
    return glob_matches(rule.name_pattern, environment.name)
