import itertools
import sys
import threading
from collections.abc import Callable
from datetime import UTC
from types import FrameType
from typing import Final, TypeAlias

import pytest

from pipe.process.context import Stop, real_clock


def test_a_new_stop_is_not_requested() -> None:
    stop = Stop()

    assert not stop.requested
    assert stop.reason == ""


def test_the_first_reason_is_kept() -> None:
    stop = Stop()

    stop.request("SIGTERM")
    stop.request("something else")

    assert stop.requested
    assert stop.reason == "SIGTERM"


Trace: TypeAlias = "Callable[[FrameType, str, object], Trace]"

CALLS: Final[dict[str, Callable[[Stop], object]]] = {
    "the handler of an earlier signal": lambda stop: stop.request("SIGTERM"),
    "a wait": lambda stop: stop.wait(0.001),
    "a look": lambda stop: stop.requested,
}


def signal_at(line: int, stop: Stop, call: Callable[[Stop], object]) -> bool:
    """Make a call; handle a signal before its line of that number. Return whether it has so many.

    Python runs handlers between two lines of the main thread.
    """
    left = line

    def trace(_frame: FrameType, _event: str, _argument: object) -> Trace:
        nonlocal left
        left -= 1
        if left == 0:
            stop.request("SIGINT")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    call(stop)
    sys.settrace(before)
    return left <= 0


@pytest.mark.promise("P26")
@pytest.mark.parametrize("name", CALLS)
def test_a_signal_at_any_line_of_the_same_thread_blocks_nothing(name: str) -> None:
    requested: list[bool] = []

    def work() -> None:
        for line in itertools.count(1):
            stop = Stop()
            if not signal_at(line, stop, CALLS[name]):
                return
            requested.append(stop.requested)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=10)

    assert not thread.is_alive()
    assert len(requested) > 2
    assert all(requested)


def test_all_waits_end_when_stopped_and_none_begins_after_that() -> None:
    stop = Stop()
    waits = [threading.Thread(target=stop.wait, args=(3600,), daemon=True) for _ in range(5)]
    for each in waits:
        each.start()

    stop.request("SIGTERM")
    stop.request("SIGINT")
    for each in waits:
        each.join(timeout=60)

    assert not any(each.is_alive() for each in waits)
    stop.wait(3600)


def test_the_real_sleep_does_not_begin_once_stopped() -> None:
    stop = Stop()
    stop.request("SIGTERM")
    clock = real_clock(stop)
    before = clock.monotonic()

    clock.sleep(3600)

    assert clock.monotonic() - before < 60


def test_the_real_sleep_wakes_when_stopped() -> None:
    stop = Stop()
    sleeper = threading.Thread(target=real_clock(stop).sleep, args=(3600,), daemon=True)
    sleeper.start()

    stop.request("SIGTERM")
    sleeper.join(timeout=60)

    assert not sleeper.is_alive()


def test_the_real_clock_and_chance() -> None:
    clock = real_clock(Stop())

    assert clock.monotonic() <= clock.monotonic()
    assert clock.now().tzinfo is UTC
    assert all(0 <= clock.random() < 1 for _ in range(100))
