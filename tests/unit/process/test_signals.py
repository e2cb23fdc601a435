"""Signals: the run is asked to stop, and waited for as long as it may take."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from pipe.process import signals
from pipe.process.context import Stop
from pipe.process.signals import call_with_signals

pytestmark = pytest.mark.promise("P26")

LONG = 60.0


@pytest.fixture(autouse=True)
def _keep_handlers() -> Iterator[None]:
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_result_of_the_run_is_returned() -> None:
    assert call_with_signals(lambda: 5, Stop()) == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_the_run_to_stop_and_its_result_is_awaited(number: signal.Signals) -> None:
    stop = Stop()

    def run() -> int:
        os.kill(os.getpid(), number)
        stop.wait(LONG)
        return 6

    assert call_with_signals(run, stop) == 6
    assert stop.reason == number.name


def test_further_signals_change_nothing() -> None:
    stop = Stop()

    def run() -> int:
        for _ in range(100):
            os.kill(os.getpid(), signal.SIGTERM)
            stop.wait(LONG)
            os.kill(os.getpid(), signal.SIGINT)
        return 6

    assert call_with_signals(run, stop) == 6
    assert stop.reason == "SIGTERM"


def test_a_run_that_hangs_is_left_some_seconds_after_a_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signals, "LAST_SECONDS", 0.01)
    never = threading.Event()

    def hang() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        never.wait()
        return 0

    assert call_with_signals(hang, Stop()) is None
    never.set()


def test_the_run_is_waited_for_until_it_is_asked_to_stop() -> None:
    looked = threading.Event()

    class WatchedStop(Stop):
        @property
        def requested(self) -> bool:
            looked.set()
            return super().requested

    def end_when_looked_at() -> int:
        return 0 if looked.wait(LONG) else 1

    assert call_with_signals(end_when_looked_at, WatchedStop()) == 0


def test_a_run_without_a_thread_of_its_own_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    stop = Stop()

    def run() -> int:
        assert threading.current_thread() is threading.main_thread()
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait(LONG)
        return 6 if stop.requested else 0

    assert call_with_signals(run, stop) == 6
