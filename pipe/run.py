"""A whole run: settings, work, reports. It returns; it never exits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipe import VERSION
from pipe.bitbucket.tally import Counts
from pipe.bugs import bug
from pipe.errors import ConfigurationError
from pipe.redact import Redactor
from pipe.report.details import About
from pipe.report.files import write_reports
from pipe.report.handover import hand_over
from pipe.report.log import Log, fault_lines, summary_lines
from pipe.results import RunResult
from pipe.settings import Mode, known_secrets, read_settings
from pipe.settings.context import read_context

if TYPE_CHECKING:
    from pipe.errors import ExitCode
    from pipe.surroundings import Surroundings


def run(surroundings: Surroundings) -> ExitCode:
    """Do what the environment variables ask for, tell it, and return the exit code."""
    try:
        return _run(surroundings)
    except Exception as error:  # noqa: BLE001 - a bug has an exit code and a message of its own
        environ = surroundings.environ
        console = _plain_console(surroundings)
        redact = Redactor(known_secrets(environ)).clean
        debug = bool(environ.get("DEBUG"))
        problem = bug(console, "The run", error, debug=debug, redact=redact)
        console.problem(problem)
        return problem.code


def _run(surroundings: Surroundings) -> ExitCode:
    started = surroundings.runtime.monotonic()
    try:
        settings = read_settings(surroundings.environ, surroundings.files)
    except ConfigurationError as error:
        return _tell_faults(surroundings, error, error.report_files, started)
    try:
        client = surroundings.connect(settings.api_url, settings.workers)
    except ConfigurationError as error:
        return _tell_faults(surroundings, error, settings.report_files, started)
    # Whoever made a mistake in the settings need not wait for what talks to Bitbucket.
    from pipe.work import work  # noqa: PLC0415 - only when it is needed

    console = Log(surroundings.err, color=settings.color)
    about = About(at=surroundings.runtime.now(), context=settings.context)
    with client:
        try:
            result = work(surroundings, settings, client, console, about)
        except Exception as error:  # noqa: BLE001 - the reports are written whatever happened
            redact = Redactor(settings.secrets).clean
            problem = bug(console, "The run", error, debug=settings.debug, redact=redact)
            console.problem(problem)
            seconds = surroundings.runtime.monotonic() - started
            result = RunResult(
                mode=settings.mode, problems=(problem,), counts=Counts(), seconds=seconds
            )
    _tell_end(console, settings.report_files, result, about)
    return result.exit_code


def _tell_end(console: Log, report_files: tuple[str, ...], result: RunResult, about: About) -> None:
    hand_over(result, about.context)
    for warning in write_reports(report_files, result, about):
        console.warning(warning)
    console.write(summary_lines(result))


def _tell_faults(
    surroundings: Surroundings,
    error: ConfigurationError,
    report_files: tuple[str, ...],
    started: float,
) -> ExitCode:
    console = _plain_console(surroundings)
    console.info(f"Bitbucket Environment {VERSION}")
    console.write(fault_lines(error.faults))
    result = RunResult(
        mode=Mode.APPLY,
        faults=error.faults,
        counts=Counts(),
        seconds=surroundings.runtime.monotonic() - started,
    )
    about = About(at=surroundings.runtime.now(), context=read_context(surroundings.environ))
    _tell_end(console, report_files, result, about)
    return result.exit_code


def _plain_console(surroundings: Surroundings) -> Log:
    """Return the log of a run whose settings are not known."""
    return Log(surroundings.err, color=not surroundings.environ.get("NO_COLOR"))
