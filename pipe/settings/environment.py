"""The variables that declare one environment, to a declaration (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    Prunable,
    Rule,
    SecuredVariable,
    State,
)
from pipe.models.results import Mode
from pipe.models.selection import is_glob
from pipe.parsing.errors import ConfigErrors, read_text
from pipe.parsing.variables import SourcedVariable, duplicates, from_dotenv
from pipe.settings.model import Options

DECLARING: Final = (
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
"""The fields that declare one environment; a configuration file replaces them."""

_CONTENTS: Final = DECLARING[4:]
_LISTS: Final = frozenset(
    {"variables", "variables_file", "secured_variables", "secured_variables_file"}
)


def read_environment(
    options: Options,
    failed: frozenset[str],
    files: Callable[[str], str],
    errors: ConfigErrors,
    warnings: list[str],
) -> Declaration:
    """Return what is declared for each repository.

    Args:
        options: The variables that are valid.
        failed: The invalid fields of the options.
        files: Reads a text file.
        errors: Gets what contradicts itself.
        warnings: Gets what is probably not meant.
    """
    _check_names(options, failed, errors)
    variables = _variables(options, files, errors)
    if Prunable.VARIABLES in options.prune and variables is None and not failed & _LISTS:
        errors.add(
            "PRUNE",
            "'variables' requires VARIABLES or SECURED_VARIABLES ([] deletes all variables)",
        )
    desired = Desired(
        admin_only=options.admin_only,
        branches=options.branches,
        variables=None if variables is None else tuple(each.variable for each in variables),
        prune_variables=Prunable.VARIABLES in options.prune,
    )
    warnings += (*_warnings(options), *_empty(variables or ()))
    return _declaration(options, desired)


def _declaration(options: Options, desired: Desired) -> Declaration:
    name = options.environment_name
    environments: tuple[DeclaredEnvironment, ...] = ()
    rules: tuple[Rule, ...] = ()
    if name is not None and is_glob(name):
        rule = Rule(
            name_pattern=name,
            type=options.environment_type,
            state=options.state,
            desired=desired,
        )
        rules = (rule,)
    elif name is not None:
        environment = DeclaredEnvironment(
            name=name,
            type=options.environment_type,
            state=options.state,
            rename_from=options.rename_from,
            desired=desired,
        )
        environments = (environment,)
    return Declaration(
        environments=environments,
        rules=rules,
        prune_environments=Prunable.ENVIRONMENTS in options.prune,
        enable_pipelines=options.enable_pipelines or False,
    )


def _check_names(options: Options, failed: frozenset[str], errors: ConfigErrors) -> None:
    name, former = options.environment_name, options.rename_from
    if name is None and "environment_name" not in failed and options.mode is not Mode.EXPORT:
        errors.add("ENVIRONMENT_NAME", "required, unless a CONFIG_FILE declares environments")
    if former is None:
        return
    if options.state is State.ABSENT:
        errors.add("RENAME_FROM", "cannot be used with STATE=absent; set ENVIRONMENT_NAME only")
    if name is not None and is_glob(name):
        errors.add("RENAME_FROM", "cannot be used with a pattern in ENVIRONMENT_NAME")
    if name == former:
        errors.add("RENAME_FROM", "same as ENVIRONMENT_NAME; set the former name")


def _variables(
    options: Options, files: Callable[[str], str], errors: ConfigErrors
) -> tuple[SourcedVariable, ...] | None:
    """Return the variables of all four lists together; `None`: none of them is given."""
    lists = (
        options.variables,
        _file(options.variables_file, "VARIABLES_FILE", files, errors),
        options.secured_variables,
        _file(options.secured_variables_file, "SECURED_VARIABLES_FILE", files, errors),
    )
    if all(each is None for each in lists):
        return None
    variables = tuple(one for each in lists for one in each or ())
    errors.extend(duplicates(variables))
    return variables


def _file(
    path: str | None, name: str, files: Callable[[str], str], errors: ConfigErrors
) -> tuple[SourcedVariable, ...] | None:
    if path is None:
        return None
    text = read_text(name, path, files, errors)
    if text is None:
        return ()
    secured = name.startswith("SECURED_")
    return errors.attempt(name, lambda: from_dotenv(path, text, secured=secured)) or ()


def _warnings(options: Options) -> Iterable[str]:
    name = options.environment_name
    if name is not None and name != name.strip():
        yield f"ENVIRONMENT_NAME {name!r} begins or ends with a space, which is part of the name"
    if options.state is State.ABSENT:
        for field in _CONTENTS:
            if field in options.model_fields_set:
                yield f"{field.upper()} is ignored: STATE is absent"


def _empty(variables: Iterable[SourcedVariable]) -> Iterable[str]:
    for each in variables:
        variable = each.variable
        if isinstance(variable, SecuredVariable) and not variable.value.get_secret_value():
            yield f"{each.source}: the secured value of {variable.key} is empty; is it defined?"
