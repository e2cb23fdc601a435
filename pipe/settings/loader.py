"""Environment variables and files to `Settings`, or all configuration errors at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from pipe.bitbucket.auth import Credentials
from pipe.config_file.overrides import Declarations, DeclaredState
from pipe.models.declaration import Declaration, Repository, SecuredUpdate
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.models.selection import Selection, Workspace
from pipe.parsing.errors import read_text
from pipe.parsing.secrets import known_secrets
from pipe.parsing.suggestions import cut_quotes
from pipe.redaction import Redactor
from pipe.settings.credentials import check_credentials, choose_credentials
from pipe.settings.declaration import (
    DECLARING,
    read_declaration,
    warn_of_ignored,
    warn_of_names,
    warn_of_values,
)
from pipe.settings.misspellings import check_misspellings, check_unsupported
from pipe.settings.model import Options
from pipe.settings.pipelines import PipelineContext, read_context, read_parallel
from pipe.settings.repositories import PLACEHOLDER, read_workspace, select
from pipe.settings.source import GivenVariables, read_variables


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that a run was asked to do, validated.

    Attributes:
        options: The variables of the pipe, one by one.
        credentials: Who calls Bitbucket.
        selection: The repositories of the run.
        declarations: What is declared for each; `declaration_for` returns it.
        secured_update: When existing secured variables are written; `ON_CHANGE` only with a key.
        parallel: Number of this parallel step, from 0, and how many share the repositories;
            `None` for a repository selected alone.
        lines: The line of the configuration file that declares each environment, by its name.
        warnings: What is probably not meant, but prevents nothing.
        secrets: Every known secret value: none of them is ever shown.
    """

    options: Options
    credentials: Credentials
    selection: Selection
    declarations: Declarations
    secured_update: SecuredUpdate
    parallel: tuple[int, int] | None
    lines: Mapping[str, int]
    context: PipelineContext
    warnings: tuple[str, ...]
    secrets: frozenset[str]

    def __repr__(self) -> str:
        """Return none of the content: it holds secrets."""
        return "Settings(…)"

    def declaration_for(self, repository: Repository) -> Declaration:
        """Return what is declared for a repository, with the overrides that apply to it."""
        return self.declarations.declaration_for(repository)


class InvalidSettingsError(ConfigurationError):
    """The settings are invalid; nothing was sent.

    Attributes:
        options: Those that are valid; the others have their defaults.
        warnings: What is probably not meant: a misspelled name may explain an error.
    """

    def __init__(
        self, errors: tuple[ConfigError, ...], options: Options, warnings: tuple[str, ...]
    ) -> None:
        super().__init__(errors)
        self.options = options
        self.warnings = warnings


_INVALID_FILE: Final = DeclaredState(
    workspace=PLACEHOLDER.workspace,
    items=(PLACEHOLDER,),
    declarations=Declarations(base=Declaration()),
)
"""Replaces a configuration file whose errors are reported already."""


def read_settings(
    environ: Mapping[str, str], files: Callable[[str], str], arguments: Sequence[str] = ()
) -> Settings:
    """Read what the run was asked to do.

    Args:
        environ: Environment variables; an empty one counts as not given.
        files: Reads a text file, keeping its line ends; raises `OSError` or `UnicodeDecodeError`.
        arguments: Those of the command line: each is an error, settings are variables.

    Raises:
        InvalidSettingsError: With all errors; they quote no secret.
    """
    given = read_variables(environ)
    check_unsupported(given, arguments)
    chosen = choose_credentials(given)
    workspace = read_workspace(given)
    if given.options.config_file is None:
        declarations = Declarations(base=read_declaration(given, files))
        declared = DeclaredState(
            workspace=workspace.resolve(None), items=None, declarations=declarations
        )
    else:
        declared = _read_file(given, given.options.config_file, workspace, files)
    check_credentials(given, declared.declarations)
    warn_of_ignored(given)
    warn_of_names(given, declared.declarations)
    selection = select(given, declared.workspace, declared.items)
    secured_update = _secured_update(given)
    parallel = read_parallel(environ, given.errors)
    check_misspellings(given)
    warn_of_values(given, declared.declarations)
    secured = declared.declarations.secured_variables()
    secrets = known_secrets(environ).union(each.value.get_secret_value() for each in secured)
    redactor = Redactor(secrets)
    if given.errors.found() or chosen is None or selection is None:
        raise _invalid(given, redactor)
    return Settings(
        options=given.options,
        credentials=chosen,
        selection=selection,
        declarations=declared.declarations,
        secured_update=secured_update,
        # Steps that are parallel for other reasons must not skip a repository selected alone.
        parallel=None if selection.single else parallel,
        lines=declared.lines,
        context=read_context(environ),
        warnings=_warnings(given, redactor),
        secrets=secrets,
    )


def _invalid(given: GivenVariables, redactor: Redactor) -> InvalidSettingsError:
    masked = (redactor.mask(error) for error in given.errors.found())
    return InvalidSettingsError(
        tuple(ConfigError(cut_quotes(each.source), cut_quotes(each.message)) for each in masked),
        options=given.options,
        warnings=_warnings(given, redactor),
    )


def _warnings(given: GivenVariables, redactor: Redactor) -> tuple[str, ...]:
    return tuple(cut_quotes(redactor.mask_words(each)) for each in given.warnings)


def _read_file(
    given: GivenVariables, path: str, workspace: Workspace, files: Callable[[str], str]
) -> DeclaredState:
    errors, options = given.errors, given.options
    for each in DECLARING:
        if each in given.fields:
            errors.add(each.upper(), "cannot be used with CONFIG_FILE; declare it in the file")
    text = read_text("CONFIG_FILE", path, files, errors)
    if text is None:
        return _INVALID_FILE
    from pipe.config_file.loader import read_config_file  # noqa: PLC0415 - loads the YAML library

    config = read_config_file(
        path,
        text,
        environ=given.environ,
        workspace=workspace,
        prune=options.prune,
        secured_update=options.secured_update,
        errors=errors,
    )
    return config or _INVALID_FILE


def _secured_update(given: GivenVariables) -> SecuredUpdate:
    options = given.options
    has_key = "fingerprint_key" in given.fields
    if options.secured_update is SecuredUpdate.ON_CHANGE and not has_key:
        given.errors.add("SECURED_UPDATE", "on-change requires FINGERPRINT_KEY")
    default = SecuredUpdate.ON_CHANGE if has_key else SecuredUpdate.ALWAYS
    return options.secured_update or default
