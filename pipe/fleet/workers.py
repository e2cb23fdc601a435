"""Run functions in a bounded number of threads and yield their outcomes in order.

`ThreadPoolExecutor` is not used: its threads keep a stopped process alive, it can't ask before each
item whether to start it, and it loses an item when no more threads can be started.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, suppress
from functools import partial
from threading import Condition, Thread
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from pipe.process.context import Clock, Stop
from pipe.reports.console import Log
from pipe.reports.text import counted

Item = TypeVar("Item")
Result = TypeVar("Result")

PROGRESS_SECONDS: Final = 10.0
"""Seconds between two progress lines of a long run."""

CALL_GRACE_SECONDS: Final = 0.7
"""Seconds that a stopped run waits for calls in progress."""

_POLL_SECONDS: Final = 0.1


class NotStarted(Struct, frozen=True):
    """The pool was stopped before this item was started."""


class Abandoned(Struct, frozen=True):
    """The item was started, but did not end within `CALL_GRACE_SECONDS` after the run was stopped.

    Attributes:
        reason: Why the run was stopped, for example `SIGTERM`.
    """

    reason: str


class Crashed(Struct, frozen=True):
    """The function, or what admits the item, raised an exception: a bug."""

    error: BaseException


Unfinished: TypeAlias = NotStarted | Abandoned | Crashed
"""The outcome of an item that has no result."""


class _Task(Struct, frozen=True):
    """One call that waits for a thread: how to ask whether to start it, make it, and end it."""

    admit: Callable[[], bool]
    run: Callable[[], None]
    crash: Callable[[BaseException], None]
    cancel: Callable[[], bool]


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """The worker threads of one run; a context manager that ends them.

    The threads are daemons: a stopped process exits although a call has not returned.

    Args:
        workers: Number of threads.
        console: Receives progress lines.
        clock: Measures the time between them.
        stop: Whether the run was asked to stop.
        requests: Returns how many requests were sent so far, for the progress lines.
    """

    def __init__(
        self,
        *,
        workers: int,
        console: Log,
        clock: Clock,
        stop: Stop,
        requests: Callable[[], int],
    ) -> None:
        self._workers = workers
        self._console = console
        self._monotonic = clock.monotonic
        self._stop = stop
        self._requests = requests
        self._waiting: deque[_Task] = deque()
        self._changed = Condition()
        self._stopped = False
        self._threads = 0
        self._unfinished = 0
        self._logged_at = clock.monotonic()
        self._stop_seen_at: float | None = None

    def __exit__(self, *_: object) -> None:
        """Let the threads end."""
        self.stop()

    @property
    def stopped(self) -> bool:
        """Whether no more items are started."""
        return self._stopped

    def stop(self) -> None:
        """Start no more items; those in progress are still waited for."""
        with self._changed:
            self._cancel_waiting()

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        activity: str,
        admit: Callable[[Item], bool] = lambda _: True,
        all_first: bool = False,
    ) -> Iterator[Result | Unfinished]:
        """Queue all items; return an iterator over one outcome for each, in their order.

        Args:
            function: Called in a thread of the pool.
            items: Started in their order, after those of earlier calls.
            activity: For progress lines: `repositories read` makes "repositories read: 2 of 8".
            admit: Called before an item is started, for one item at a time and in order; `False`
                stops the pool. If it raises an exception, the item has crashed.
            all_first: Whether to yield the first outcome when all items have ended. To wake up the
                caller for each of them takes a third of the time of a quick call.
        """
        futures: deque[Future[Result | Crashed]] = deque(Future() for _ in items)
        with self._changed:
            self._waiting += (
                _Task(
                    partial(admit, item),
                    partial(self._call, future, function, item),
                    partial(self._crash, future),
                    future.cancel,
                )
                for future, item in zip(futures, items, strict=True)
            )
            if self._stopped:
                self._cancel_waiting()
            self._changed.notify_all()
            self._unfinished += len(items)
        self._start_threads()
        return self._outcomes(futures, activity, all_first=all_first)

    def _start_threads(self) -> None:
        """Start a thread for each call, or as many as allowed.

        Without any, the calls are made where their outcomes are awaited.

        A container's limit on processes (`--pids-limit`) counts threads too.
        """
        with suppress(RuntimeError):
            while self._threads < min(self._workers, self._unfinished):
                Thread(target=self._work, daemon=True).start()
                self._threads += 1

    def _outcomes(
        self, futures: deque[Future[Result | Crashed]], activity: str, *, all_first: bool
    ) -> Iterator[Result | Unfinished]:
        total = len(futures)
        if all_first and futures:
            self._wait(futures[-1], futures, activity, total)
        while futures:
            self._wait(futures[0], futures, activity, total)
            # Taken out, so that what the caller has used is not kept in memory.
            future = futures.popleft()
            if future.cancelled():
                yield NotStarted()
            else:
                yield future.result() if future.done() else Abandoned(self._stop.reason)

    def _wait(
        self,
        future: Future[Result | Crashed],
        futures: deque[Future[Result | Crashed]],
        activity: str,
        total: int,
    ) -> None:
        """Wait for an outcome, and log how far the others are."""
        while not self._is_done(future):
            if self._is_progress_due():
                done = total - len(futures) + sum(each.done() for each in futures)
                sent = counted(self._requests(), "request")
                self._console.info(f"In progress: {activity}: {done} of {total}; {sent} sent")

    def _is_done(self, future: Future[Result | Crashed]) -> bool:
        """Wait a moment for an outcome; return whether to wait no longer."""
        if self._threads == 0:
            self._work_until_idle()
        if self._is_grace_over():
            return True
        with suppress(TimeoutError, CancelledError):
            future.exception(timeout=_POLL_SECONDS)
        return future.done()

    def _is_grace_over(self) -> bool:
        if not self._stop.requested:
            return False
        self.stop()
        now = self._monotonic()
        if self._stop_seen_at is None:
            self._stop_seen_at = now
        return now - self._stop_seen_at >= CALL_GRACE_SECONDS

    def _is_progress_due(self) -> bool:
        now = self._monotonic()
        is_due = now - self._logged_at >= PROGRESS_SECONDS
        if is_due:
            self._logged_at = now
        return is_due

    def _work(self) -> None:
        """Run tasks until the pool is stopped."""
        while not self._stopped:
            with self._changed:
                task = self._take()
                if task is None and not self._stopped:
                    self._changed.wait()
            if task is not None:
                task.run()

    def _work_until_idle(self) -> None:
        while True:
            with self._changed:
                task = self._take()
            if task is None:
                return
            task.run()

    def _call(
        self, future: Future[Result | Crashed], function: Callable[[Item], Result], item: Item
    ) -> None:
        """Call the function and set the outcome."""
        future.set_running_or_notify_cancel()
        try:
            outcome = function(item)
        except BaseException as error:  # noqa: BLE001 - handled where the outcome is awaited
            self._crash(future, error)
        else:
            self._set(future, outcome)

    def _crash(self, future: Future[Result | Crashed], error: BaseException) -> None:
        self._set(future, Crashed(error))

    def _set(self, future: Future[Result | Crashed], outcome: Result | Crashed) -> None:
        with self._changed:
            self._unfinished -= 1
        future.set_result(outcome)

    def _take(self) -> _Task | None:
        """Return the next task, if there is one and it may start."""
        while self._waiting:
            try:
                is_admitted = self._waiting[0].admit()
            except BaseException as error:  # noqa: BLE001 - handled where the outcome is awaited
                self._waiting.popleft().crash(error)
                continue
            if is_admitted:
                return self._waiting.popleft()
            self._cancel_waiting()
        return None

    def _cancel_waiting(self) -> None:
        self._stopped = True
        while self._waiting:
            self._waiting.popleft().cancel()
        self._changed.notify_all()
