"""The variables that declare one environment and repository variables, to a declaration (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    Prunable,
    Rule,
    State,
)
from pipe.models.results import Mode
from pipe.models.selection import is_glob
from pipe.parsing.errors import ConfigErrors, read_text
from pipe.parsing.suggestions import alternatives
from pipe.parsing.variables import SourcedVariable, duplicates, from_file, override
from pipe.settings.model import Options

_CONTENTS: Final = (
    "admin_only",
    "branches",
    "variables",
    "secured_variables",
    "variables_file",
    "secured_variables_file",
)
_ENVIRONMENT: Final = ("environment_type", "state", "rename_from", *_CONTENTS)
_REPOSITORY: Final = ("repository_variables", "secured_repository_variables")

DECLARING: Final = ("environment_name", *_ENVIRONMENT, *_REPOSITORY, "enable_pipelines")
"""The fields that declare something; a configuration file replaces them."""


def read_declaration(
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
    _check_name(options, failed, errors)
    _check_rename(options, errors)
    plain = _variables("VARIABLES", options.variables, options.variables_file, files, errors)
    secured = _variables(
        "SECURED_VARIABLES",
        options.secured_variables,
        options.secured_variables_file,
        files,
        errors,
    )
    variables = _together(plain, secured, errors)
    repository_variables = _together(
        _variables("REPOSITORY_VARIABLES", options.repository_variables, (), files, errors),
        _variables(
            "SECURED_REPOSITORY_VARIABLES", options.secured_repository_variables, (), files, errors
        ),
        errors,
    )
    _check_prune(
        options,
        has_variables=variables is not None or bool(failed & {*_CONTENTS}),
        has_repository_variables=repository_variables is not None or bool(failed & {*_REPOSITORY}),
        errors=errors,
    )
    warnings += _warnings(options)
    desired = Desired(
        admin_only=options.admin_only,
        branches=options.branches,
        variables=variables,
        prune_variables=Prunable.VARIABLES in options.prune or None,
    )
    return _declaration(options, desired, repository_variables)


def _declaration(
    options: Options, desired: Desired, repository_variables: tuple[DeclaredVariable, ...] | None
) -> Declaration:
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
        repository_variables=repository_variables,
        prune_repository_variables=Prunable.REPOSITORY_VARIABLES in options.prune,
    )


def _check_name(options: Options, failed: frozenset[str], errors: ConfigErrors) -> None:
    given = options.model_fields_set | failed
    if "environment_name" in given or options.mode is Mode.EXPORT:
        return
    fields = [each.upper() for each in _ENVIRONMENT if each in given]
    if not given & {*_REPOSITORY}:
        errors.add(
            "ENVIRONMENT_NAME", "required, unless REPOSITORY_VARIABLES or a CONFIG_FILE is set"
        )
    elif fields:
        errors.add("ENVIRONMENT_NAME", f"required when {alternatives(fields)} is set")


def _check_rename(options: Options, errors: ConfigErrors) -> None:
    name, former = options.environment_name, options.rename_from
    if former is None:
        return
    if options.state is State.ABSENT:
        errors.add("RENAME_FROM", "cannot be used with STATE=absent; set ENVIRONMENT_NAME only")
    if name is not None and is_glob(name):
        errors.add("RENAME_FROM", "cannot be used with a pattern in ENVIRONMENT_NAME")
    if name == former:
        errors.add("RENAME_FROM", "same as ENVIRONMENT_NAME; set the former name")


def _check_prune(
    options: Options, *, has_variables: bool, has_repository_variables: bool, errors: ConfigErrors
) -> None:
    name = options.environment_name
    if Prunable.VARIABLES in options.prune and not has_variables:
        message = "'variables' requires VARIABLES or SECURED_VARIABLES ([] deletes all variables)"
        errors.add("PRUNE", message)
    if Prunable.REPOSITORY_VARIABLES in options.prune and not has_repository_variables:
        message = "'repository-variables' requires REPOSITORY_VARIABLES ([] deletes all variables)"
        errors.add("PRUNE", message)
    if Prunable.ENVIRONMENTS in options.prune and name is not None and is_glob(name):
        message = (
            "'environments' cannot be used with a pattern in ENVIRONMENT_NAME, which declares no"
            " environment"
        )
        errors.add("PRUNE", message)
    if Prunable.ENVIRONMENTS in options.prune and name is None and options.mode is not Mode.EXPORT:
        message = "'environments' requires ENVIRONMENT_NAME or a CONFIG_FILE"
        errors.add("PRUNE", message)


def _variables(
    name: str,
    explicit: tuple[SourcedVariable, ...] | None,
    paths: tuple[str, ...],
    files: Callable[[str], str],
    errors: ConfigErrors,
) -> tuple[SourcedVariable, ...] | None:
    """Return the variables of a list and its files; `None`: none of them is given."""
    if explicit is None and not paths:
        return None
    errors.extend(duplicates(explicit or ()))
    read = [_file(f"{name}_FILE", path, files, errors) for path in paths]
    # The keys keep the order of the list, then of the files.
    return override(explicit or (), *read, explicit or ())


def _file(
    name: str, path: str, files: Callable[[str], str], errors: ConfigErrors
) -> tuple[SourcedVariable, ...]:
    text = read_text(name, path, files, errors)
    if text is None:
        return ()
    secured = name.startswith("SECURED_")
    variables = errors.attempt(name, lambda: from_file(path, text, secured=secured)) or ()
    errors.extend(duplicates(variables))
    return variables


def _together(
    plain: tuple[SourcedVariable, ...] | None,
    secured: tuple[SourcedVariable, ...] | None,
    errors: ConfigErrors,
) -> tuple[DeclaredVariable, ...] | None:
    """Return plain and secured variables; a key in both is an error, even if a file is one."""
    if plain is None and secured is None:
        return None
    variables = (*(plain or ()), *(secured or ()))
    errors.extend(duplicates(variables))
    return tuple(each.variable for each in variables)


def _warnings(options: Options) -> Iterable[str]:
    name = options.environment_name
    if name is not None and name != name.strip():
        yield f"ENVIRONMENT_NAME {name!r} begins or ends with a space, which is part of the name"
    if options.export_file is not None and options.mode is not Mode.EXPORT:
        yield f"EXPORT_FILE is ignored: MODE is {options.mode}"
    if options.state is State.ABSENT:
        for field in _CONTENTS:
            if field in options.model_fields_set:
                yield f"{field.upper()} is ignored: STATE is absent"
