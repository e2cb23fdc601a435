"""A simulator in a process of its own, so that its work and memory are not the pipe's."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

import httpx

from bench.measure import CHECKOUT
from simulator.state.credentials import DEMO_ACCESS_TOKEN

WHO: Final = {"BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN, "WORKSPACE": "acme"}
"""How every program here calls; the simulator accepts it, and it opens nothing else."""


class Sent(TypedDict):
    """One request, as the simulator writes it down; `time` in seconds since the epoch."""

    time: float
    method: str


class SimulatorError(Exception):
    """The simulator did not start."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulator that runs.

    Attributes:
        url: Where programs on this machine find it.
    """

    url: str

    def sent(self) -> list[Sent]:
        """Return every request so far, in order."""
        answer = httpx.get(f"{self.url}/_simulator/requests", timeout=60, trust_env=False)
        listed: list[Sent] = answer.raise_for_status().json()
        return listed


@contextmanager
def simulator(seed: Mapping[str, object], *options: str) -> Iterator[Simulated]:
    """Serve what the seed describes, with options of its command line.

    Raises:
        SimulatorError: It can't serve that.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "seed.json"
        file.write_text(json.dumps(seed))
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "--seed-file", str(file), *options],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                message = "the simulator did not start; its own message stands above"
                raise SimulatorError(message)
            yield Simulated(url)
        finally:
            process.terminate()
            process.communicate()


def repository(*environments: Mapping[str, object], slug: str = "shop") -> dict[str, object]:
    """Return a repository as a seed describes it."""
    return {"workspace": "acme", "slug": slug, "environments": list(environments)}
