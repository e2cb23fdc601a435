"""The variables that declare one environment → a declaration (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from pipe.config_file.overrides import Prunable
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    Rule,
    SecuredVariable,
    State,
)
from pipe.models.results import Mode
from pipe.models.selection import is_glob
from pipe.parsing.errors import ConfigErrors, read_text
from pipe.parsing.variables import SourcedVariable, from_dotenv, repeated
from pipe.settings.model import Variables

BESIDE_NO_FILE: Final = (
    "environment_name",
    "environment_type",
    "state",
    "rename_from",
    "admin_only",
    "branches",
    "variables",
    "secured_variables",
    "variables_file",
    "secured_variables_file",
    "enable_pipelines",
)
"""The fields that declare one environment: a configuration file says the same in its own way."""

_CONTENTS: Final = BESIDE_NO_FILE[4:]
_LISTS: Final = ("variables", "variables_file", "secured_variables", "secured_variables_file")


class One(Struct, frozen=True):
    """What the variables declare, and what the user should know about it."""

    declaration: Declaration
    warnings: tuple[str, ...]


def read_environment(
    variables: Variables, failed: frozenset[str], files: Callable[[str], str], faults: ConfigErrors
) -> One:
    """Build what is wanted of each repository.

    Args:
        variables: Those that could be read.
        failed: The fields that could not: nothing follows from them.
        files: Reads a text file.
        faults: Where to remember what does not go together.
    """
    _check_names(variables, failed, faults)
    located = _located(variables, files, faults)
    if Prunable.VARIABLES in (variables.prune or ()) and located is None and not failed & {*_LISTS}:
        faults.add(
            "PRUNE",
            "is for variables, but none are declared; give VARIABLES or SECURED_VARIABLES"
            " ([] when there should be none at all)",
        )
    desired = Desired(
        admin_only=variables.admin_only,
        branches=variables.branches,
        variables=None if located is None else tuple(each.variable for each in located),
        prune_variables=Prunable.VARIABLES in (variables.prune or ()),
    )
    return One(_declaration(variables, desired), (*_warnings(variables), *_empty(located)))


def _declaration(variables: Variables, desired: Desired) -> Declaration:
    name = variables.environment_name
    state = variables.state or State.PRESENT
    environments: tuple[DeclaredEnvironment, ...] = ()
    rules: tuple[Rule, ...] = ()
    if name is not None and is_glob(name):
        rules = (
            Rule(
                name_pattern=name,
                type=variables.environment_type,
                state=state,
                desired=desired,
            ),
        )
    elif name is not None:
        environments = (
            DeclaredEnvironment(
                name=name,
                type=variables.environment_type,
                state=state,
                rename_from=variables.rename_from,
                desired=desired,
            ),
        )
    return Declaration(
        environments=environments,
        rules=rules,
        prune_environments=Prunable.ENVIRONMENTS in (variables.prune or ()),
        enable_pipelines=variables.enable_pipelines or False,
    )


def _check_names(variables: Variables, failed: frozenset[str], faults: ConfigErrors) -> None:
    name, former = variables.environment_name, variables.rename_from
    if name is None and "environment_name" not in failed and variables.mode is not Mode.EXPORT:
        faults.add(
            "ENVIRONMENT_NAME",
            "is missing; name the environment, or declare many in a CONFIG_FILE",
        )
    if former is None:
        return
    if variables.state is State.ABSENT:
        faults.add(
            "RENAME_FROM", "does not go with STATE=absent; name what is to go in ENVIRONMENT_NAME"
        )
    if name is not None and is_glob(name):
        faults.add("RENAME_FROM", "does not go with a pattern in ENVIRONMENT_NAME; name one")
    if name == former:
        faults.add("RENAME_FROM", "is the same as ENVIRONMENT_NAME; give the former name")


def _located(
    variables: Variables, files: Callable[[str], str], faults: ConfigErrors
) -> tuple[SourcedVariable, ...] | None:
    """Gather the variables of all four lists; `None`: none of them is given."""
    lists = (
        variables.variables,
        _file("VARIABLES_FILE", variables.variables_file, files, faults, secured=False),
        variables.secured_variables,
        _file(
            "SECURED_VARIABLES_FILE", variables.secured_variables_file, files, faults, secured=True
        ),
    )
    if all(each is None for each in lists):
        return None
    located = tuple(one for each in lists for one in each or ())
    faults.extend(repeated(located))
    return located


def _file(
    name: str, path: str | None, files: Callable[[str], str], faults: ConfigErrors, *, secured: bool
) -> tuple[SourcedVariable, ...] | None:
    if path is None:
        return None
    text = read_text(name, path, files, faults)
    if text is None:
        return ()
    return faults.attempt(name, lambda: from_dotenv(path, text, secured=secured)) or ()


def _warnings(variables: Variables) -> Iterable[str]:
    name = variables.environment_name
    if name is not None and name != name.strip():
        yield f"ENVIRONMENT_NAME {name!r} begins or ends with a space, which is part of the name"
    if variables.state is State.ABSENT:
        for field in _CONTENTS:
            if getattr(variables, field) is not None:
                yield f"{field.upper()} is not looked at: STATE is absent"


def _empty(located: tuple[SourcedVariable, ...] | None) -> Iterable[str]:
    for each in located or ():
        variable = each.variable
        if isinstance(variable, SecuredVariable) and not variable.value.get_secret_value():
            yield f"{each.where}: the secured value of {variable.key} is empty; is it defined?"
