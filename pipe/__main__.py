"""The program: the only place that reads the environment, and the only one that exits."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipe import VERSION
from pipe.runtime import Stop, real_runtime
from pipe.surroundings import Surroundings

if TYPE_CHECKING:
    import httpx

_OBJECTS: Final = 100_000
"""How many new objects make it worth to look for garbage."""


def main() -> int:
    """Run once in the surroundings that the operating system gives; return the exit code."""
    # What importing makes is kept: to look through it for garbage takes a tenth of the start.
    gc.set_threshold(_OBJECTS)
    from pipe.run import run  # noqa: PLC0415 - imports nearly all there is, so it comes after that

    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stop.request(signal.Signals(received).name))
    return run(
        Surroundings(
            environ=os.environ,
            files=_read_text,
            out=sys.stdout,
            err=sys.stderr,
            runtime=real_runtime(stop),
            stop=stop,
            connect=_connect,
            in_pipe=_in_pipe,
        )
    )


def _connect(url: str, workers: int) -> httpx.Client:
    # Whoever made a mistake in the settings need not wait for what talks HTTP.
    from pipe.bitbucket.wire import open_client  # noqa: PLC0415 - only when it is needed

    return open_client(base_url=url, workers=workers, version=VERSION)


def _in_pipe(version: str) -> httpx.Client:
    from pipe.bitbucket.wire import open_in_pipe_client  # noqa: PLC0415 - only when it is needed

    return open_in_pipe_client(version)


def _read_text(path: str) -> str:
    # newline="": the line ends of a value are part of it.
    with Path(path).open(encoding="utf-8", newline="") as file:
        return file.read()


if __name__ == "__main__":
    sys.exit(main())
