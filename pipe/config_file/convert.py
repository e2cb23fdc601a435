"""The validated models of a configuration file to declarations (pure)."""

from collections.abc import Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace
from pydantic import SecretStr

from pipe.config_file import models
from pipe.config_file.overrides import Declarations, Override, merge, merge_desired
from pipe.config_file.yaml_tree import Tree
from pipe.models.declaration import (
    AbsentVariable,
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    ManagedSecret,
    PlainVariable,
    Prunable,
    Repository,
    Rule,
    SecuredVariable,
    State,
    changeable_fields,
)
from pipe.models.selection import Exclusion, Glob, SelectionItem
from pipe.parsing import repositories


class Converter(Struct, frozen=True):
    """Converts the models of a file.

    Attributes:
        workspace: Of repositories that do not name their own; `None`: unknown, and one that needs
            it is a `ValueError`.
        environ: The values of `from_env`; the models validated that they are there.
        prune: The value of `PRUNE`, the default of what the file does not mention.
        tree: The YAML of the file, which knows its lines.
    """

    workspace: str | None
    environ: Mapping[str, str]
    prune: Collection[Prunable]
    tree: Tree

    def items(self, file: models.File) -> tuple[SelectionItem, ...] | None:
        """Return the repositories that the file selects; `None`: it selects none."""
        if file.repositories is None:
            return None
        return tuple(self._item(item) for item in file.repositories)

    def declarations(self, file: models.File) -> Declarations:
        """Return what is declared for each repository."""
        pruned = Desired(prune_variables=Prunable.VARIABLES in self.prune)
        own_pruned = Desired(prune_variables=Prunable.REPOSITORY_VARIABLES in self.prune)
        unnamed = DeclaredEnvironment(name="", desired=pruned)
        defaults = merge(unnamed, self._defaults(file.defaults))
        return Declarations(
            base=Declaration(
                environments=tuple(
                    replace(merge(defaults, each), name=each.name)
                    for each in self._environments(file.environments)
                ),
                rules=tuple(self._rule(rule, pruned) for rule in file.rules),
                prune_environments=Prunable.ENVIRONMENTS in self.prune,
                enable_pipelines=bool(file.enable_pipelines or file.repository.enable_pipelines),
                repository=merge_desired(own_pruned, self._own(file.repository)),
            ),
            defaults=defaults,
            overrides=tuple(
                Override(
                    repositories=tuple(self._named(text) for text in override.repositories),
                    environments=self._environments(override.environments),
                    enable_pipelines=override.repository.enable_pipelines,
                    repository=self._own(override.repository),
                    line=self.tree.place(("overrides", index)).line,
                )
                for index, override in enumerate(file.overrides)
            ),
        )

    def _item(self, item: str | models.ProjectTable) -> SelectionItem:
        if isinstance(item, str):
            return repositories.item(item, self.workspace)
        exclude = tuple(repositories.named(text, self.workspace) for text in item.exclude)
        return repositories.project(item.project, self.workspace, exclude)

    def _named(self, text: str) -> Repository | Glob | Exclusion:
        named = repositories.named(text.removeprefix("!"), self.workspace)
        return Exclusion(named) if text.startswith("!") else named

    def _environments(
        self, environments: tuple[models.Environment, ...]
    ) -> tuple[DeclaredEnvironment, ...]:
        return tuple(
            replace(self._defaults(each), name=each.name, rename_from=each.rename_from)
            for each in environments
        )

    def _rule(self, rule: models.RuleTable, below: Desired) -> Rule:
        return Rule(
            name_pattern=rule.when.name or "*",
            type=rule.when.type,
            state=rule.state,
            desired=merge_desired(below, self._desired(rule)),
        )

    def _defaults(self, spec: models.Defaults) -> DeclaredEnvironment:
        return DeclaredEnvironment(
            name="", type=spec.type, state=spec.state, desired=self._desired(spec)
        )

    def _desired(self, spec: models.Contents) -> Desired:
        return Desired(
            **changeable_fields(spec),
            variables=self._variables(spec.variables),
            prune_variables=_prunes(spec.prune),
        )

    def _own(self, spec: models.RepositoryContents) -> Desired:
        return Desired(
            variables=self._variables(spec.variables), prune_variables=_prunes(spec.prune)
        )

    def _variables(
        self, variables: Mapping[str, str | models.VariableSource] | None
    ) -> tuple[DeclaredVariable, ...] | None:
        if variables is None:
            return None
        return tuple(self._variable(key, value) for key, value in variables.items())

    def _variable(self, key: str, value: str | models.VariableSource) -> DeclaredVariable:
        if isinstance(value, str):
            return PlainVariable(key, value)
        if value.state is State.ABSENT:
            return AbsentVariable(key)
        if value.value is not None:
            return PlainVariable(key, value.value)
        text = self.environ.get(value.from_env or "", "")
        if not value.secured:
            return PlainVariable(key, text)
        return SecuredVariable(key, SecretStr(text)) if text else ManagedSecret(key, value.from_env)


def _prunes(prune: Collection[Prunable] | None) -> bool | None:
    return None if prune is None else bool(prune)
