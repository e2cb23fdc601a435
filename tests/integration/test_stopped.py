"""A run that is asked to stop, at every request of every mode."""

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx
import pytest

import pipe
from simulator.faults import NoAnswer
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulator.state.journal import EventKind
from simulator.transport import InProcessTransport
from tests.support.promises import Cases
from tests.support.world import Ran, World, listed, run_with

pytestmark = pytest.mark.promise("P26", "P13")

ONE: Final = {
    "ENVIRONMENT_NAME": "Live",
    "ENVIRONMENT_TYPE": "Production",
    "ADMIN_ONLY": "true",
    **listed("BRANCHES", "main"),
    **listed("VARIABLES", *(f"KEY_{number}=value" for number in range(5))),
}
FLEET: Final = {**ONE, "REPOSITORIES": "svc-*", "REPO_SLUG": "", "WORKERS": "1"}
PUBLISHED: Final = {
    **ONE,
    "CODE_INSIGHTS": "true",
    "COMMENT": "true",
    "BITBUCKET_BUILD_NUMBER": "42",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_COMMIT": "0123456789abcdef0123456789abcdef01234567",
    "BITBUCKET_PR_ID": "12",
}
OAUTH: Final = {
    **ONE,
    "BITBUCKET_ACCESS_TOKEN": "",
    "BITBUCKET_OAUTH_CLIENT_ID": DEMO_CLIENT_ID,
    "BITBUCKET_OAUTH_CLIENT_SECRET": DEMO_CLIENT_SECRET,
}
FILE: Final = """\
repository: {variables: {REGION: eu, ZONE: a}}
environments:
  - {name: New, type: Staging, admin_only: true, branches: [main], variables: {A: '1'}}
  - {name: Renamed, rename_from: Old, admin_only: false, branches: [main, dev]}
  - {name: Moved, type: Test, rename_from: Absent}
  - {name: Test, state: absent}
"""
RUNS: Final[Mapping[str, Mapping[str, str]]] = {
    "apply": ONE,
    "plan": {**ONE, "MODE": "plan"},
    "check": {**ONE, "MODE": "check"},
    "export": {"MODE": "export"},
    "a fleet": FLEET,
    "a fleet, export": {"REPOSITORIES": "*", "REPO_SLUG": "", "MODE": "export", "WORKERS": "1"},
    "publishing": PUBLISHED,
    "publishing a plan": {**PUBLISHED, "MODE": "plan"},
    "a token": OAUTH,
    "everything": {"CONFIG_FILE": "environments.yml"},
    "repository variables": listed("REPOSITORY_VARIABLES", "REGION=eu", "ZONE=a"),
}


