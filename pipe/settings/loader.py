"""Environment variables and files to `Settings`, or all configuration errors at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from pydantic import ValidationError

from pipe.bitbucket.auth import Credentials
from pipe.config_file.overrides import Declarations
from pipe.models.declaration import Declaration, Repository, SecuredUpdate
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.models.selection import Item, Selection, Workspace
from pipe.parsing.errors import ConfigErrors, read_text
from pipe.parsing.secrets import credentials, known_secrets
from pipe.parsing.suggestions import cut_quotes, quoted
from pipe.redaction import Redactor
from pipe.settings.credentials import (
    MIN_LENGTH,
    check_declared_texts,
    check_options,
    choose_credentials,
)
from pipe.settings.declaration import DECLARING, read_declaration
from pipe.settings.misspellings import check_refused, misspelled
from pipe.settings.model import Options, VariablesSource
from pipe.settings.pipelines import PipelineContext, read_context, read_parallel
from pipe.settings.repositories import PLACEHOLDER, read_workspace, select


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
        context: What Pipelines tells about the step.
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


class _Declared(Struct, frozen=True, kw_only=True):
    """What is declared, and for which repositories; the defaults replace an invalid file."""

    workspace: str | None = PLACEHOLDER.workspace
    items: tuple[Item, ...] | None = (PLACEHOLDER,)
    declarations: Declarations = Declarations(base=Declaration())
    lines: Mapping[str, int] = {}


def read_settings(
    environ: Mapping[str, str], files: Callable[[str], str], arguments: Sequence[str] = ()
) -> Settings:
    """Read what the run was asked to do.

    Args:
        environ: Environment variables; an empty one counts as not given.
        files: Reads a text file, keeping its line ends; raises `OSError` or `UnicodeDecodeError`.
        arguments: Those of the command line: each is an error, settings are variables.

    Raises:
        ConfigurationError: With all errors; they quote no secret.
    """
    errors = ConfigErrors()
    warnings: list[str] = []
    for argument in arguments:
        message = f"{quoted(argument)} is not an argument; settings are variables (MODE=plan)"
        errors.add("command line", message)
    check_refused(environ, errors)
    options, failed = read_options(environ, errors)
    chosen = choose_credentials(options, environ, errors, warnings)
    workspace = read_workspace(options, failed, environ, errors)
    if options.config_file is None:
        declaration = read_declaration(options, failed, files, errors, warnings)
        declared = _Declared(
            workspace=workspace.beside(None),
            items=None,
            declarations=Declarations(base=declaration),
        )
    else:
        declared = _read_file(
            options.config_file, options, failed, environ, workspace, files, errors
        )
    owned = [each for each in credentials(environ) if len(each) >= MIN_LENGTH]
    check_options(environ, owned, errors)
    check_declared_texts(declared.declarations, options.config_file, owned, errors)
    warnings += declared.declarations.branch_warnings()
    selection = select(options, failed, declared.workspace, declared.items, environ, errors)
    secured_update = _secured_update(options, failed, errors)
    parallel = read_parallel(environ, errors)
    warnings += misspelled(
        (name for name, value in environ.items() if value),
        [name.upper() for name in Options.model_fields],
    )
    secrets = known_secrets(environ).union(declared.declarations.secured_values())
    redactor = Redactor(secrets)
    if errors.found() or chosen is None or selection is None:
        masked = (redactor.mask(error) for error in errors.found())
        raise ConfigurationError(
            tuple(
                ConfigError(cut_quotes(each.source), cut_quotes(each.message)) for each in masked
            ),
            report_files=options.report_files,
        )
    return Settings(
        options=options,
        credentials=chosen,
        selection=selection,
        declarations=declared.declarations,
        secured_update=secured_update,
        # Steps that are parallel for other reasons must not skip a repository selected alone.
        parallel=None if selection.single else parallel,
        lines=declared.lines,
        context=read_context(environ),
        warnings=tuple(cut_quotes(redactor.mask_words(each)) for each in warnings),
        secrets=secrets,
    )


def read_options(
    environ: Mapping[str, str], errors: ConfigErrors
) -> tuple[Options, frozenset[str]]:
    """Read each variable by itself; return those that are valid, and the fields that are not."""
    try:
        return Options(_build_sources=((VariablesSource(Options, environ),), {})), frozenset()
    except ValidationError as error:
        failed: set[str] = set()
        for details in error.errors(include_url=False, include_input=False):
            name = str(details["loc"][0])
            failed.add(name)
            errors.add_exception(name.upper(), details["ctx"]["error"])
    source = VariablesSource(Options, environ, skip=frozenset(failed))
    return Options(_build_sources=((source,), {})), frozenset(failed)


def _read_file(
    path: str,
    options: Options,
    failed: frozenset[str],
    environ: Mapping[str, str],
    workspace: Workspace,
    files: Callable[[str], str],
    errors: ConfigErrors,
) -> _Declared:
    for each in DECLARING:
        if each in failed or each in options.model_fields_set:
            errors.add(each.upper(), "cannot be used with CONFIG_FILE; declare it in the file")
    text = read_text("CONFIG_FILE", path, files, errors)
    if text is None:
        return _Declared()
    # Loads the YAML library, which most runs do not need.
    from pipe.config_file.loader import read_config_file  # noqa: PLC0415 - see above

    config = read_config_file(
        path,
        text,
        environ=environ,
        workspace=workspace,
        prune=options.prune,
        secured_update=options.secured_update,
        errors=errors,
    )
    if config is None:
        return _Declared()
    return _Declared(
        workspace=config.workspace,
        items=config.items,
        declarations=config.declarations,
        lines=config.lines,
    )


def _secured_update(
    options: Options, failed: frozenset[str], errors: ConfigErrors
) -> SecuredUpdate:
    has_key = options.fingerprint_key is not None or "fingerprint_key" in failed
    if options.secured_update is SecuredUpdate.ON_CHANGE and not has_key:
        errors.add("SECURED_UPDATE", "on-change requires FINGERPRINT_KEY")
    default = SecuredUpdate.ON_CHANGE if has_key else SecuredUpdate.ALWAYS
    return options.secured_update or default
