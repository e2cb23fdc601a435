"""Command line of the pipe: reads the process environment, handles signals, sets the exit code.

The only module that reads `os.environ` or exits.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipe import VERSION
from pipe.context import RunContext, Stop, real_clock

if TYPE_CHECKING:  # a configuration error is reported without loading the HTTP client
    import httpx

_GC_THRESHOLD: Final = 100_000
"""Allocations before a collection. Importing allocates much and frees nothing."""


def main() -> int:
    """Run once with the environment of this process; return the exit code."""
    gc.set_threshold(_GC_THRESHOLD)
    from pipe.session import run  # noqa: PLC0415 - imports nearly everything: after the line above

    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stop.request(signal.Signals(received).name))
    return run(
        RunContext(
            environ=os.environ,
            files=_read_text,
            out=sys.stdout,
            err=sys.stderr,
            clock=real_clock(stop),
            stop=stop,
            connect=lambda url, workers: _connect(url, workers, stop),
            in_pipe=lambda version: _in_pipe(version, stop),
        )
    )


def _connect(url: str, workers: int, stop: Stop) -> httpx.Client:
    from pipe.bitbucket.connections import open_client  # noqa: PLC0415 - slow; see above

    return open_client(
        base_url=url, workers=workers, version=VERSION, environ=os.environ, stop=stop
    )


def _in_pipe(version: str, stop: Stop) -> httpx.Client:
    from pipe.bitbucket.connections import open_in_pipe_client  # noqa: PLC0415 - slow; see above

    return open_in_pipe_client(version, stop)


def _read_text(path: str) -> str:
    # newline="": the line ends of a value are part of it.
    with Path(path).open(encoding="utf-8", newline="") as file:
        return file.read()
