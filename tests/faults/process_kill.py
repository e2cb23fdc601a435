"""Ends a run after a request was answered: in this process, or a real one by SIGKILL."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from simulator.faults import DropConnection, Fault, Schedule
from simulator.http import Request
from simulator.server import Server
from tests.support.world import ENVIRON, World

ROOT = Path(__file__).parents[2]


class KilledError(BaseException):
    """What no program can handle: the end of it."""


class MortalWorld(World):
    """A world in which a run dies once it has been answered so many times."""

    answers_left: int | None = None

    def carrier(self) -> httpx.BaseTransport:
        handle = super().carrier().handle_request

        def handle_and_die(request: httpx.Request) -> httpx.Response:
            response = handle(request)
            if self.answers_left is not None:
                self.answers_left -= 1
                if self.answers_left <= 0:
                    raise KilledError
            return response

        return httpx.MockTransport(handle_and_die)


@dataclass(slots=True)
class KillAt(Schedule):
    """Kills the process that sends the request with this number.

    Attributes:
        number: Counted from 0.
        after_effect: Whether the request still takes effect; its answer never arrives.
        process: Whom to kill.
        count: Requests so far.
    """

    number: int = 0
    after_effect: bool = False
    process: list[subprocess.Popen[str]] = field(default_factory=list)
    count: int = 0

    def take(self, request: Request) -> Fault | None:
        """Kill once the answers to all requests before this one have arrived."""
        del request  # any
        number, self.count = self.count, self.count + 1
        if number < self.number:
            return None
        os.kill(self.process[0].pid, signal.SIGKILL)
        return DropConnection(after_effect=self.after_effect and number == self.number)


def start(url: str, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start the real program."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipe"],
        cwd=ROOT,
        env={**ENVIRON, "BITBUCKET_API_URL": url, "PATH": os.environ["PATH"], **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_and_kill(
    world: World, variables: Mapping[str, str], number: int, *, after_effect: bool
) -> int:
    """Run the real program until it sends the request with this number; return its exit status."""
    with Server(world.simulator) as server:
        kill = KillAt(number=number, after_effect=after_effect)
        with world.simulator.lock:  # the first request waits until it is known whom to kill
            world.simulator.faults = kill
            process = start(server.url, variables)
            kill.process.append(process)
        process.communicate()
        return process.returncode
