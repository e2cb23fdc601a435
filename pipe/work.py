"""What a run does once its settings are right: gather, plan, apply, publish."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from pipe import VERSION, fleet
from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.transport import Policy, Transport
from pipe.bitbucket.wire import Wire
from pipe.campaign import Campaign
from pipe.crew import Crew
from pipe.errors import PipeError
from pipe.estimate import Left
from pipe.plan import SecretsPolicy
from pipe.record import Record
from pipe.redact import Redactor
from pipe.report.log import target
from pipe.report.text import counted
from pipe.results import RunResult
from pipe.service import Service
from pipe.settings import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from pipe.bitbucket.transport import Exchange
    from pipe.report.details import About
    from pipe.report.log import Log
    from pipe.settings import Settings
    from pipe.surroundings import Surroundings

_PUBLISH_SECONDS: Final = 30.0
"""For telling Bitbucket about a run that is over."""


def work(
    surroundings: Surroundings,
    settings: Settings,
    client: httpx.Client,
    console: Log,
    about: About,
) -> RunResult:
    """Do what the settings ask for, tell it as it happens, and return what became of it."""
    started = surroundings.runtime.monotonic()
    _tell_beginning(console, settings)
    meter = Meter(console if settings.debug else None)
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
    if (settings.code_insights or settings.comment) and settings.mode is not Mode.EXPORT:
        _publish(surroundings, settings, result, about, console, meter)
    return result


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
    from pipe.report.publish import publish  # noqa: PLC0415 - only when it is needed
    from pipe.report.publisher import Publisher  # noqa: PLC0415 - only when it is needed

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
        reviewed=settings.plan_checksum is not None,
    )
    nothing = RunResult(mode=settings.mode, counts=transport.counts, seconds=0)
    try:
        selected = fleet.resolve(service.api, settings.selection)
        repositories = fleet.share(selected, parallel=settings.parallel, start_at=settings.start_at)
    except PipeError as error:
        console.problem(error.problem)
        return replace(nothing, problems=(error.problem,))
    if not repositories:
        console.info(
            f"Nothing is left for this one of the parallel steps: they share"
            f" {counted(len(selected), 'repository', 'repositories')}"
        )
        return nothing
    if len(selected) > 1:
        share = f"{len(repositories)} of " if len(repositories) < len(selected) else ""
        console.info(f"{share}{len(selected)} repositories")
    crew = Crew(
        workers=settings.workers,
        console=console,
        runtime=surroundings.runtime,
        stop=surroundings.stop,
    )
    record = Record(
        console=console,
        redact=transport.redactor.clean,
        mode=settings.mode,
        debug=settings.debug,
        several=len(repositories) > 1,
        stop=surroundings.stop,
    )
    if settings.mode is Mode.EXPORT:
        from pipe.export import Export  # noqa: PLC0415 - most runs export nothing

        export = Export(service=service, crew=crew, record=record, out=surroundings.out)
        return export.run(repositories, nothing)
    campaign = Campaign(settings=settings, service=service, crew=crew, record=record, left=left)
    return campaign.run(repositories, nothing)


def _tell_beginning(console: Log, settings: Settings) -> None:
    console.info(
        f"Bitbucket Environment {VERSION}: {settings.mode} on {target(settings.selection)},"
        f" as {settings.credentials.description}"
    )
    for warning in settings.warnings:
        console.warning(warning)
    if settings.layers.mentions_branches():
        console.info(
            "BRANCHES uses an endpoint that Bitbucket does not document (BCLOUD-21703):"
            " it may stop working"
        )


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
