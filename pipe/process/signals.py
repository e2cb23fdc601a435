"""Handle SIGTERM and SIGINT: ask the run to stop, and wait for its end for some seconds only.

The main thread handles signals and the run has a thread of its own, so that a run that hangs can be
ended.
"""

import signal
import threading
from collections.abc import Callable
from typing import Final

from pipe.process.context import Stop

LAST_SECONDS: Final = 5.0
"""After a signal, a run that hangs (in a file system, say) is ended without reports."""


def call_with_signals(run: Callable[[], int], stop: Stop) -> int | None:
    """Call a function that raises nothing, in a thread, and return what it returns.

    Args:
        run: The function; it looks at `stop`.
        stop: Asked for at SIGTERM or SIGINT.

    Returns:
        The result of the function; `None` if it did not end in time after a signal.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stop.request(signal.Signals(received).name))
    finished = threading.Event()
    codes: list[int] = []

    def work() -> None:
        codes.append(run())
        finished.set()

    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError:  # no thread can be started: the number of processes is limited
        work()
    return codes[0] if _wait(finished, stop) else None


def _wait(finished: threading.Event, stop: Stop) -> bool:
    """Wait for the run, for some seconds only once it was asked to stop."""
    while not finished.wait(0.1):
        if stop.requested:
            return finished.wait(LAST_SECONDS)
    return True
