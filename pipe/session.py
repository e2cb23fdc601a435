"""A whole run: settings, work, reports. It returns; it never exits."""

from __future__ import annotations

from pipe import VERSION
from pipe.context import RunContext
from pipe.models.errors import ConfigurationError, ExitCode
from pipe.models.results import Counts, Mode, RunResult
from pipe.redaction import Redactor
from pipe.reports.files import write_reports
from pipe.reports.log import Log, fault_lines, report_unexpected, summary_lines
from pipe.reports.pipelines import share_result
from pipe.reports.presentation import About
from pipe.settings import known_secrets, read_settings
from pipe.settings.pipelines import read_context


def run(context: RunContext) -> ExitCode:
    """Do what the environment variables ask for, tell it, and return the exit code."""
    try:
        return _run(context)
    except Exception as error:  # noqa: BLE001 - a bug has an exit code and a message of its own
        environ = context.environ
        console = _plain_console(context)
        redact = Redactor(known_secrets(environ)).clean
        debug = bool(environ.get("DEBUG"))
        problem = report_unexpected(console, "The run", error, debug=debug, redact=redact)
        console.problem(problem)
        return problem.code


def _run(context: RunContext) -> ExitCode:
    started = context.clock.monotonic()
    try:
        settings = read_settings(context.environ, context.files)
    except ConfigurationError as error:
        return _tell_faults(context, error, error.report_files, started)
    try:
        client = context.connect(settings.options.bitbucket_api_url, settings.options.workers)
    except ConfigurationError as error:
        return _tell_faults(context, error, settings.options.report_files, started)
    # Whoever made a mistake in the settings need not wait for what talks to Bitbucket.
    from pipe.execution import work  # noqa: PLC0415 - only when it is needed

    console = Log(context.err, color=not settings.options.no_color)
    about = About(at=context.clock.now(), context=settings.context)
    with client:
        try:
            result = work(context, settings, client, console, about)
        except Exception as error:  # noqa: BLE001 - the reports are written whatever happened
            redact = Redactor(settings.secrets).clean
            problem = report_unexpected(
                console, "The run", error, debug=settings.options.debug, redact=redact
            )
            console.problem(problem)
            seconds = context.clock.monotonic() - started
            result = RunResult(
                mode=settings.options.mode, problems=(problem,), counts=Counts(), seconds=seconds
            )
    _tell_end(console, settings.options.report_files, result, about)
    return result.exit_code


def _tell_end(console: Log, report_files: tuple[str, ...], result: RunResult, about: About) -> None:
    share_result(result, about.context)
    for warning in write_reports(report_files, result, about):
        console.warning(warning)
    console.write(summary_lines(result))


def _tell_faults(
    context: RunContext,
    error: ConfigurationError,
    report_files: tuple[str, ...],
    started: float,
) -> ExitCode:
    console = _plain_console(context)
    console.info(f"Bitbucket Environment {VERSION}")
    console.write(fault_lines(error.errors))
    result = RunResult(
        mode=Mode.APPLY,
        faults=error.errors,
        counts=Counts(),
        seconds=context.clock.monotonic() - started,
    )
    about = About(at=context.clock.now(), context=read_context(context.environ))
    _tell_end(console, report_files, result, about)
    return result.exit_code


def _plain_console(context: RunContext) -> Log:
    """Return the log of a run whose settings are not known."""
    return Log(context.err, color=not context.environ.get("NO_COLOR"))
