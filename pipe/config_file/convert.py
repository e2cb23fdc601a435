"""The checked keys of a configuration file → values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace
from pydantic import SecretStr

from pipe.config_file import models
from pipe.config_file.overrides import Layer, Layers, NamedLayer, Override, Prunable
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    PlainVariable,
    Rule,
    SecuredVariable,
    State,
)
from pipe.models.selection import Exclusion, Glob, Item, Slug
from pipe.parsing import repositories


class Converter(Struct, frozen=True):
    """Turns the models of a file into values.

    Attributes:
        workspace: Where repositories belong that don't say so themselves, if that is known; one
            that is needed but not known is a `ValueError`.
        environ: Where `from_env` finds its values; they are there, the models saw to that.
        prune: What `PRUNE` says: it holds where the file says nothing.
    """

    workspace: str | None
    environ: Mapping[str, str]
    prune: Collection[Prunable]

    def items(self, file: models.File) -> tuple[Item, ...] | None:
        """Return the repositories that the file is for; `None`: it does not say."""
        if file.repositories is None:
            return None
        return tuple(self._item(item) for item in file.repositories)

    def layers(self, file: models.File) -> Layers:
        """Return what is wanted of each repository."""
        prune = Prunable.VARIABLES in self.prune
        ground = DeclaredEnvironment(name="", desired=Desired(prune_variables=prune))
        fresh = self._layer(file.defaults).over(ground)
        return Layers(
            base=Declaration(
                environments=tuple(
                    named.layer.over(replace(fresh, name=named.name))
                    for named in self._named(file.environments)
                ),
                rules=tuple(self._rule(rule, ground.desired) for rule in file.rules),
                prune_environments=Prunable.ENVIRONMENTS in self.prune,
                enable_pipelines=file.enable_pipelines,
            ),
            fresh=fresh,
            overrides=tuple(
                Override(
                    repositories=tuple(self._chosen(text) for text in override.repositories),
                    environments=self._named(override.environments),
                )
                for override in file.overrides
            ),
        )

    def _item(self, item: str | models.Project) -> Item:
        if isinstance(item, str):
            return repositories.item(item, self.workspace)
        exclude = tuple(repositories.named(text, self.workspace) for text in item.exclude)
        return repositories.project(item.project, self.workspace, exclude)

    def _chosen(self, text: str) -> Slug | Glob | Exclusion:
        named = repositories.named(text.removeprefix("!"), self.workspace)
        return Exclusion(named) if text.startswith("!") else named

    def _named(self, environments: tuple[models.Environment, ...]) -> tuple[NamedLayer, ...]:
        return tuple(
            NamedLayer(each.name, replace(self._layer(each), rename_from=each.rename_from))
            for each in environments
        )

    def _rule(self, rule: models.Rule, ground: Desired) -> Rule:
        return Rule(
            name_pattern=rule.when.name or "*",
            type=rule.when.type,
            state=rule.state or State.PRESENT,
            desired=self._contents(rule).over_desired(ground),
        )

    def _layer(self, spec: models.Defaults) -> Layer:
        return replace(self._contents(spec), type=spec.type, state=spec.state)

    def _contents(self, spec: models.Contents) -> Layer:
        variables = spec.variables
        return Layer(
            admin_only=spec.admin_only,
            branches=spec.branches,
            variables=None
            if variables is None
            else tuple(self._variable(key, value) for key, value in variables.items()),
            prune_variables=None if spec.prune is None else bool(spec.prune),
        )

    def _variable(self, key: str, value: str | models.Source) -> DeclaredVariable:
        if isinstance(value, str):
            return PlainVariable(key, value)
        text = self.environ[value.from_env] if value.from_env else value.value or ""
        return SecuredVariable(key, SecretStr(text)) if value.secured else PlainVariable(key, text)
