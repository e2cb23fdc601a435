"""The variables that declare one environment and repository variables, to a declaration (pure)."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from pipe.config_file.overrides import Declarations
from pipe.models.declaration import (
    CHANGEABLE,
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    PlainVariable,
    Prunable,
    Rule,
    SecuredVariable,
    State,
    changeable_fields,
)
from pipe.models.results import Mode
from pipe.models.selection import is_glob, is_uuid
from pipe.parsing.errors import ErrorCollector, read_text
from pipe.parsing.suggestions import alternatives, quoted
from pipe.parsing.values import branch_warnings, is_reference, name_warnings
from pipe.parsing.variables import SourcedVariable, duplicates, from_file, override
from pipe.settings.model import Options
from pipe.settings.source import GivenVariables

_SEVERAL: Final = re.compile(r", *[A-Z_][A-Z0-9_]*=")
_SECRET_KEY: Final = re.compile(r"(?:.*[_.-])?(?:PASSWORD|SECRET|TOKEN)", re.IGNORECASE)
_VARIABLES: Final = ("variables", "secured_variables", "variables_file", "secured_variables_file")
_CONTENTS: Final = (*CHANGEABLE, *_VARIABLES)
_ENVIRONMENT: Final = ("environment_type", "state", "rename_from", *_CONTENTS)
_REPOSITORY: Final = ("repository_variables", "secured_repository_variables")

DECLARING: Final = ("environment_name", *_ENVIRONMENT, *_REPOSITORY, "enable_pipelines")
"""The fields that declare something; a configuration file replaces them."""


_USED_ELSEWHERE: Final = {
    Mode.APPLY: ("export_file",),
    Mode.PLAN: ("export_file", "plan_checksum"),
    Mode.CHECK: ("export_file", "plan_checksum"),
    Mode.EXPORT: ("plan_checksum", "code_insights", "comment"),
}
"""The fields that do nothing in a mode, although other modes use them."""


def read_declaration(given: GivenVariables, files: Callable[[str], str]) -> Declaration:
    """Return what is declared for each repository; `files` reads a text file."""
    options, errors = given.options, given.errors
    _check_name(given)
    _check_rename(given)
    lists = _Lists(files, errors)
    variables = _combined(
        lists.read("VARIABLES", options.variables, options.variables_file),
        lists.read("SECURED_VARIABLES", options.secured_variables, _secured_files(given)),
        errors,
    )
    repository_variables = _combined(
        lists.read("REPOSITORY_VARIABLES", options.repository_variables),
        lists.read("SECURED_REPOSITORY_VARIABLES", options.secured_repository_variables),
        errors,
    )
    _check_prune(given, variables, repository_variables)
    desired = Desired(
        **changeable_fields(options),
        variables=variables,
        prune_variables=Prunable.VARIABLES in options.prune or None,
    )
    return _declaration(options, desired, repository_variables)


def warn_of_ignored(given: GivenVariables) -> None:
    """Add a warning for each variable that is given and does nothing in this run."""
    given.warnings.extend(_ignored(given))


def warn_of_names(given: GivenVariables, declarations: Declarations) -> None:
    """Add a warning for each name and branch pattern that is probably not meant."""
    name = given.options.environment_name
    if name is not None and name != name.strip():
        given.warnings.append(
            f"ENVIRONMENT_NAME {name!r} begins or ends with a space, which is part of the name"
        )
    for each in declarations.present_names():
        given.warnings.extend(name_warnings(each))
    for each in declarations.branches():
        given.warnings.extend(branch_warnings(each))


def warn_of_values(given: GivenVariables, declarations: Declarations) -> None:
    """Add a warning for each value that is probably not meant; it is not quoted.

    Of a secret, only the whole is looked at: no warning may depend on a part of it.
    """
    may_be_several = given.options.config_file is None
    for variable in dict.fromkeys(declarations.variables()):
        key = variable.key
        if is_reference(_text(variable)):
            given.warnings.append(
                f"The value of {key} is the name of a variable that was not replaced; is it"
                " defined? A configuration file needs from_env"
            )
        if (
            may_be_several
            and isinstance(variable, PlainVariable)
            and _SEVERAL.search(variable.value)
        ):
            given.warnings.append(
                f"The value of {key} looks like several variables; write a list with one item each"
            )
    plain = (each for each in declarations.variables() if isinstance(each, PlainVariable))
    for key in dict.fromkeys(each.key for each in plain if _SECRET_KEY.fullmatch(each.key)):
        given.warnings.append(
            f"{key} is declared as a plain variable, whose value can be read; is it a secret?"
        )


def _text(variable: DeclaredVariable) -> str:
    match variable:
        case SecuredVariable(value=secret):
            return secret.get_secret_value()
        case PlainVariable(value=value):
            return value
        case _:
            return ""


def _declaration(
    options: Options, desired: Desired, repository_variables: tuple[DeclaredVariable, ...] | None
) -> Declaration:
    name = options.environment_name
    kind, state = options.environment_type, options.state
    environments: tuple[DeclaredEnvironment, ...] = ()
    rules: tuple[Rule, ...] = ()
    if name is not None and is_glob(name):
        rules = (Rule(name_pattern=name, type=kind, state=state, desired=desired),)
    elif name is not None:
        environment = DeclaredEnvironment(
            name=name, type=kind, state=state, rename_from=options.rename_from, desired=desired
        )
        environments = (environment,)
    return Declaration(
        environments=environments,
        rules=rules,
        prune_environments=Prunable.ENVIRONMENTS in options.prune,
        enable_pipelines=options.enable_pipelines or False,
        repository=Desired(
            variables=repository_variables,
            prune_variables=Prunable.REPOSITORY_VARIABLES in options.prune or None,
        ),
    )


def _check_name(given: GivenVariables) -> None:
    if "environment_name" in given.fields or given.options.mode is Mode.EXPORT:
        return
    needing = [each.upper() for each in _ENVIRONMENT if each in given.fields]
    if not given.fields & {*_REPOSITORY}:
        message = "required, unless REPOSITORY_VARIABLES or a CONFIG_FILE is set"
        given.errors.add("ENVIRONMENT_NAME", message)
    elif needing:
        given.errors.add("ENVIRONMENT_NAME", f"required when {alternatives(needing)} is set")


def _check_rename(given: GivenVariables) -> None:
    name, former = given.options.environment_name, given.options.rename_from
    errors = given.errors
    if former is None:
        return
    if given.options.state is State.ABSENT:
        errors.add("RENAME_FROM", "cannot be used with STATE=absent; set ENVIRONMENT_NAME only")
    if name is not None and is_glob(name):
        errors.add("RENAME_FROM", "cannot be used with a pattern in ENVIRONMENT_NAME")
    if name is not None and is_uuid(name):
        message = "cannot be used with a uuid in ENVIRONMENT_NAME, which is no new name"
        errors.add("RENAME_FROM", message)
    if name == former:
        errors.add("RENAME_FROM", "same as ENVIRONMENT_NAME; set the former name")


def _check_prune(
    given: GivenVariables,
    variables: tuple[DeclaredVariable, ...] | None,
    repository_variables: tuple[DeclaredVariable, ...] | None,
) -> None:
    options, errors = given.options, given.errors
    name = options.environment_name
    has_variables = variables is not None or given.invalid & {*_VARIABLES}
    if Prunable.VARIABLES in options.prune and not has_variables:
        message = "'variables' requires VARIABLES or SECURED_VARIABLES ([] deletes all variables)"
        errors.add("PRUNE", message)
    has_repository_variables = repository_variables is not None or given.invalid & {*_REPOSITORY}
    if Prunable.REPOSITORY_VARIABLES in options.prune and not has_repository_variables:
        message = "'repository-variables' requires REPOSITORY_VARIABLES ([] deletes all variables)"
        errors.add("PRUNE", message)
    if Prunable.ENVIRONMENTS in options.prune and name is not None and is_glob(name):
        message = (
            "'environments' cannot be used with a pattern in ENVIRONMENT_NAME, which declares no"
            " environment"
        )
        errors.add("PRUNE", message)
    if Prunable.ENVIRONMENTS in options.prune and options.state is State.ABSENT:
        message = "'environments' cannot be used with STATE=absent, which declares none to keep"
        errors.add("PRUNE", message)
    if Prunable.ENVIRONMENTS in options.prune and name is None and options.mode is not Mode.EXPORT:
        errors.add("PRUNE", "'environments' requires ENVIRONMENT_NAME or a CONFIG_FILE")


def _secured_files(given: GivenVariables) -> tuple[str, ...]:
    """Return the files of secured variables; it is an error if one has plain variables, too."""
    plain, secured = given.options.variables_file, given.options.secured_variables_file
    for path in secured:
        if path in plain:
            message = (
                f"{quoted(path)} is also in VARIABLES_FILE, but a variable is plain or secured;"
                " name it in one of them"
            )
            given.errors.add("SECURED_VARIABLES_FILE", message)
    return tuple(path for path in secured if path not in plain)


class _Lists(Struct, frozen=True):
    """Reads lists of variables and their files."""

    files: Callable[[str], str]
    errors: ErrorCollector

    def read(
        self, name: str, explicit: tuple[SourcedVariable, ...] | None, paths: tuple[str, ...] = ()
    ) -> tuple[SourcedVariable, ...] | None:
        """Return the variables of a list and its files; `None`: none of them is given."""
        if explicit is None and not paths:
            return None
        self.errors.extend(duplicates(explicit or ()))
        read = [self._file(f"{name}_FILE", path) for path in paths]
        # The keys keep the order of the list, then of the files.
        return override(explicit or (), *read, explicit or ())

    def _file(self, name: str, path: str) -> tuple[SourcedVariable, ...]:
        text = read_text(name, path, self.files, self.errors)
        if text is None:
            return ()
        secured = name.startswith("SECURED_")
        variables = self.errors.attempt(name, lambda: from_file(path, text, secured=secured)) or ()
        self.errors.extend(duplicates(variables))
        return variables


def _combined(
    plain: tuple[SourcedVariable, ...] | None,
    secured: tuple[SourcedVariable, ...] | None,
    errors: ErrorCollector,
) -> tuple[DeclaredVariable, ...] | None:
    """Return plain and secured variables; a key in both is an error, even if a file is one."""
    if plain is None and secured is None:
        return None
    variables = (*(plain or ()), *(secured or ()))
    errors.extend(duplicates(variables))
    return tuple(each.variable for each in variables)


def _ignored(given: GivenVariables) -> Iterable[str]:
    options = given.options
    for field in _USED_ELSEWHERE[options.mode] if "mode" not in given.invalid else ():
        if getattr(options, field):
            yield f"{field.upper()} is ignored: MODE is {options.mode}"
    if options.mode is Mode.EXPORT and options.config_file is not None:
        yield "What the CONFIG_FILE declares is ignored: MODE is export, which exports everything"
    elif options.mode is Mode.EXPORT:
        for field in DECLARING:
            if field in given.fields:
                yield f"{field.upper()} is ignored: MODE is export, which exports everything"
    elif options.state is State.ABSENT:
        for field in _CONTENTS:
            if field in options.model_fields_set:
                yield f"{field.upper()} is ignored: STATE is absent"
