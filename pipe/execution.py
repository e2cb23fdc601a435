"""What a run does once its settings are right: gather, plan, apply, publish."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

import httpx
from msgspec.structs import replace

from pipe import VERSION
from pipe.apply.context import ApplyContext
from pipe.bitbucket.client import Bitbucket
from pipe.bitbucket.http import HttpExchange
from pipe.bitbucket.transport import AttemptRecord, RetryPolicy, Transport
from pipe.context import RunContext
from pipe.fleet.orchestrator import Orchestrator
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.repositories import resolve, share
from pipe.fleet.workers import WorkerPool
from pipe.models.errors import PipeError
from pipe.models.results import Mode, RunResult
from pipe.planning.estimates import RemainingBudget
from pipe.planning.planner import SecretsPolicy
from pipe.redaction import Redactor
from pipe.reports.log import Log, target
from pipe.reports.presentation import About
from pipe.reports.text import counted
from pipe.settings import Settings

_PUBLISH_SECONDS: Final = 30.0
"""For telling Bitbucket about a run that is over."""


def work(
    context: RunContext,
    settings: Settings,
    client: httpx.Client,
    console: Log,
    about: About,
) -> RunResult:
    """Do what the settings ask for, tell it as it happens, and return what became of it."""
    started = context.clock.monotonic()
    _tell_beginning(console, settings)
    meter = Meter(console if settings.options.debug else None)
    transport = Transport(
        client=client,
        credentials=settings.credentials,
        clock=context.clock,
        policy=RetryPolicy(
            max_attempts=settings.options.max_attempts, deadline_seconds=settings.options.deadline
        ),
        read_only=settings.options.mode is not Mode.APPLY,
        stop=context.stop,
        observe=meter.note,
        redactor=Redactor(settings.secrets),
    )

    def left() -> RemainingBudget:
        elapsed = context.clock.monotonic() - started
        return RemainingBudget(
            sent=transport.counts.total,
            limit=transport.quota.limit,
            elapsed=elapsed,
            remaining=settings.options.deadline - elapsed,
            mean=meter.mean_seconds,
        )

    result = _handle(context, settings, transport, console, left)
    seconds = context.clock.monotonic() - started
    result = replace(result, counts=transport.counts, seconds=seconds)
    if (
        settings.options.code_insights or settings.options.comment
    ) and settings.options.mode is not Mode.EXPORT:
        _publish(context, settings, result, about, console, meter)
    return result


def _publish(
    context: RunContext,
    settings: Settings,
    result: RunResult,
    about: About,
    console: Log,
    meter: Meter,
) -> None:
    """Tell Bitbucket about the run; `plan` and `check` do it too: no environment is written."""
    # Most runs don't publish: they need not wait for what does.
    from pipe.publishing.client import Publisher  # noqa: PLC0415 - only when it is needed
    from pipe.publishing.publish import publish  # noqa: PLC0415 - only when it is needed

    seconds = min(_PUBLISH_SECONDS, settings.options.deadline - result.seconds)
    if seconds <= 0:
        console.warning("Nothing was published: DEADLINE left no time for it")
        return
    with (
        context.connect(settings.options.bitbucket_api_url, 1) as client,
        context.in_pipe(VERSION) as proxy,
    ):
        transport = Transport(
            client=client,
            credentials=settings.credentials,
            clock=context.clock,
            policy=RetryPolicy(
                max_attempts=settings.options.max_attempts, deadline_seconds=seconds
            ),
            read_only=False,
            stop=context.stop,
            observe=meter.note,
            redactor=Redactor(settings.secrets),
        )
        wire = HttpExchange(client=proxy, monotonic=context.clock.monotonic)
        in_pipeline = settings.context.build_number is not None
        publisher = Publisher(transport=transport, proxy=wire if in_pipeline else None)
        publish(settings, result, about, publisher, console)


def _handle(
    context: RunContext,
    settings: Settings,
    transport: Transport,
    console: Log,
    left: Callable[[], RemainingBudget],
) -> RunResult:
    service = ApplyContext(
        api=Bitbucket(transport),
        wait=transport.wait,
        policy=SecretsPolicy(settings.secured_update, settings.options.fingerprint_key),
        force=settings.options.force,
        reviewed=settings.options.plan_checksum is not None,
    )
    nothing = RunResult(mode=settings.options.mode, counts=transport.counts, seconds=0)
    try:
        selected = resolve(service.api, settings.selection)
        repositories = share(
            selected, parallel=settings.parallel, start_at=settings.options.start_at
        )
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
        part = f"{len(repositories)} of " if len(repositories) < len(selected) else ""
        console.info(f"{part}{len(selected)} repositories")
    crew = WorkerPool(
        workers=settings.options.workers,
        console=console,
        clock=context.clock,
        stop=context.stop,
    )
    record = RunRecorder(
        console=console,
        redact=transport.redactor.clean,
        mode=settings.options.mode,
        debug=settings.options.debug,
        several=len(repositories) > 1,
        stop=context.stop,
    )
    if settings.options.mode is Mode.EXPORT:
        from pipe.export.exporter import Export  # noqa: PLC0415 - most runs export nothing

        export = Export(service=service, crew=crew, record=record, out=context.out)
        return export.run(repositories, nothing)
    campaign = Orchestrator(settings=settings, service=service, crew=crew, record=record, left=left)
    return campaign.run(repositories, nothing)


def _tell_beginning(console: Log, settings: Settings) -> None:
    console.info(
        f"Bitbucket Environment {VERSION}: {settings.options.mode} on {target(settings.selection)},"
        f" as {settings.credentials.description}"
    )
    for warning in settings.warnings:
        console.warning(warning)
    if settings.declarations.mention_branches():
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

    def note(self, exchange: AttemptRecord) -> None:
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
