"""What is declared for each repository: for all of them, and overrides for some (pure)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    PlainVariable,
    Repository,
    Rule,
    SecuredVariable,
    State,
)
from pipe.models.selection import Exclusion, Glob, SelectionItem, matches

Layer = TypeVar("Layer", DeclaredEnvironment, Desired)


class Override(Struct, frozen=True, kw_only=True):
    """Environments that are declared differently for some repositories.

    Attributes:
        repositories: Those it applies to; an exclusion removes what it matches.
        environments: Merged over the environments of the same name, or added.
        enable_pipelines: Replaces that of the base; `None`: not mentioned.
        repository: Merged over what the repository itself should hold.
        line: Where it is in the file.
    """

    repositories: tuple[Repository | Glob | Exclusion, ...]
    environments: tuple[DeclaredEnvironment, ...] = ()
    enable_pipelines: bool | None = None
    repository: Desired = Desired()
    line: int = 1

    def applies_to(self, repository: Repository) -> bool:
        """Return whether a repository is among those it applies to."""
        included = False
        for item in self.repositories:
            match item:
                case Exclusion(Repository() | Glob() as excluded) if matches(excluded, repository):
                    return False
                case Repository() | Glob() if matches(item, repository):
                    included = True
        return included


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
        declaration = self.base
        for override in self.overrides:
            if override.applies_to(repository):
                declaration = self.with_override(declaration, override)
        return _without_idle_prune(declaration)

    def with_override(self, declaration: Declaration, override: Override) -> Declaration:
        """Merge one override over a declaration."""
        environments = declaration.environments
        for each in override.environments:
            environments = self._merge_environment(environments, each)
        enabled = override.enable_pipelines
        return replace(
            declaration,
            environments=environments,
            enable_pipelines=declaration.enable_pipelines if enabled is None else enabled,
            repository=merge_desired(declaration.repository, override.repository),
        )

    def idle_overrides(self, selected: Iterable[Repository]) -> Iterator[tuple[int, str]]:
        """Yield what no selected repository matches, with the line of its override."""
        selected = tuple(selected)
        for override in self.overrides:
            for item in override.repositories:
                if not isinstance(item, Exclusion) and not any(matches(item, x) for x in selected):
                    yield override.line, item.pattern if isinstance(item, Glob) else item.slug

    def variables(self) -> Iterator[DeclaredVariable]:
        """Return every variable that is declared."""
        for desired in (*self._all_desired(), *self._all_repositories()):
            yield from desired.variables or ()

    def secured_variables(self) -> Iterator[SecuredVariable]:
        """Return every variable that is declared with a secret value."""
        return (each for each in self.variables() if isinstance(each, SecuredVariable))

    def public_texts(self) -> Iterator[tuple[str, str]]:
        """Return every text that logs and requests show, and what it is."""
        for environment in self._all_environments():
            yield "the name of an environment", environment.name
            yield "rename_from of an environment", environment.rename_from or ""
        for rule in self.base.rules:
            yield "the name pattern of a rule", rule.name_pattern
        for desired in self._all_desired():
            for branch in desired.branches or ():
                yield "a branch pattern", branch
        for variable in self.variables():
            yield "the name of a variable", variable.key
            if isinstance(variable, PlainVariable):
                yield f"the value of {variable.key}", variable.value

    def branches(self) -> Iterable[str]:
        """Return every branch pattern that is declared, each once."""
        return dict.fromkeys(
            each for desired in self._all_desired() for each in desired.branches or ()
        )

    def present_names(self) -> Iterable[str]:
        """Return the name of every environment that may be created, each once."""
        present = (each for each in self._all_environments() if each.state is not State.ABSENT)
        return dict.fromkeys(each.name for each in present)

    def mention_branches(self) -> bool:
        """Return whether branch patterns are declared for anything that is not absent."""
        present: list[DeclaredEnvironment | Rule] = [*self._all_environments(), *self.base.rules]
        return any(
            each.desired.branches is not None and each.state is not State.ABSENT for each in present
        )

    def mention_variables(self) -> bool:
        """Return whether variables of environments are declared anywhere."""
        return any(desired.variables is not None for desired in self._all_desired())

    def mention_repository_variables(self) -> bool:
        """Return whether variables of the repository itself are declared anywhere."""
        return any(each.variables is not None for each in self._all_repositories())

    def _all_environments(self) -> Iterator[DeclaredEnvironment]:
        yield from self.base.environments
        yield self.defaults
        for override in self.overrides:
            yield from override.environments

    def _all_desired(self) -> Iterator[Desired]:
        yield from (each.desired for each in self._all_environments())
        yield from (each.desired for each in self.base.rules)

    def _all_repositories(self) -> Iterator[Desired]:
        yield self.base.repository
        yield from (each.repository for each in self.overrides)

    def _merge_environment(
        self, environments: tuple[DeclaredEnvironment, ...], over: DeclaredEnvironment
    ) -> tuple[DeclaredEnvironment, ...]:
        # Names that are equal regardless of case are errors: no more than one is found.
        folded = over.name.casefold()
        if all(each.name.casefold() != folded for each in environments):
            return (*environments, replace(merge(self.defaults, over), name=over.name))
        return tuple(
            merge(each, over) if each.name.casefold() == folded else each for each in environments
        )


class DeclaredState(Struct, frozen=True, kw_only=True):
    """What is declared, and for which repositories.

    Attributes:
        workspace: Of repositories that do not name their own; `None`: unknown.
        items: The repositories that a configuration file selects; `None`: it selects none.
        lines: The line of the file that declares each environment, by its name.
    """

    workspace: str | None
    items: tuple[SelectionItem, ...] | None
    declarations: Declarations
    lines: Mapping[str, int] = {}


def merge(below: DeclaredEnvironment, over: DeclaredEnvironment) -> DeclaredEnvironment:
    """Merge one environment over another, whose name is kept; see `merge_desired`."""
    desired = merge_desired(below.desired, over.desired)
    return replace(_replaced(below, over), name=below.name, desired=desired)


def merge_desired(below: Desired, over: Desired) -> Desired:
    """Merge variables by key, and replace everything else that is mentioned."""
    variables = _merge_variables(below.variables, over.variables)
    return replace(_replaced(below, over), variables=variables)


def _replaced(below: Layer, over: Layer) -> Layer:
    """Replace every field that is mentioned: that is not `None`."""
    mentioned = {name: value for name, value in asdict(over).items() if value is not None}
    return replace(below, **mentioned)


def _without_idle_prune(declaration: Declaration) -> Declaration:
    """Prune only where variables are declared: elsewhere none are to be changed."""

    def active(desired: Desired) -> Desired:
        prune = desired.prune_variables and desired.variables is not None
        return replace(desired, prune_variables=prune or None)

    return replace(
        declaration,
        environments=tuple(
            replace(each, desired=active(each.desired)) for each in declaration.environments
        ),
        rules=tuple(replace(each, desired=active(each.desired)) for each in declaration.rules),
        repository=active(declaration.repository),
    )


def _merge_variables(
    below: tuple[DeclaredVariable, ...] | None, over: tuple[DeclaredVariable, ...] | None
) -> tuple[DeclaredVariable, ...] | None:
    if below is None or over is None:
        return below if over is None else over
    return tuple(({each.key: each for each in below} | {each.key: each for each in over}).values())
