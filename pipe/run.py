"""Run the pipe once: settings, plan, apply, reports. Returns the exit code; never exits.

What talks to Bitbucket is imported with `modes`, so that a configuration error is reported
without loading it.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

from msgspec.structs import replace

from pipe import VERSION
from pipe.models.errors import ConfigurationError, ExitCode, Problem
from pipe.models.results import Counts, RunResult
from pipe.parsing.secrets import known_secrets
from pipe.parsing.values import is_true
from pipe.process.context import RunContext
from pipe.redaction import Redactor
from pipe.reports.console import Log
from pipe.reports.files import write_report
from pipe.reports.log import config_error_lines, report_unexpected, summary_lines
from pipe.reports.pipelines import share_result
from pipe.reports.presentation import About, RunView, present
from pipe.settings.loader import InvalidSettingsError, read_settings
from pipe.settings.pipelines import read_context


def run(context: RunContext) -> ExitCode:
    """Do what the environment variables ask for, log it, and return the exit code."""
    environ = context.environ
    redactor = Redactor(known_secrets(environ))
    console = Log(context.err, color=not environ.get("NO_COLOR"), redactor=redactor)
    debug = is_true(environ.get("DEBUG", ""))
    try:
        result, report_files, about = _run(context, console, redactor)
        return _finish(console, _outputs(report_files), result, about, debug=debug)
    except Exception as error:  # noqa: BLE001 - a bug has an exit code and a message of its own
        return _log_bug(console, error, debug=debug).code


def _run(
    context: RunContext, console: Log, redactor: Redactor
) -> tuple[RunResult, tuple[str, ...], About]:
    """Return what happened, the report files to write, and what else a report says."""
    started = context.clock.monotonic()
    try:
        settings = read_settings(context.environ, context.files, context.arguments)
        redactor.add(*settings.secrets)
        try:
            connections = context.connect()
        except ConfigurationError as error:  # about proxies or certificates
            options, warnings = settings.options, settings.warnings
            raise InvalidSettingsError(error.errors, options, warnings) from error
    except InvalidSettingsError as error:
        console.info(f"Bitbucket Environment {VERSION}")
        for warning in error.warnings:
            console.warning(warning)
        console.write(config_error_lines(error.errors))
        result = RunResult(
            mode=error.options.mode,
            config_errors=error.errors,
            counts=Counts(),
            seconds=context.clock.monotonic() - started,
        )
        about = About(at=context.clock.now(), context=read_context(context.environ))
        return result, error.options.report_files, about
    about = About(at=context.clock.now(), context=settings.context)
    with connections:
        from pipe.modes import ModeRunner  # noqa: PLC0415 - loads the HTTP client

        result = ModeRunner(context, settings, connections, console, redactor).run(about)
    return result, settings.options.report_files, about


def _log_bug(console: Log, error: Exception, *, debug: bool) -> Problem:
    problem = report_unexpected(console, "The run", error, debug=debug)
    console.problem(problem)
    return problem


Output: TypeAlias = Callable[[RunView], Iterable[str]]
"""Writes the result somewhere; gives a warning if that failed."""


def _share(view: RunView) -> tuple[str, ...]:
    share_result(view.result, view.about.context)
    return ()


def _outputs(report_files: tuple[str, ...]) -> list[Output]:
    return [_share, *(partial(write_report, path) for path in report_files)]


def _finish(
    console: Log, outputs: list[Output], result: RunResult, about: About, *, debug: bool
) -> ExitCode:
    """Write the result everywhere, and the last line of the log.

    After a bug in one place it is written again to the others: all must say the same exit code.
    """
    view = present(result, about)
    written: list[Output] = []
    bugs: list[Problem] = []
    for output in outputs:
        try:
            for warning in output(view):
                console.warning(warning)
        except Exception as error:  # noqa: BLE001 - a bug in one format must not lose the others
            bugs.append(_log_bug(console, error, debug=debug))
        else:
            written.append(output)
    if bugs:
        result = replace(result, problems=(*result.problems, *bugs))
        return _finish(console, written, result, about, debug=debug)
    console.write(summary_lines(result))
    return result.exit_code
