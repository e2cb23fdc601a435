"""Variables and files → `Settings`, or every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct
from pydantic import ValidationError

from pipe.config_file.overrides import Layers
from pipe.models.declaration import Declaration, Repository, SecuredUpdate
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.models.results import Mode
from pipe.models.selection import Item, Workspace
from pipe.parsing.errors import ConfigErrors, read_text
from pipe.parsing.secrets import hide, known_secrets, longest_first
from pipe.settings.credentials import choose
from pipe.settings.environment import BESIDE_NO_FILE, read_environment
from pipe.settings.model import Variables
from pipe.settings.pipelines import read_context, read_parallel
from pipe.settings.repositories import UNKNOWN, read_workspace, select
from pipe.settings.setting import ListSetting, setting
from pipe.settings.source import EnvironSource
from pipe.settings.suggestions import misspelt
from pipe.settings.values import Settings

API_URL: Final = "https://api.bitbucket.org"


def read_settings(environ: Mapping[str, str], files: Callable[[str], str]) -> Settings:
    """Read what the run was asked to do.

    Args:
        environ: The variables of the pipe; an empty one counts as not given.
        files: Reads a text file of the clone directory, with its line ends as they are; raises
            `OSError` or `UnicodeDecodeError`.

    Raises:
        ConfigurationError: With everything that is wrong, at once; no secret is shown.
    """
    faults = ConfigErrors()
    variables, failed = _read_variables(environ, faults)
    chosen = choose(variables, environ, faults)
    workspace = read_workspace(variables, failed, environ, faults)
    declared = _read_declared(variables, failed, environ, workspace, files, faults)
    selection = select(variables, failed, declared.workspace, declared.items, environ, faults)
    secured_update = _secured_update(variables, failed, faults)
    parallel = read_parallel(environ, faults)
    secrets = longest_first((*known_secrets(environ), *declared.layers.secured_values()))
    if faults.found() or chosen is None or selection is None:
        raise ConfigurationError(
            tuple(
                ConfigError(fault.where, hide(fault.message, secrets)) for fault in faults.found()
            ),
            report_files=variables.report_files or (),
        )
    return Settings(
        credentials=chosen.credentials,
        selection=selection,
        layers=declared.layers,
        mode=variables.mode or Mode.APPLY,
        plan_checksum=variables.plan_checksum,
        force=variables.force or False,
        max_attempts=variables.max_attempts or 5,
        deadline=variables.deadline or 600.0,
        workers=variables.workers or 4,
        start_at=_start_at(variables),
        report_files=variables.report_files or (),
        code_insights=variables.code_insights or False,
        comment=variables.comment or False,
        debug=variables.debug or False,
        color=not variables.no_color,
        api_url=variables.bitbucket_api_url or API_URL,
        secured_update=secured_update,
        fingerprint_key=variables.fingerprint_key,
        # Steps that stand side by side for other reasons must not leave a lone repository out.
        parallel=None if selection.single else parallel,
        config_file=variables.config_file,
        lines=declared.lines,
        context=read_context(environ),
        warnings=tuple(
            hide(warning, secrets)
            for warning in (*chosen.warnings, *declared.warnings, *_misspelt(environ))
        ),
        secrets=secrets,
    )


def _start_at(variables: Variables) -> Repository | None:
    if variables.start_at is None:
        return None
    workspace, _, slug = variables.start_at.partition("/")
    return Repository(workspace, slug)


class _Declared(Struct, frozen=True, kw_only=True):
    """What is declared, by variables or by a file, and for which repositories.

    The defaults stand for a file that could not be read, and whose fault is told already.
    """

    workspace: str | None = UNKNOWN.workspace
    items: tuple[Item, ...] | None = (UNKNOWN,)
    layers: Layers = Layers(base=Declaration())
    warnings: tuple[str, ...] = ()
    lines: Mapping[str, int] = {}


def _read_variables(
    environ: Mapping[str, str], faults: ConfigErrors
) -> tuple[Variables, frozenset[str]]:
    """Read each variable by itself; return them, and the fields that could not be read."""
    source = EnvironSource(Variables, environ)
    try:
        variables = Variables(_build_sources=((source,), {}))
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            name = str(details["loc"][0])
            source.leave_out(name)
            faults.tell(name.upper(), details["ctx"]["error"])
        variables = Variables(_build_sources=((source,), {}))
    faults.extend(source.faults)
    return variables, frozenset(source.failed)


def _read_declared(
    variables: Variables,
    failed: frozenset[str],
    environ: Mapping[str, str],
    workspace: Workspace,
    files: Callable[[str], str],
    faults: ConfigErrors,
) -> _Declared:
    path = variables.config_file
    if path is None:
        one = read_environment(variables, failed, files, faults)
        return _Declared(
            workspace=workspace.beside(None),
            items=None,
            layers=Layers(base=one.declaration),
            warnings=one.warnings,
        )
    for each in BESIDE_NO_FILE:
        if each in failed or getattr(variables, each) is not None:
            faults.add(each.upper(), "can't be given beside CONFIG_FILE; write it into the file")
    text = read_text("CONFIG_FILE", path, files, faults)
    if text is None:
        return _Declared()
    # Most runs have no such file: they need not wait for what reads it.
    from pipe.config_file.loader import read_config_file  # noqa: PLC0415 - only when it is needed

    config = read_config_file(
        path, text, environ=environ, workspace=workspace, prune=variables.prune or (), faults=faults
    )
    if config is None:
        return _Declared()
    return _Declared(
        workspace=config.workspace,
        items=config.items,
        layers=config.layers,
        lines=config.lines,
    )


def _secured_update(
    variables: Variables, failed: frozenset[str], faults: ConfigErrors
) -> SecuredUpdate:
    has_key = variables.fingerprint_key is not None or "fingerprint_key" in failed
    if variables.secured_update is SecuredUpdate.ON_CHANGE and not has_key:
        faults.add("SECURED_UPDATE", "on-change needs FINGERPRINT_KEY; set it")
    default = SecuredUpdate.ON_CHANGE if has_key else SecuredUpdate.ALWAYS
    return variables.secured_update or default


def _misspelt(environ: Mapping[str, str]) -> tuple[str, ...]:
    fields = Variables.model_fields.items()
    return misspelt(
        (name for name, value in environ.items() if value),
        ours=tuple(name.upper() for name, _ in fields),
        lists=tuple(
            name.upper() for name, info in fields if isinstance(setting(info), ListSetting)
        ),
    )
