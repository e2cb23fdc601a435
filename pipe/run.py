"""Run the pipe once: settings, plan, apply, reports. Returns the exit code; never exits.

What talks to Bitbucket is imported with `modes`, so that a configuration error is reported
without loading it.
"""

from pipe import VERSION
from pipe.models.errors import ConfigurationError, ExitCode, Problem
from pipe.models.results import Counts, RunResult
from pipe.parsing.secrets import known_secrets
from pipe.parsing.values import is_true
from pipe.process.context import RunContext
from pipe.redaction import Redactor
from pipe.reports.console import Log
from pipe.reports.files import write_reports
from pipe.reports.log import config_error_lines, report_unexpected, summary_lines
from pipe.reports.pipelines import share_result
from pipe.reports.presentation import About
from pipe.settings.loader import InvalidSettingsError, read_settings
from pipe.settings.pipelines import read_context


def run(context: RunContext) -> ExitCode:
    """Do what the environment variables ask for, log it, and return the exit code."""
    environ = context.environ
    redactor = Redactor(known_secrets(environ))
    console = Log(context.err, color=not environ.get("NO_COLOR"), redactor=redactor)
    try:
        return _run(context, console, redactor)
    except Exception as error:  # noqa: BLE001 - a bug has an exit code and a message of its own
        return _log_bug(console, error, debug=is_true(environ.get("DEBUG", ""))).code


def _run(context: RunContext, console: Log, redactor: Redactor) -> ExitCode:
    started = context.clock.monotonic()
    try:
        settings = read_settings(context.environ, context.files, context.arguments)
        redactor.add(*settings.secrets)
        try:
            client = context.connect(settings.options.bitbucket_api_url)
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
        return _finish(console, error.options.report_files, result, about)
    about = About(at=context.clock.now(), context=settings.context)
    with client:
        from pipe.modes import ModeRunner  # noqa: PLC0415 - slow; see the module's docstring

        try:
            result = ModeRunner(context, settings, client, console, redactor).run(about)
        except Exception as error:  # noqa: BLE001 - the reports are written whatever happened
            bug = _log_bug(console, error, debug=settings.options.debug)
            result = RunResult(
                mode=settings.options.mode,
                problems=(bug,),
                counts=Counts(),
                seconds=context.clock.monotonic() - started,
            )
    return _finish(console, settings.options.report_files, result, about)


def _log_bug(console: Log, error: Exception, *, debug: bool) -> Problem:
    problem = report_unexpected(console, "The run", error, debug=debug)
    console.problem(problem)
    return problem


def _finish(
    console: Log, report_files: tuple[str, ...], result: RunResult, about: About
) -> ExitCode:
    """Write the reports and the last line of the log."""
    share_result(result, about.context)
    for warning in write_reports(report_files, result, about):
        console.warning(warning)
    console.write(summary_lines(result))
    return result.exit_code
