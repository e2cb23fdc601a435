"""Find the existing environment that a declaration refers to (pure).

Whether Bitbucket treats names as equal regardless of case is unknown. An exact name therefore comes
before another case, and what stays ambiguous is refused.
"""

from collections.abc import Iterable

from msgspec import Struct

from pipe.models.changes import FoundBy
from pipe.models.declaration import DeclaredEnvironment, Rule, State
from pipe.models.existing import ExistingEnvironment
from pipe.models.selection import glob_matches, is_uuid


class Found(Struct, frozen=True):
    """Exactly one environment matches; found by its former name, it is renamed."""

    existing: ExistingEnvironment
    by: FoundBy = FoundBy.NAME


class Missing(Struct, frozen=True):
    """No environment matches.

    Attributes:
        similar: Environments that match an absent declaration in another case or by slug: they are
            left alone, so that a second run deletes nothing more.
    """

    similar: tuple[ExistingEnvironment, ...] = ()


class Ambiguous(Struct, frozen=True):
    """Several environments match."""

    name: str
    candidates: tuple[ExistingEnvironment, ...]


class BothExist(Struct, frozen=True):
    """The old and the new name of a rename both exist."""

    former: ExistingEnvironment
    present: ExistingEnvironment


Match = Found | Missing | Ambiguous | BothExist


def by_name(name: str, environments: Iterable[ExistingEnvironment]) -> Found | Missing | Ambiguous:
    """Find the environment with this name: exactly, else regardless of case."""
    environments = tuple(environments)
    exact = _by_exact_name(name, environments)
    if not isinstance(exact, Missing):
        return exact
    folded = name.casefold()
    return _only(
        name, (each for each in environments if each.name.casefold() == folded), FoundBy.CASE
    )


def match(declared: DeclaredEnvironment, environments: tuple[ExistingEnvironment, ...]) -> Match:
    """Find the environment that a declaration refers to.

    By uuid, else by exact name, by name in any case, by former name, by slug. One that is declared
    absent is found by uuid or exact name only.
    """
    name = declared.name
    if is_uuid(name):
        folded = name.casefold()
        candidates = (each for each in environments if each.uuid.casefold() == folded)
        return _only(name, candidates, FoundBy.UUID)
    if declared.state is State.ABSENT:
        return _match_absent(name, environments)
    present = by_name(name, environments)
    former = _former(declared, present, environments)
    match present, former:
        case Found(existing), Found(other) if existing.uuid != other.uuid:
            return BothExist(other, existing)
        case Found() | Missing(), Found() | Ambiguous():
            return former  # a rename that changes only case finds one environment by both names
        case Missing(), _:
            slugs = (each for each in environments if each.slug == name)
            return _only(name, slugs, FoundBy.SLUG)
        case _:
            return present


def _match_absent(
    name: str, environments: tuple[ExistingEnvironment, ...]
) -> Found | Missing | Ambiguous:
    exact = _by_exact_name(name, environments)
    if not isinstance(exact, Missing):
        return exact
    folded = name.casefold()
    return Missing(
        tuple(each for each in environments if folded in (each.name.casefold(), each.slug))
    )


def _former(
    declared: DeclaredEnvironment,
    present: Found | Missing | Ambiguous,
    environments: tuple[ExistingEnvironment, ...],
) -> Found | Missing | Ambiguous:
    """Find the environment to rename.

    Its former name is matched in any case only while the new name does not exist: otherwise a rerun
    would find another environment to rename.
    """
    if declared.rename_from is None:
        return Missing()
    find = by_name if isinstance(present, Missing) else _by_exact_name
    found = find(declared.rename_from, environments)
    return Found(found.existing, FoundBy.FORMER_NAME) if isinstance(found, Found) else found


def _by_exact_name(
    name: str, environments: tuple[ExistingEnvironment, ...]
) -> Found | Missing | Ambiguous:
    return _only(name, (each for each in environments if each.name == name), FoundBy.NAME)


def _only(
    name: str, candidates: Iterable[ExistingEnvironment], by: FoundBy
) -> Found | Missing | Ambiguous:
    found = tuple(candidates)
    match found:
        case ():
            return Missing()
        case (only,):
            return Found(only, by)
        case _:
            return Ambiguous(name, found)


def rule_for(rules: tuple[Rule, ...], environment: ExistingEnvironment) -> Rule | None:
    """Return the first rule that matches an environment that exists and is not declared.

    A rule for one type also matches an environment of unknown type, which is then reported.
    """
    return next((rule for rule in rules if _matches(rule, environment)), None)


def _matches(rule: Rule, environment: ExistingEnvironment) -> bool:
    if rule.type is not None and environment.type not in (None, rule.type):
        return False
    return glob_matches(rule.name_pattern, environment.name)
