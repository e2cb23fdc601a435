"""A whole run: settings, plan, what the mode asks for, reports. It returns; it never exits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TextIO

from pipe import VERSION, fleet, refusals
from pipe.apply.repository import Unreadable, apply_one, plan_one, tell_one
from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.transport import Counts, Policy, Transport
from pipe.checksum import checksum
from pipe.errors import ConfigurationError, PipeError
from pipe.plan import SecretsPolicy
from pipe.redact import Redactor
from pipe.report.files import write_reports
from pipe.report.log import Log, fault_lines, repository_lines, summary_lines
from pipe.results import RunResult
from pipe.service import Service
from pipe.settings import Mode, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from pipe.bitbucket.transport import Exchange
    from pipe.changes import RepositoryPlan
    from pipe.declaration import Repository
    from pipe.errors import ExitCode
    from pipe.results import RepositoryResult
    from pipe.runtime import Runtime, Stop
    from pipe.settings import Settings


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
    """

    environ: Mapping[str, str]
    files: Callable[[str], str]
    out: TextIO
    err: TextIO
    runtime: Runtime
    stop: Stop
    connect: Callable[[str, int], httpx.Client]


def run(surroundings: Surroundings) -> ExitCode:
    """Do what the environment variables ask for, tell it, and return the exit code."""
    started = surroundings.runtime.monotonic()
    try:
        settings = read_settings(surroundings.environ, surroundings.files)
    except ConfigurationError as error:
        return _tell_faults(surroundings, error, started)
    console = Log(surroundings.err, color=settings.color)
    _tell_beginning(console, settings)
    with surroundings.connect(settings.api_url, settings.workers) as client:
        transport = Transport(
            client=client,
            credentials=settings.credentials,
            runtime=surroundings.runtime,
            policy=Policy(max_attempts=settings.max_attempts, deadline_seconds=settings.deadline),
            read_only=settings.mode is not Mode.APPLY,
            stop=surroundings.stop,
            observe=_tell_exchange(console) if settings.debug else _say_nothing,
            redactor=Redactor(settings.secrets),
        )
        result = _handle(settings, transport, console)
    seconds = surroundings.runtime.monotonic() - started
    result = replace(result, counts=transport.counts, seconds=seconds)
    _tell_end(console, settings.report_files, result)
    return result.exit_code


def _handle(settings: Settings, transport: Transport, console: Log) -> RunResult:
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
    plans = _plan(settings, service, console, repositories)
    total = checksum(each for each in plans if not isinstance(each, Unreadable))
    result = replace(nothing, plan_checksum=total)
    if settings.mode is not Mode.APPLY:
        told = tuple(tell_one(each) for each in plans)
        for each in told:
            _tell_repository(console, settings, each, len(told))
        return replace(result, repositories=told)
    if settings.plan_checksum not in (None, total):
        problem = refusals.plan_changed(settings.plan_checksum or "", total)
        console.problem(problem)
        told = tuple(tell_one(each) for each in plans)
        return replace(result, repositories=told, problems=(problem,))
    return replace(result, repositories=_apply(settings, service, console, plans))


def _share(settings: Settings, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
    """Return what this one of several parallel steps takes on."""
    if settings.parallel is None:
        return repositories
    step, count = settings.parallel
    return repositories[step::count]


def _plan(
    settings: Settings, service: Service, console: Log, repositories: tuple[Repository, ...]
) -> tuple[RepositoryPlan | Unreadable, ...]:
    def plan(repository: Repository) -> RepositoryPlan | Unreadable:
        return plan_one(service, repository, settings.declaration_for(repository))

    return tuple(
        fleet.in_order(
            plan,
            repositories,
            workers=settings.workers,
            waiting=lambda done: console.info(f"Read {done} of {len(repositories)} repositories …"),
        )
    )


def _apply(
    settings: Settings,
    service: Service,
    console: Log,
    plans: tuple[RepositoryPlan | Unreadable, ...],
) -> tuple[RepositoryResult, ...]:
    def apply(plan: RepositoryPlan | Unreadable) -> RepositoryResult:
        return apply_one(service, plan, settings.declaration_for(plan.repository))

    results: list[RepositoryResult] = []
    for result in fleet.in_order(
        apply,
        plans,
        workers=settings.workers,
        waiting=lambda done: console.info(f"Handled {done} of {len(plans)} repositories …"),
    ):
        _tell_repository(console, settings, result, len(plans))
        results.append(result)
    return tuple(results)


def _tell_beginning(console: Log, settings: Settings) -> None:
    single = settings.selection.single
    target = f"{single.workspace}/{single.slug}" if single else "several repositories"
    console.info(
        f"Bitbucket Environment {VERSION}: {settings.mode} on {target},"
        f" as {settings.credentials.description}"
    )
    for warning in settings.warnings:
        console.warning(warning)


def _tell_repository(
    console: Log, settings: Settings, result: RepositoryResult, count: int
) -> None:
    console.write(repository_lines(result, mode=settings.mode, several=count > 1))


def _tell_end(console: Log, report_files: tuple[str, ...], result: RunResult) -> None:
    for warning in write_reports(report_files, result):
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
    _tell_end(console, error.report_files, result)
    return result.exit_code


def _tell_exchange(console: Log) -> Callable[[Exchange], None]:
    def tell(exchange: Exchange) -> None:
        again = f", attempt {exchange.attempt}" if exchange.attempt > 1 else ""
        console.debug(
            f"{exchange.method} {exchange.path} → {exchange.result},"
            f" {exchange.milliseconds} ms{again}"
        )

    return tell


def _say_nothing(_: Exchange) -> None:
    """Without DEBUG, requests are not told one by one."""