class StoppedWorld(World):
    """A Bitbucket with several repositories, where one request stops the run.

    Attributes:
        at: The number of that request; after it is answered, the run is asked to stop.
        sent: How many requests were sent.
    """

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.sent = 0
        self.shop.add_pull_request(12)
        self.shop.add_environment("Test", "Test")
        self.shop.add_environment("Old", "Test", admin_only=True).add_branch("main")
        self.files["environments.yml"] = FILE
        for number in range(2):
            self.simulator.add_repository("acme", f"svc-{number}").add_environment("Test", "Test")

    def carrier(self) -> httpx.BaseTransport:
        inner = super().carrier()
        return httpx.MockTransport(lambda request: self.handle(inner, request))

    def handle(self, inner: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
        response = inner.handle_request(request)
        self.sent += 1
        if self.sent == self.at:
            self.stop.request("SIGTERM")
        return response


def _run(world: StoppedWorld, name: str, monkeypatch: pytest.MonkeyPatch) -> Ran:
    step_proxy = InProcessTransport(world.simulator, proxy=True)
    monkeypatch.setattr(
        "tests.support.world.open_in_pipe_connections",
        lambda *_: httpx.MockTransport(lambda request: world.handle(step_proxy, request)),
    )
    return run_with(world, RUNS[name])


def _written(ran: Ran) -> dict[str, int]:
    variables, environments = ran.report["summary"]["variables"], ran.report["summary"]
    return {
        "created": environments["environments"]["created"],
        "variables": variables["created"] + variables["updated"],
    }


def _outcomes(ran: Ran) -> set[str]:
    return {
        change["outcome"]
        for repository in ran.report["repositories"]
        for owner in (repository, *repository["environments"])
        for change in owner["changes"]
    }


def _not_started(ran: Ran) -> int:
    """Count environments and variables of repositories of which nothing was tried."""
    return sum(
        {each["outcome"] for each in owner["changes"]} == {"skipped"}
        for repository in ran.report["repositories"]
        for owner in (repository, *repository["environments"])
    )


@pytest.mark.parametrize("name", RUNS)
def test_no_request_follows_and_the_report_is_true_to_the_last_answer(
    name: str, monkeypatch: pytest.MonkeyPatch, cases: Cases
) -> None:
    total = StoppedWorld(at=0)
    complete = _run(total, name, monkeypatch)
    assert complete.exit_code in (0, 4), complete.log
    for at in range(1, total.sent):
        world = StoppedWorld(at=at)
        ran = _run(world, name, monkeypatch)
        assert world.sent == at, f"request {at}: {world.sent - at} more\n{ran.log}"
        happened = {
            "created": ran.count(EventKind.ENVIRONMENT_CREATED),
            "variables": ran.count(EventKind.VARIABLE_CREATED, EventKind.VARIABLE_UPDATED),
        }
        assert _written(ran) == happened, f"request {at}\n{ran.log}"
        # Each request was answered: a change was made, or nothing was sent for it.
        assert "failed" not in _outcomes(ran), f"request {at}\n{ran.log}"
        shown = re.findall(r" not started(?:, see above)?:$", ran.log, re.MULTILINE)
        assert len(shown) == _not_started(ran), f"request {at}\n{ran.log}"
        if "publishing" not in name:
            assert ran.exit_code == 6, f"request {at}\n{ran.log}"
            assert "stopped" in ran.problems
        cases.add()


@pytest.fixture
def server() -> Iterator[Server]:
    simulator = Simulator()
    for slug in ("shop", "svc-0", "svc-1"):
        simulator.add_repository("acme", slug).add_environment("Test", "Test")
    with Server(simulator) as server:
        yield server


HANGING: Final = {
    "listing a workspace": (FLEET, "*/repositories/acme"),
    "reading": (ONE, "*/environments"),
    "reading one of many": (FLEET, "*/svc-1/environments"),
    "fetching a token": (OAUTH, "*/access_token"),
    "publishing": ({**PUBLISHED, "MODE": "plan"}, "*/comments"),
}


def _start(server: Server, stderr: int, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the pipe in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipe"],
        cwd=Path(pipe.__file__).parents[1],
        env={
            "PATH": os.environ["PATH"],
            "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
            "BITBUCKET_API_URL": server.url,
            "BITBUCKET_OAUTH_URL": f"{server.url}/site/oauth2/access_token",
            "WORKSPACE": "acme",
            "REPO_SLUG": "shop",
            **variables,
        },
        stderr=stderr,
    )


@pytest.mark.parametrize("name", HANGING)
def test_a_process_that_waits_for_an_answer_ends_soon_after_sigterm(
    name: str, server: Server, tmp_path: Path
) -> None:
    variables, path = HANGING[name]
    server.simulator.faults.add(NoAnswer(after_effect=False), path=path)
    hangs = threading.Event()

    def look(simulator: Simulator) -> None:
        if simulator.requests and simulator.requests[-1].status is None:
            hangs.set()

    server.simulator.observers.append(look)
    report = tmp_path / "report.json"
    process = _start(server, subprocess.PIPE, {**variables, "REPORT_FILES": str(report)})
    assert hangs.wait(timeout=60)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, log = process.communicate(timeout=60)

    assert time.monotonic() - began < 3  # a second, and what a machine under load adds
    assert process.returncode == (0 if name == "publishing" else 6), log.decode()
    assert json.loads(report.read_text("utf-8"))["exit_code"] == process.returncode


def test_a_reader_that_stopped_reading_the_log_does_not_hold_the_report(
    server: Server, tmp_path: Path
) -> None:
    """However many repositories the run has still to log."""
    for number in range(2, 150):
        server.simulator.add_repository("acme", f"svc-{number}").add_environment("Test", "Test")
    report = tmp_path / "report.json"
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 8192)  # room for the log until all is planned
    process = _start(
        server, writing, {**FLEET, "WORKERS": "4", "MODE": "plan", "REPORT_FILES": str(report)}
    )
    poll = select.poll()
    poll.register(writing, select.POLLOUT)
    while poll.poll(0):  # until the pipe is full
        time.sleep(0.01)  # the system does not say when a pipe becomes full
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()

    assert process.wait(timeout=60) == 0
    assert time.monotonic() - began < 3  # a second, and what a machine under load adds
    assert json.loads(report.read_text("utf-8"))["plan"]["create"] == 150
    for each in (reading, writing):
        os.close(each)
