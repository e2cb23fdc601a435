"""Carry out `MODE`: plan, check, apply or export the selected repositories, then publish.

This loads everything that talks to Bitbucket.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Final

import httpx
from msgspec.structs import replace

from pipe import VERSION
from pipe.apply.context import ApplyContext, ignore
from pipe.bitbucket import problems
from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.attempts import AttemptRecord
from pipe.bitbucket.auth import describe_credentials
from pipe.bitbucket.http_client import IN_PIPE_API, HttpClient
from pipe.bitbucket.transport import RetryPolicy, Transport
from pipe.fleet.batches import RemainingBudget
from pipe.fleet.orchestrator import Orchestrator
from pipe.fleet.recorder import RunRecorder
from pipe.fleet.repositories import resolve, share
from pipe.fleet.workers import Abandoned, Crashed, NotStarted, WorkerPool
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError, Problem, RunOverError
from pipe.models.results import Counts, Mode, RunResult
from pipe.planning.variables import SecretsPolicy
from pipe.process.context import RunContext
from pipe.redaction import Redactor
from pipe.reports.console import Log
from pipe.reports.log import RepositoryLog, report_unexpected, target
from pipe.reports.presentation import About, present
from pipe.reports.text import counted
from pipe.settings.loader import Settings

_PUBLISH_SECONDS: Final = 30.0
"""The most that publishing the result may take."""


class ModeRunner:
    """Carries out one run whose settings are valid.

    Args:
        context: Injected dependencies.
        settings: What was asked for.
        connections: Carry HTTP requests to Bitbucket.
        console: Receives what happens, as it happens.
        redactor: Masks the secrets of the run.
    """

    def __init__(
        self,
        context: RunContext,
        settings: Settings,
        connections: httpx.BaseTransport,
        console: Log,
        redactor: Redactor,
    ) -> None:
        self._context = context
        self._settings = settings
        self._options = settings.options
        self._client = HttpClient(settings.options.bitbucket_api_url, connections)
        self._console = console
        self._redactor = redactor
        self._result = RunResult(mode=settings.options.mode, counts=Counts(), seconds=0)
        self._started = context.clock.monotonic()
        self._transport = self._open_transport(
            deadline=self._options.deadline, read_only=self._options.mode is not Mode.APPLY
        )

    def run(self, about: About) -> RunResult:
        """Do what the settings ask for and return what happened; a bug hides nothing of it."""
        with self._reported_bugs():
            self._log_start()
            self._handle_repositories()
        self._result = replace(
            self._result,
            problems=self._redactor.mask(self._result.problems),
            counts=self._transport.counter.counts,
            seconds=self._elapsed,
        )
        wanted = self._options.code_insights or self._options.comment
        if wanted and self._options.mode is not Mode.EXPORT:
            with self._reported_bugs():
                self._publish(self._result, about)
        return self._result

    @contextmanager
    def _reported_bugs(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a bug is a problem of the run
            bug = report_unexpected(self._console, "The run", error, debug=self._options.debug)
            self._console.problem(bug)
            self._result = replace(self._result, problems=(*self._result.problems, bug))

    @property
    def _elapsed(self) -> float:
        return self._context.clock.monotonic() - self._started

    def _open_transport(self, *, deadline: float, read_only: bool) -> Transport:
        return Transport(
            client=self._client,
            credentials=self._settings.credentials,
            clock=self._context.clock,
            policy=RetryPolicy(max_attempts=self._options.max_attempts, deadline_seconds=deadline),
            read_only=read_only,
            stop=self._context.stop,
            observe=self._log_attempt,
            redactor=self._redactor,
        )

    def _log_attempt(self, attempt: AttemptRecord) -> None:
        if self._options.debug:
            suffix = f", attempt {attempt.attempt}" if attempt.attempt > 1 else ""
            self._console.debug(
                f"{attempt.method} {attempt.path} → {attempt.result},"
                f" {attempt.milliseconds} ms{suffix}"
            )

    def _log_start(self) -> None:
        settings = self._settings
        self._console.info(
            f"Bitbucket Environment {VERSION}: {self._options.mode} on"
            f" {target(self._redactor.mask(settings.selection))},"
            f" authenticated by {describe_credentials(settings.credentials)}"
        )
        for warning in settings.warnings:
            self._console.warning(warning)
        if settings.declarations.mention_branches():
            self._console.info(
                "BRANCHES uses an endpoint that Bitbucket does not document (BCLOUD-21703):"
                " it may stop working"
            )

    def _handle_repositories(self) -> None:
        settings = self._settings
        apply_context = ApplyContext(
            api=Bitbucket(self._transport, workers=self._options.workers),
            wait=self._transport.deadline.wait,
            policy=SecretsPolicy(settings.secured_update, self._options.fingerprint_key),
            force=self._options.force,
            reviewed=self._options.plan_checksum is not None,
        )
        with self._pool(self._options.workers) as pool:
            repositories = self._select(apply_context.api, pool)
            if isinstance(repositories, Problem):
                self._console.problem(repositories)
                self._result = replace(self._result, problems=(repositories,))
                return
            if not repositories:
                return
            several = len(repositories) > 1
            recorder = RunRecorder(
                console=self._console,
                redactor=self._redactor,
                lines=RepositoryLog(mode=self._options.mode, is_fleet=several),
                debug=self._options.debug,
                many_repositories=several,
                stop=self._context.stop,
            )
            handle = self._handler(apply_context, pool, recorder, len(repositories))
            try:
                self._result = handle(repositories, self._result)
            except Exception:  # a bug: what was done before it must not be lost
                self._result = recorder.finish(self._result)
                raise

    def _handler(
        self, apply_context: ApplyContext, pool: WorkerPool, recorder: RunRecorder, count: int
    ) -> Callable[[tuple[Repository, ...], RunResult], RunResult]:
        """Return what handles `count` repositories: it adds to a result what happened to them."""
        if self._options.mode is Mode.EXPORT:
            from pipe.export.exporter import Exporter  # noqa: PLC0415 - only when asked for

            return Exporter(
                apply_context=apply_context,
                pool=pool,
                recorder=recorder,
                redactor=self._redactor,
                out=self._context.out,
                path=self._options.export_file,
            ).run
        # Few repositories leave workers for the pages and variables of each.
        workers = max(1, self._options.workers // count)
        several, parallel = count > 1, self._settings.parallel
        is_shared = parallel is not None and parallel[1] > 1
        return Orchestrator(
            settings=self._settings,
            apply_context=replace(
                apply_context,
                api=replace(apply_context.api, workers=workers),
                workers=workers,
                counted=not self._options.force and (several or is_shared),
                # Lines from several repositories would have no fixed order.
                notify=ignore if several else _once(self._console.info),
            ),
            pool=pool,
            recorder=recorder,
            budget=self._budget,
        ).run

    def _pool(self, workers: int) -> WorkerPool:
        return WorkerPool(
            workers=workers,
            console=self._console,
            clock=self._context.clock,
            stop=self._context.stop,
            requests=lambda: self._transport.counter.counts.total,
        )

    def _select(self, api: Bitbucket, pool: WorkerPool) -> tuple[Repository, ...] | Problem:
        """Return the repositories that this run handles, or why they are not known.

        Listing a large workspace takes long: the pool logs progress meanwhile.
        """
        settings = self._settings
        (outcome,) = pool.map(partial(resolve, api), [settings.selection], activity="lists read")
        match outcome:
            case NotStarted() | Abandoned():
                return RunOverError(problems.stopped(self._context.stop.reason)).problem
            case Crashed(PipeError() as error):
                return error.problem
            case Crashed(error):
                raise error
            case selected:
                pass
        try:
            own = share(selected, parallel=settings.parallel, start_at=self._options.start_at)
        except PipeError as error:
            return error.problem
        start_at = self._options.start_at
        if start_at is not None and start_at not in selected:
            self._console.warning(
                f"START_AT={start_at} is not among the selected repositories; the run starts at"
                " the next one in order"
            )
        self._log_selection(len(own), len(selected))
        if self._options.repositories is None and settings.selection.single is None:
            self._warn_of_idle_overrides(selected)
        return own

    def _warn_of_idle_overrides(self, selected: tuple[Repository, ...]) -> None:
        """Log each repository of an override that the file does not select: a misspelling?"""
        for line, item in self._settings.declarations.idle_overrides(selected):
            self._console.warning(
                f"{self._options.config_file}:{line}: this override names"
                f" '{self._redactor.mask_words(item)}', which matches no selected repository"
            )

    def _log_selection(self, own: int, selected: int) -> None:
        """Log how many repositories the run handles, and whether others belong to other steps."""
        if not own:
            repositories = counted(selected, "repository", "repositories")
            self._console.info(
                f"Nothing to do in this parallel step: {repositories} are fewer"
                " than there are steps"
            )
        elif selected > 1:
            reasons = []
            if self._settings.parallel:
                step, count = self._settings.parallel
                reasons.append(f"parallel step {step + 1} of {count}")
            if self._options.start_at:
                reasons.append("from START_AT on")
            part = f"{own} of " if own < selected else ""
            why = f" ({', '.join(reasons)})" if part else ""
            self._console.info(f"{part}{selected} repositories{why}")

    def _budget(self) -> RemainingBudget:
        return RemainingBudget(
            sent=self._transport.counter.counts.total,
            limit=self._transport.window.limit,
            elapsed=self._elapsed,
            remaining=self._options.deadline - self._elapsed,
            mean=self._transport.counter.mean_seconds,
        )

    def _publish(self, result: RunResult, about: About) -> None:
        """Publish the result in Bitbucket, after `plan` and `check` too: no environment changes."""
        from pipe.publishing.publish import publish  # noqa: PLC0415 - only when asked for
        from pipe.publishing.publisher import Publisher  # noqa: PLC0415 - only when asked for

        settings = self._settings
        seconds = min(_PUBLISH_SECONDS, self._options.deadline - result.seconds)
        if seconds <= 0:
            self._console.warning("Nothing was published: the run used up its DEADLINE")
            return
        with self._context.in_pipe() as step_proxy:
            transport = self._open_transport(deadline=seconds, read_only=False)
            in_pipeline = settings.context.build_number is not None
            proxy = HttpClient(IN_PIPE_API, step_proxy) if in_pipeline else None
            publisher = Publisher(transport=transport, proxy=proxy)
            publish(settings, present(result, about), publisher, self._console)


def _once(log: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that logs each text once, whichever threads call it."""
    lock, logged = Lock(), set[str]()

    def notify(text: str) -> None:
        with lock:
            if text not in logged:
                logged.add(text)
                log(text)

    return notify
