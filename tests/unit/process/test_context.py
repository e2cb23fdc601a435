import threading
from datetime import UTC

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
