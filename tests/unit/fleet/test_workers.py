"""The worker pool: outcomes in order, progress, and an end when the run is stopped."""

import io
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Barrier, Event, Thread, current_thread, main_thread
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.fleet import workers as module
from pipe.fleet.workers import (
    CALL_GRACE_SECONDS,
    PROGRESS_SECONDS,
    Abandoned,
    Crashed,
    NotStarted,
    Unfinished,
    WorkerPool,
)
from pipe.process.context import Clock, Stop
from pipe.redaction import Redactor
from pipe.reports.console import Log
from tests.support.clock import FakeClock

T = TypeVar("T")


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.001)


@dataclass(slots=True)
class Bench:
    """A worker pool and everything that it looks at.

    Attributes:
        tick: Seconds that pass each time the clock is read.
        on_look: Called then.
    """

    workers: int = 1
    tick: float = 0.0
    on_look: Callable[[], None] = lambda: None
    clock: FakeClock = field(default_factory=FakeClock)
    stop: Stop = field(default_factory=Stop)
    log: io.StringIO = field(default_factory=io.StringIO)

    def pool(self) -> WorkerPool:
        clock = self.clock.clock()
        return WorkerPool(
            workers=self.workers,
            console=Log(self.log, color=False, redactor=Redactor()),
            clock=Clock(
                monotonic=self._look, now=clock.now, sleep=clock.sleep, random=clock.random
            ),
            stop=self.stop,
            requests=lambda: 7,
        )

    def map(
        self,
        function: Callable[[int], T],
        count: int,
        admit: Callable[[int], bool] = lambda _: True,
        *,
        all_first: bool = False,
    ) -> list[T | Unfinished]:
        with self.pool() as pool:
            return [
                *pool.map(
                    function,
                    range(count),
                    activity="repositories read",
                    admit=admit,
                    all_first=all_first,
                )
            ]

    def _look(self) -> float:
        self.on_look()
        self.clock.seconds += self.tick
        return self.clock.seconds


@given(st.integers(0, 12), st.integers(1, 5), st.booleans())
def test_each_item_has_one_outcome_in_order(count: int, workers: int, all_first: bool) -> None:
    assert Bench(workers=workers).map(lambda item: item * 2, count, all_first=all_first) == [
        item * 2 for item in range(count)
    ]


def test_the_first_outcome_can_wait_for_all() -> None:
    ended: list[int] = []
    with Bench(workers=2).pool() as pool:
        outcomes = pool.map(ended.append, range(4), activity="repositories read", all_first=True)
        next(outcomes)
        assert sorted(ended) == [0, 1, 2, 3]


def test_outcomes_are_in_order_although_a_later_item_is_quicker() -> None:
    second_done = Event()

    def function(item: int) -> int:
        if item == 0:
            second_done.wait()
        second_done.set()
        return item

    assert Bench(workers=2).map(function, 4) == [0, 1, 2, 3]


def test_items_are_admitted_one_after_the_other_in_order() -> None:
    asked: list[int] = []

    def admit(item: int) -> bool:
        asked.append(item)
        return item < 3

    assert Bench(workers=3).map(str, 6, admit) == ["0", "1", "2", *[NotStarted()] * 3]
    assert asked == [0, 1, 2, 3]


def test_the_items_of_a_later_call_start_after_those_of_an_earlier_one() -> None:
    started: list[str] = []
    with Bench(workers=1).pool() as pool:
        first = pool.map(started.append, ["a", "b", "c"], activity="repositories read")
        second = pool.map(started.append, ["d", "e"], activity="repositories read")
        assert len([*second, *first]) == 5
    assert started == ["a", "b", "c", "d", "e"]


def test_an_item_that_crashes_stops_no_other() -> None:
    def function(item: int) -> float:
        return 1 / (item - 1)

    first, crashed, last = Bench().map(function, 3)
    assert (first, last) == (-1.0, 1.0)
    assert isinstance(crashed, Crashed)
    assert isinstance(crashed.error, ZeroDivisionError)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_item_whose_admission_crashes_stops_no_other(workers: int) -> None:
    def admit(item: int) -> bool:
        return 1 / (item - 1) < 1  # item 2 is refused

    outcomes: list[object] = []
    bench = Bench(workers=workers)
    run = Thread(
        target=lambda: outcomes.extend(bench.map(lambda item: item, 4, admit)), daemon=True
    )
    run.start()
    run.join(timeout=10)

    first, crashed, *refused = outcomes
    assert first == 0
    assert isinstance(crashed, Crashed)
    assert isinstance(crashed.error, ZeroDivisionError)
    assert refused == [NotStarted(), NotStarted()]


