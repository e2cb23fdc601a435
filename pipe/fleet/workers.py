"""Several at work at the same time, without changing the result: begun and answered in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct

from pipe.context import Clock, Stop
from pipe.reports.log import Log

Item = TypeVar("Item")
Result = TypeVar("Result")

PROGRESS_SECONDS: Final = 10.0
"""A long run says how far it is at least this often."""

GRACE_SECONDS: Final = 0.7
"""How long a run that is stopped waits for answers that are under way."""

_POLL_SECONDS: Final = 0.1


class NotStarted(Struct, frozen=True):
    """The work was over before: this is left for another run."""


class Abandoned(Struct, frozen=True):
    """It was begun, and no answer came in time after the run was stopped, for this reason."""

    reason: str


class Crashed(Struct, frozen=True):
    """What should never happen: the function raised."""

    error: BaseException


Unfinished: TypeAlias = NotStarted | Abandoned | Crashed
"""What can become of an item instead of a result."""


class WorkerPool:
    """The workers of one run, and whoever waits for them.

    Args:
        workers: How many work at the same time.
        console: Where to say how far they are.
        clock: Time.
        stop: Whether the run was asked to stop.
    """

    def __init__(self, *, workers: int, console: Log, clock: Clock, stop: Stop) -> None:
        self._workers = workers
        self._console = console
        self._clock = clock
        self._stop = stop
        self._over = Event()
        self._said_at = clock.monotonic()
        self._stop_seen_at: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is begun."""
        return self._over.is_set()

    def end(self) -> None:
        """Begin nothing more; what is under way is still waited for."""
        self._over.set()

    def say(self, text: str) -> None:
        """Say what goes on."""
        self._console.info(text)
        self._said_at = self._clock.monotonic()

    def each(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        doing: str,
        admit: Callable[[Item], bool] | None = None,
    ) -> Iterator[Result | Unfinished]:
        """Call the function for each item; yield exactly one outcome for each, in their order.

        The threads are daemons: a run that is told to stop need not wait for an answer that never
        comes.

        Args:
            function: Called in one of the threads.
            items: Begun in their order.
            doing: What is done, for the lines of progress: `read` makes "read 3 of 8".
            admit: Asked before an item is begun, for one item at a time and in order; `False`
                ends the work.
        """
        tasks = _Tasks(items, admit, self._over)
        done: SimpleQueue[tuple[int, Result | Crashed] | None] = SimpleQueue()
        for _ in range(min(self._workers, len(items))):
            Thread(target=_work, args=(function, tasks, done), daemon=True).start()
        ready: dict[int, Result | Crashed] = {}
        for number in range(len(items)):
            patient = True
            while patient and number not in ready and tasks.may_come(number):
                self._tell(f"{doing} {number + len(ready)} of {len(items)} repositories")
                patient = self._is_patient()
                _collect(done, ready, _POLL_SECONDS if patient else 0)
            if number in ready:
                yield ready.pop(number)
            else:
                yield Abandoned(self._stop.reason) if tasks.has_begun(number) else NotStarted()

    def _is_patient(self) -> bool:
        """Whether to go on waiting: once asked to stop, only for a moment."""
        if not self._stop.requested:
            return True
        self.end()
        now = self._clock.monotonic()
        if self._stop_seen_at is None:
            self._stop_seen_at = now
        return now - self._stop_seen_at < GRACE_SECONDS

    def _tell(self, progress: str) -> None:
        if self._clock.monotonic() - self._said_at >= PROGRESS_SECONDS:
            self.say(f"Still at work: {progress}")


class _Tasks(Generic[Item]):
    """What there is to do, taken by the workers in order."""

    def __init__(
        self, items: Sequence[Item], admit: Callable[[Item], bool] | None, over: Event
    ) -> None:
        self._items = items
        self._admit = admit
        self._over = over
        self._lock = Lock()
        self._begun = 0

    def take(self) -> tuple[int, Item] | None:
        """Return the next item and its number; `None`: there is nothing more to do."""
        with self._lock:
            if self._over.is_set() or self._begun == len(self._items):
                return None
            number = self._begun
            item = self._items[number]
            if self._admit is not None and not self._admit(item):
                self._over.set()
                return None
            self._begun += 1
            return number, item

    def may_come(self, number: int) -> bool:
        """Whether an item was begun, or still may be."""
        with self._lock:
            return number < self._begun or not self._over.is_set()

    def has_begun(self, number: int) -> bool:
        """Whether an item was begun; if nobody waits for it any more, it never will be."""
        with self._lock:
            return number < self._begun


def _work(
    function: Callable[[Item], Result],
    tasks: _Tasks[Item],
    done: SimpleQueue[tuple[int, Result | Crashed] | None],
) -> None:
    while (task := tasks.take()) is not None:
        number, item = task
        try:
            done.put((number, function(item)))
        except BaseException as error:  # noqa: BLE001 - told where the outcome is awaited
            done.put((number, Crashed(error)))
    done.put(None)  # wakes whoever waits for what will not come


def _collect(
    done: SimpleQueue[tuple[int, Result | Crashed] | None],
    ready: dict[int, Result | Crashed],
    seconds: float,
) -> None:
    """Wait so long for one more outcome, and take all that are there."""
    with suppress(Empty):
        while True:
            outcome = done.get(timeout=seconds)
            seconds = 0
            if outcome is not None:
                number, result = outcome
                ready[number] = result
