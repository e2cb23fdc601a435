"""The crew: in order, whoever is quicker; with progress; and not for ever."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.context import Clock, Stop
from pipe.fleet import workers as module
from pipe.fleet.workers import (
    GRACE_SECONDS,
    PROGRESS_SECONDS,
    Abandoned,
    Crashed,
    NotStarted,
    Unfinished,
    WorkerPool,
)
from pipe.reports.log import Log
from tests.support.clock import FakeClock

T = TypeVar("T")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.001)


@dataclass(slots=True)
class Bench:
    """A crew, and all that it looks at.

    Attributes:
        tick: Seconds that pass whenever somebody looks at the clock.
        on_look: Called then.
    """

    workers: int = 1
    tick: float = 0.0
    on_look: Callable[[], None] = lambda: None
    clock: FakeClock = field(default_factory=FakeClock)
    stop: Stop = field(default_factory=Stop)
    log: io.StringIO = field(default_factory=io.StringIO)

    def crew(self) -> WorkerPool:
        clock = self.clock.clock()
        return WorkerPool(
            workers=self.workers,
            console=Log(self.log, color=False),
            clock=Clock(
                monotonic=self._look, now=clock.now, sleep=clock.sleep, random=clock.random
            ),
            stop=self.stop,
        )

    def each(
        self, function: Callable[[int], T], count: int, admit: Callable[[int], bool] | None = None
    ) -> list[T | Unfinished]:
        return [*self.crew().each(function, range(count), doing="read", admit=admit)]

    def _look(self) -> float:
        self.on_look()
        self.clock.seconds += self.tick
        return self.clock.seconds


@given(st.integers(0, 12), st.integers(1, 5))
def test_each_item_has_one_outcome_in_order(count: int, workers: int) -> None:
    assert Bench(workers=workers).each(lambda item: item * 2, count) == [
        item * 2 for item in range(count)
    ]


def test_the_order_is_that_of_the_items_whoever_is_quicker() -> None:
    second_done = Event()

    def function(item: int) -> int:
        if item == 0:
            second_done.wait()
        second_done.set()
        return item

    bench = Bench(workers=2)
    assert bench.each(function, 4) == [0, 1, 2, 3]


def test_items_are_asked_about_one_after_the_other() -> None:
    asked: list[int] = []

    def admit(item: int) -> bool:
        asked.append(item)
        return item < 3

    assert Bench(workers=3).each(str, 6, admit) == ["0", "1", "2", *[NotStarted()] * 3]
    assert asked == [0, 1, 2, 3]


def test_what_crashes_stops_no_other() -> None:
    def function(item: int) -> float:
        return 1 / (item - 1)

    first, crashed, last = Bench().each(function, 3)
    assert (first, last) == (-1.0, 1.0)
    assert isinstance(crashed, Crashed)
    assert isinstance(crashed.error, ZeroDivisionError)


def test_what_is_under_way_when_the_work_ends_is_waited_for() -> None:
    bench = Bench(workers=1)
    crew = bench.crew()

    def function(item: int) -> int:
        if item == 1:
            crew.end()
        return item

    outcomes = [*crew.each(function, range(4), doing="read")]
    assert outcomes == [0, 1, NotStarted(), NotStarted()]
    assert crew.over
    assert [*crew.each(function, range(1), doing="read")] == [NotStarted()]


def test_an_answer_that_never_comes_is_abandoned_once_the_run_is_stopped() -> None:
    bench, never = Bench(workers=2, tick=GRACE_SECONDS / 4), Event()

    def function(item: int) -> int:
        if item == 1:
            bench.stop.request("SIGTERM")
            never.wait()
        return item

    outcomes = bench.each(function, 2)
    never.set()
    assert outcomes[1] == Abandoned("SIGTERM")


def test_what_was_not_begun_before_a_stop_never_is() -> None:
    bench, never = Bench(workers=1, tick=GRACE_SECONDS), Event()

    def function(item: int) -> int:
        bench.stop.request("SIGTERM")
        never.wait()
        return item

    outcomes = bench.each(function, 3)
    never.set()
    assert outcomes == [Abandoned("SIGTERM"), NotStarted(), NotStarted()]


def test_an_answer_that_comes_within_the_grace_counts() -> None:
    bench, answer, looks = Bench(workers=1), Event(), iter(range(100))

    def look() -> None:
        if bench.stop.requested and next(looks) == 3:
            answer.set()

    def function(item: int) -> int:
        bench.stop.request("SIGTERM")
        answer.wait()
        return item

    bench.on_look = look
    assert bench.each(function, 2) == [0, NotStarted()]


def test_a_long_run_says_how_far_it_is() -> None:
    bench, enough = Bench(workers=2, tick=PROGRESS_SECONDS / 2), Event()

    def function(item: int) -> int:
        if item == 0:
            enough.wait()
        return item

    def look() -> None:
        if bench.log.getvalue().count("\n") >= 3:
            enough.set()

    bench.on_look = look
    assert bench.each(function, 2) == [0, 1]
    lines = bench.log.getvalue().splitlines()
    assert lines[-1] == "INFO: Still at work: read 1 of 2 repositories"
    assert len(set(lines)) <= 2


def test_a_short_run_says_nothing() -> None:
    bench = Bench(workers=2)
    bench.each(lambda item: item, 5)
    assert bench.log.getvalue() == ""
