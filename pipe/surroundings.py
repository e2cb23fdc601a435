"""What a run is given instead of reaching for it, so that tests can give something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from pipe.runtime import Runtime, Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that a run takes from outside and gives to it.

    Attributes:
        environ: The environment variables.
        files: Reads a text file by its path.
        out: Where products go (`MODE=export`).
        err: Where the log goes.
        runtime: Time, waiting and chance.
        stop: Asks the run to end.
        connect: Makes the HTTP client for an API address and a number of workers.
        in_pipe: Makes the HTTP client for the proxy beside a step; it is told our version.
    """

    environ: Mapping[str, str]
    files: Callable[[str], str]
    out: TextIO
    err: TextIO
    runtime: Runtime
    stop: Stop
    connect: Callable[[str, int], httpx.Client]
    in_pipe: Callable[[str], httpx.Client]