def test_items_in_progress_when_the_pool_is_stopped_are_waited_for() -> None:
    with Bench(workers=1).pool() as pool:

        def function(item: int) -> int:
            if item == 1:
                pool.stop()
            return item

        outcomes = [*pool.map(function, range(4), activity="repositories read")]
        assert outcomes == [0, 1, NotStarted(), NotStarted()]
        assert pool.stopped
        assert [*pool.map(function, range(1), activity="repositories read")] == [NotStarted()]


def test_a_call_that_does_not_return_is_abandoned_once_the_run_is_stopped() -> None:
    bench, never = Bench(workers=2, tick=CALL_GRACE_SECONDS / 4), Event()

    def function(item: int) -> int:
        if item == 1:
            bench.stop.request("SIGTERM")
            never.wait()
        return item

    outcomes = bench.map(function, 2)
    never.set()
    assert outcomes[1] == Abandoned("SIGTERM")


def test_calls_that_do_not_return_are_waited_for_together_not_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float | None] = []

    class WatchedFuture(Future[T]):
        def exception(self, timeout: float | None = None) -> BaseException | None:
            waits.append(timeout)
            return super().exception(timeout)

    monkeypatch.setattr(module, "Future", WatchedFuture)
    bench, never, started = (
        Bench(workers=8, tick=CALL_GRACE_SECONDS),
        Event(),
        Barrier(9, timeout=60),
    )

    def function(_: int) -> None:
        started.wait()
        never.wait()

    with bench.pool() as pool:
        outcomes = pool.map(function, range(8), activity="repositories read")
        started.wait()
        bench.stop.request("SIGTERM")

        assert [*outcomes] == [Abandoned("SIGTERM")] * 8
    never.set()
    assert len(waits) == 1


def test_items_that_wait_when_the_run_is_stopped_never_start() -> None:
    bench, never = Bench(workers=1, tick=CALL_GRACE_SECONDS), Event()

    def function(item: int) -> int:
        bench.stop.request("SIGTERM")
        never.wait()
        return item

    outcomes = bench.map(function, 3)
    never.set()
    assert outcomes == [Abandoned("SIGTERM"), NotStarted(), NotStarted()]


def test_an_answer_within_the_grace_period_counts() -> None:
    bench, answer, looks = Bench(workers=1), Event(), iter(range(100))

    def look() -> None:
        if bench.stop.requested and next(looks) == 3:
            answer.set()

    def function(item: int) -> int:
        bench.stop.request("SIGTERM")
        answer.wait()
        return item

    bench.on_look = look
    assert bench.map(function, 2) == [0, NotStarted()]


def test_a_long_run_logs_its_progress() -> None:
    bench, enough = Bench(workers=2, tick=PROGRESS_SECONDS / 2), Event()

    def function(item: int) -> int:
        if item == 0:
            enough.wait()
        return item

    def look() -> None:
        if bench.log.getvalue().count("\n") >= 3:
            enough.set()

    bench.on_look = look
    assert bench.map(function, 2) == [0, 1]
    lines = bench.log.getvalue().splitlines()
    assert lines[-1] == "INFO: In progress: repositories read: 1 of 2; 7 requests sent"
    assert len(set(lines)) <= 2


def test_a_short_run_logs_no_progress() -> None:
    bench = Bench(workers=2)
    bench.map(lambda item: item, 5)
    assert bench.log.getvalue() == ""


@pytest.mark.parametrize("granted", [0, 1, 3])
def test_a_pool_works_with_as_many_threads_as_the_system_grants(
    monkeypatch: pytest.MonkeyPatch, granted: int
) -> None:
    grants = iter(range(granted))
    real = Thread.start

    def start(thread: Thread) -> None:
        if next(grants, None) is None:
            message = "can't start new thread"
            raise RuntimeError(message)
        real(thread)

    monkeypatch.setattr(Thread, "start", start)
    threads = Bench(workers=64).map(lambda _: current_thread(), 20, lambda item: item < 15)
    assert (main_thread() in threads) is (granted == 0)
    assert threads[15:] == [NotStarted()] * 5
