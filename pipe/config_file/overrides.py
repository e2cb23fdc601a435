"""What is declared for each repository: for all of them, and overrides for some (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    Repository,
    SecuredVariable,
)
from pipe.models.selection import Exclusion, Glob, Slug, matches

Value = TypeVar("Value")


class Override(Struct, frozen=True, kw_only=True):
    """Environments that are declared differently for some repositories.

    Attributes:
        repositories: Those it applies to; an exclusion removes what it matches.
        environments: Merged over the environments of the same name, or added.
    """

    repositories: tuple[Slug | Glob | Exclusion, ...]
    environments: tuple[DeclaredEnvironment, ...]

    def applies_to(self, repository: Repository) -> bool:
        """Return whether a repository is among those it applies to."""
        excluded = (item.of for item in self.repositories if isinstance(item, Exclusion))
        if any(matches(item, repository) for item in excluded if isinstance(item, Slug | Glob)):
            return False
        included = (item for item in self.repositories if isinstance(item, Slug | Glob))
        return any(matches(item, repository) for item in included)


class Declarations(Struct, frozen=True, kw_only=True):
    """What is declared for every repository, and the overrides of some.

    Attributes:
        base: For all repositories, the defaults merged under each environment.
        defaults: Merged under an environment that only an override declares; it has no name.
        overrides: Merged over the base one after the other: the last one wins.
    """

    base: Declaration
    defaults: DeclaredEnvironment = DeclaredEnvironment(name="")
    overrides: tuple[Override, ...] = ()

    def declaration_for(self, repository: Repository) -> Declaration:
        """Return what is declared for one repository."""
        environments = self.base.environments
        for override in self.overrides:
            if override.applies_to(repository):
                names = {each.name for each in override.environments}
                for each in override.environments:
                    environments = self._override(environments, each, names - {each.name})
        return replace(
            self.base,
            environments=tuple(
                replace(each, desired=_without_idle_prune(each.desired)) for each in environments
            ),
            rules=tuple(
                replace(each, desired=_without_idle_prune(each.desired)) for each in self.base.rules
            ),
        )

    def secured_values(self) -> tuple[str, ...]:
        """Return every secret that may be written to any repository."""
        return tuple(
            each.value.get_secret_value()
            for desired in self._all_desired()
            for each in desired.variables or ()
            if isinstance(each, SecuredVariable)
        )

    def mention_branches(self) -> bool:
        """Return whether branch patterns are declared anywhere."""
        return any(desired.branches is not None for desired in self._all_desired())

    def _all_desired(self) -> Iterator[Desired]:
        yield from (each.desired for each in self.base.environments)
        yield from (each.desired for each in self.base.rules)
        yield self.defaults.desired
        for override in self.overrides:
            yield from (each.desired for each in override.environments)

    def _override(
        self,
        environments: tuple[DeclaredEnvironment, ...],
        over: DeclaredEnvironment,
        others: set[str],
    ) -> tuple[DeclaredEnvironment, ...]:
        below = _by_name(over.name, environments)
        # An exact name in the same override is another environment, however similar.
        if below is None or below.name in others:
            return (*environments, replace(merge(self.defaults, over), name=over.name))
        return tuple(merge(each, over) if each is below else each for each in environments)


def merge(below: DeclaredEnvironment, over: DeclaredEnvironment) -> DeclaredEnvironment:
    """Merge one environment over another, whose name is kept; see `merge_desired`."""
    return replace(
        below,
        type=_first(over.type, below.type),
        state=_first(over.state, below.state),
        rename_from=_first(over.rename_from, below.rename_from),
        desired=merge_desired(below.desired, over.desired),
    )


def merge_desired(below: Desired, over: Desired) -> Desired:
    """Merge variables by key, and replace everything else that is mentioned."""
    return replace(
        below,
        admin_only=_first(over.admin_only, below.admin_only),
        branches=_first(over.branches, below.branches),
        variables=_merge_variables(below.variables, over.variables),
        prune_variables=_first(over.prune_variables, below.prune_variables),
    )


def _by_name(
    name: str, environments: tuple[DeclaredEnvironment, ...]
) -> DeclaredEnvironment | None:
    """Find by the exact name, else regardless of case if that is unambiguous."""
    exact = next((each for each in environments if each.name == name), None)
    if exact is not None:
        return exact
    similar = [each for each in environments if each.name.casefold() == name.casefold()]
    return similar[0] if len(similar) == 1 else None


def _without_idle_prune(desired: Desired) -> Desired:
    """Prune only where variables are declared: elsewhere none are to be changed."""
    prune = desired.prune_variables and desired.variables is not None
    return replace(desired, prune_variables=prune or None)


def _first(over: Value | None, below: Value) -> Value:
    return below if over is None else over


def _merge_variables(
    below: tuple[DeclaredVariable, ...] | None, over: tuple[DeclaredVariable, ...] | None
) -> tuple[DeclaredVariable, ...] | None:
    if below is None or over is None:
        return below if over is None else over
    return tuple(({each.key: each for each in below} | {each.key: each for each in over}).values())
