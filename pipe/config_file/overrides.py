"""What is wanted of each repository: a base, and what some repositories lay over it (pure)."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    EnvironmentType,
    Repository,
    SecuredVariable,
    State,
)
from pipe.models.selection import Exclusion, Glob, Slug, matches

Value = TypeVar("Value")


class Prunable(StrEnum):
    """What may be deleted because it is not declared."""

    VARIABLES = "variables"
    ENVIRONMENTS = "environments"


class Layer(Struct, frozen=True, kw_only=True):
    """Fields of an environment to lay over others; `None` leaves what is below."""

    type: EnvironmentType | None = None
    state: State | None = None
    rename_from: str | None = None
    admin_only: bool | None = None
    branches: tuple[str, ...] | None = None
    variables: tuple[DeclaredVariable, ...] | None = None
    prune_variables: bool | None = None

    def over(self, below: DeclaredEnvironment) -> DeclaredEnvironment:
        """Lay this over an environment: variables merge by key, all else is replaced."""
        return replace(
            below,
            type=_first(self.type, below.type),
            state=_first(self.state, below.state),
            rename_from=_first(self.rename_from, below.rename_from),
            desired=self.over_desired(below.desired),
        )

    def over_desired(self, below: Desired) -> Desired:
        """Lay what this says of the contents over what is desired below."""
        return replace(
            below,
            admin_only=_first(self.admin_only, below.admin_only),
            branches=_first(self.branches, below.branches),
            variables=_merged(below.variables, self.variables),
            prune_variables=_first(self.prune_variables, below.prune_variables),
        )


class NamedLayer(Struct, frozen=True):
    """A layer for the environment of this name; the environment is added if it is not below."""

    name: str
    layer: Layer


class Override(Struct, frozen=True, kw_only=True):
    """Layers that only some repositories get.

    Attributes:
        repositories: Those that get them; an exclusion takes away what it matches.
        environments: What is laid over, by the environment's name.
    """

    repositories: tuple[Slug | Glob | Exclusion, ...]
    environments: tuple[NamedLayer, ...]

    def applies_to(self, repository: Repository) -> bool:
        """Whether a repository is among those that get the layers."""
        excluded = (item.of for item in self.repositories if isinstance(item, Exclusion))
        if any(matches(item, repository) for item in excluded if isinstance(item, Slug | Glob)):
            return False
        chosen = (item for item in self.repositories if isinstance(item, Slug | Glob))
        return any(matches(item, repository) for item in chosen)


class Layers(Struct, frozen=True, kw_only=True):
    """What is wanted of every repository, and the overrides of some.

    Attributes:
        base: For all repositories, with the defaults already under each environment.
        fresh: What an environment that only an override declares starts from; its name is
            replaced.
        overrides: Laid over the base one after the other: the last one wins.
    """

    base: Declaration
    fresh: DeclaredEnvironment = DeclaredEnvironment(name="")
    overrides: tuple[Override, ...] = ()

    def declaration_for(self, repository: Repository) -> Declaration:
        """Return what is wanted of one repository."""
        environments = self.base.environments
        for override in self.overrides:
            if override.applies_to(repository):
                spelt = {named.name for named in override.environments}
                for named in override.environments:
                    environments = self._overlaid(environments, named, spelt - {named.name})
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
        """Return every secret that may be written, whichever repository it is for."""
        desired = [
            *(each.desired.variables for each in self.base.environments),
            *(each.desired.variables for each in self.base.rules),
            self.fresh.desired.variables,
            *(
                each.layer.variables
                for override in self.overrides
                for each in override.environments
            ),
        ]
        return tuple(
            each.value.get_secret_value()
            for variables in desired
            for each in variables or ()
            if isinstance(each, SecuredVariable)
        )

    def mentions_branches(self) -> bool:
        """Return whether branch patterns are declared anywhere."""
        desired = [
            *(each.desired.branches for each in self.base.environments),
            *(each.desired.branches for each in self.base.rules),
            self.fresh.desired.branches,
            *(each.layer.branches for override in self.overrides for each in override.environments),
        ]
        return any(each is not None for each in desired)

    def _overlaid(
        self,
        environments: tuple[DeclaredEnvironment, ...],
        named: NamedLayer,
        others: set[str],
    ) -> tuple[DeclaredEnvironment, ...]:
        below = _by_name(named.name, environments)
        # What the same override names just so is another environment, however alike.
        if below is None or below.name in others:
            return (*environments, named.layer.over(replace(self.fresh, name=named.name)))
        return tuple(named.layer.over(each) if each is below else each for each in environments)


def _by_name(
    name: str, environments: tuple[DeclaredEnvironment, ...]
) -> DeclaredEnvironment | None:
    """Find by the exact name, else regardless of case if that leaves no doubt."""
    exact = next((each for each in environments if each.name == name), None)
    if exact is not None:
        return exact
    alike = [each for each in environments if each.name.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _without_idle_prune(desired: Desired) -> Desired:
    """Pruning counts only where variables are mentioned: the others are not to be changed."""
    return replace(
        desired, prune_variables=desired.prune_variables and desired.variables is not None
    )


def _first(over: Value | None, below: Value) -> Value:
    return below if over is None else over


def _merged(
    below: tuple[DeclaredVariable, ...] | None, over: tuple[DeclaredVariable, ...] | None
) -> tuple[DeclaredVariable, ...] | None:
    if below is None or over is None:
        return below if over is None else over
    return tuple(({each.key: each for each in below} | {each.key: each for each in over}).values())
