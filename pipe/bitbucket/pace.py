"""When to send: the deadline, waiting, slowing down together, and stopping. Shared by threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pipe import problems
from pipe.errors import RunOverError

if TYPE_CHECKING:
    from pipe.runtime import Runtime, Stop


class Pace:
    """The time that a run has, from its making on."""

    def __init__(self, *, runtime: Runtime, stop: Stop, deadline_seconds: float) -> None:
        self._runtime = runtime
        self._stop = stop
        self._deadline_seconds = deadline_seconds
        self._deadline = runtime.monotonic() + deadline_seconds
        self._lock = threading.Lock()
        self._resume_at = 0.0

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - self._runtime.monotonic()

    def check(self) -> None:
        """Go on only if there is time, and nobody asked to stop.

        Raises:
            RunOverError: There is none, or somebody did.
        """
        if self._stop.requested:
            raise RunOverError(problems.stopped(self._stop.reason))
        if self.remaining <= 0:
            raise RunOverError(problems.out_of_time(self._deadline_seconds))

    def wait(self, seconds: float) -> None:
        """Wait, but never past the deadline.

        Raises:
            RunOverError: It would, or somebody asked to stop.
        """
        self.check()
        if seconds >= self.remaining:
            raise RunOverError(problems.out_of_time(self._deadline_seconds))
        self._runtime.sleep(seconds)
        self.check()

    def slow_down(self, seconds: float) -> None:
        """Let no thread send anything for so long."""
        with self._lock:
            self._resume_at = max(self._resume_at, self._runtime.monotonic() + seconds)

    def ready(self) -> None:
        """Return when a request may be sent.

        Raises:
            RunOverError: That would be after the deadline, or somebody asked to stop.
        """
        self.check()
        while (pause := self._pause()) > 0:
            self.wait(pause)

    def _pause(self) -> float:
        with self._lock:
            return self._resume_at - self._runtime.monotonic()
