"""A whole run: settings, plan, what the mode asks for, reports. It returns; it never exits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final, TextIO

from pipe import VERSION, fleet
from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.transport import Counts, Policy, Transport
from pipe.bitbucket.wire import Wire, open_in_pipe_client
from pipe.campaign import Campaign
from pipe.errors import ConfigurationError, PipeError
from pipe.estimate import Left
from pipe.export import export_to
from pipe.plan import SecretsPolicy
from pipe.redact import Redactor
from pipe.report.details import About
from pipe.report.files import write_reports
from pipe.report.handover import hand_over
from pipe.report.log import Log, fault_lines, summary_lines
from pipe.results import RunResult
from pipe.service import Service
from pipe.settings import Mode, read_settings
from pipe.settings.context import read_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from pipe.bitbucket.transport import Exchange
    from pipe.declaration import Repository
    from pipe.errors import ExitCode
    from pipe.runtime import Runtime, Stop
    from pipe.settings import Settings


_PUBLISH_SECONDS: Final = 30.0
"""For telling Bitbucket about a run that is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that a run takes from outside and gives to it.

    Attributes:
        environ: The environment variables.
        files: Reads a text file by its path.
        out: Where products go (`MODE=export`).
        err: Where the log goes.
        runtime: Time, waiting and chance.
        stop: Asks the run to end.
        connect: Makes the HTTP client for an API address and a number of workers.
        in_pipe: Makes the HTTP client for the proxy beside a step; it is told our version.
    """

    environ: Mapping[str, str]
    files: Callable[[str], str]
    out: TextIO
    err: TextIO
    runtime: Runtime
    stop: Stop
    connect: Callable[[str, int], httpx.Client]
    in_pipe: Callable[[str], httpx.Client] = open_in_pipe_client


def run(surroundings: Surroundings) -> ExitCode:
    """Do what the environment variables ask for, tell it, and return the exit code."""
    started = surroundings.runtime.monotonic()
    try:
        settings = read_settings(surroundings.environ, surroundings.files)
    except ConfigurationError as error:
        return _tell_faults(surroundings, error, started)
    console = Log(surroundings.err, color=settings.color)
    _tell_beginning(console, settings)
    meter = Meter(console if settings.debug else None)
    with surroundings.connect(settings.api_url, settings.workers) as client:
        transport = Transport(
            client=client,
            credentials=settings.credentials,
            runtime=surroundings.runtime,
            policy=Policy(max_attempts=settings.max_attempts, deadline_seconds=settings.deadline),
            read_only=settings.mode is not Mode.APPLY,
            stop=surroundings.stop,
            observe=meter.note,
            redactor=Redactor(settings.secrets),
        )

        def left() -> Left:
            elapsed = surroundings.runtime.monotonic() - started
            return Left(
                sent=transport.counts.total,
                limit=transport.quota.limit,
                elapsed=elapsed,
                remaining=settings.deadline - elapsed,
                mean=meter.mean_seconds,
            )

        result = _handle(surroundings, settings, transport, console, left)
    seconds = surroundings.runtime.monotonic() - started
    result = replace(result, counts=transport.counts, seconds=seconds)
    about = About(at=surroundings.runtime.now(), context=settings.context)
    if (settings.code_insights or settings.comment) and settings.mode is not Mode.EXPORT:
        _publish(surroundings, settings, result, about, console, meter)
    _tell_end(console, settings.report_files, result, about)
    return result.exit_code


def _publish(
    surroundings: Surroundings,
    settings: Settings,
    result: RunResult,
    about: About,
    console: Log,
    meter: Meter,
) -> None:
    """Tell Bitbucket about the run; `plan` and `check` do it too: no environment is written."""
    # Most runs don't publish: they need not wait for what does.
    from pipe.report.publish import publish  # noqa: PLC0415
    from pipe.report.publisher import Publisher  # noqa: PLC0415

    seconds = min(_PUBLISH_SECONDS, settings.deadline - result.seconds)
    if seconds <= 0:
        console.warning("Nothing was published: DEADLINE left no time for it")
        return
    with (
        surroundings.connect(settings.api_url, 1) as client,
        surroundings.in_pipe(VERSION) as proxy,
    ):
        transport = Transport(
            client=client,
            credentials=settings.credentials,
            runtime=surroundings.runtime,
            policy=Policy(max_attempts=settings.max_attempts, deadline_seconds=seconds),
            read_only=False,
            stop=surroundings.stop,
            observe=meter.note,
            redactor=Redactor(settings.secrets),
        )
        wire = Wire(client=proxy, monotonic=surroundings.runtime.monotonic)
        in_pipeline = settings.context.build_number is not None
        publisher = Publisher(transport=transport, proxy=wire if in_pipeline else None)
        publish(settings, result, about, publisher, console)


def _handle(
    surroundings: Surroundings,
    settings: Settings,
    transport: Transport,
    console: Log,
    left: Callable[[], Left],
) -> RunResult:
    service = Service(
        api=Bitbucket(transport),
        wait=transport.wait,
        policy=SecretsPolicy(settings.secured_update, settings.fingerprint_key),
        force=settings.force,
    )
    nothing = RunResult(mode=settings.mode, counts=transport.counts, seconds=0)
    try:
        repositories = _share(settings, fleet.resolve(service.api, settings.selection))
    except PipeError as error:
        console.problem(error.problem)
        return replace(nothing, problems=(error.problem,))
    if settings.mode is Mode.EXPORT:
        return export_to(
            surroundings.out,
            service,
            repositories,
            nothing,
            console,
            workers=settings.workers,
            stop=surroundings.stop,
        )
    campaign = Campaign(
        settings=settings,
        service=service,
        console=console,
        runtime=surroundings.runtime,
        stop=surroundings.stop,
        left=left,
        redact=transport.redactor.clean,
    )
    return campaign.run(repositories, nothing)


def _share(settings: Settings, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
    """Return what this one of several parallel steps takes on, beginning where it was told to."""
    if settings.parallel is not None:
        step, count = settings.parallel
        repositories = repositories[step::count]
    first = settings.start_at
    return tuple(each for each in repositories if first is None or each >= first)


def _tell_beginning(console: Log, settings: Settings) -> None:
    single = settings.selection.single
    target = f"{single.workspace}/{single.slug}" if single else "several repositories"
    console.info(
        f"Bitbucket Environment {VERSION}: {settings.mode} on {target},"
        f" as {settings.credentials.description}"
    )
    for warning in settings.warnings:
        console.warning(warning)


def _tell_end(console: Log, report_files: tuple[str, ...], result: RunResult, about: About) -> None:
    hand_over(result, about.context)
    for warning in write_reports(report_files, result, about):
        console.warning(warning)
    console.write(summary_lines(result))


def _tell_faults(surroundings: Surroundings, error: ConfigurationError, started: float) -> ExitCode:
    console = Log(surroundings.err, color=not surroundings.environ.get("NO_COLOR"))
    console.info(f"Bitbucket Environment {VERSION}")
    console.write(fault_lines(error.faults))
    result = RunResult(
        mode=Mode.APPLY,
        faults=error.faults,
        counts=Counts(),
        seconds=surroundings.runtime.monotonic() - started,
    )
    about = About(at=surroundings.runtime.now(), context=read_context(surroundings.environ))
    _tell_end(console, error.report_files, result, about)
    return result.exit_code


class Meter:
    """Measures requests, and tells each where `DEBUG` asks for it. Safe to share."""

    def __init__(self, console: Log | None) -> None:
        self._console = console
        self._lock = Lock()
        self._milliseconds = 0
        self._count = 0

    @property
    def mean_seconds(self) -> float:
        """How long a request took on average; 0 before the first."""
        with self._lock:
            return self._milliseconds / 1000 / self._count if self._count else 0.0

    def note(self, exchange: Exchange) -> None:
        """Take one attempt into account."""
        with self._lock:
            self._milliseconds += exchange.milliseconds
            self._count += 1
        if self._console is not None:
            again = f", attempt {exchange.attempt}" if exchange.attempt > 1 else ""
            self._console.debug(
                f"{exchange.method} {exchange.path} → {exchange.result},"
                f" {exchange.milliseconds} ms{again}"
            )
