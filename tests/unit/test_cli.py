"""The program as a process starts it: environment, signals, streams, threads and exit codes."""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import pipe.__main__
from pipe.cli import main
from pipe.models.errors import ExitCode
from pipe.process import signals
from pipe.process.context import RunContext, Stop
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    simulated = Simulator()
    simulated.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    with Server(simulated) as server:
        for name, value in {
            "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
            "BITBUCKET_API_URL": server.url,
            "WORKSPACE": "acme",
            "REPO_SLUG": "shop",
        }.items():
            monkeypatch.setenv(name, value)
        yield simulated
    gc.enable()
    threading.stack_size(0)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_process_exits_with_the_code_of_the_run(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Nowhere")
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(sys, "argv", ["pipe"])

    runpy.run_path(str(Path(pipe.__main__.__file__)), run_name="__main__")

    assert codes == [5]
    assert [each.method for each in simulator.requests] == ["GET"]


def test_variables_and_files_are_those_of_the_process(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "some.env").write_text("COUNTRY=Kenya\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVIRONMENT_NAME", "Test")
    monkeypatch.setenv("VARIABLES_FILE", "some.env")

    assert main() == 0

    variables = simulator.repository("acme/shop").environment("Test").variables
    assert {key: each.value for key, each in variables.items()} == {"COUNTRY": "Kenya"}


@pytest.mark.parametrize("name", ["VARIABLES_FILE", "SECURED_VARIABLES_FILE", "CONFIG_FILE"])
def test_files_outside_of_the_clone_and_fifos_are_not_read(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """A link to the environment of the process would store its token in a plain variable."""
    (tmp_path / "link").symlink_to("/proc/self/environ")
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.chdir(tmp_path)
    if name != "CONFIG_FILE":
        monkeypatch.setenv("ENVIRONMENT_NAME", "Test")

    for path in ("link", "fifo"):
        monkeypatch.setenv(name, path)
        assert main() == 2

    log = capfd.readouterr().err
    assert f"ERROR: {name}: 'link' cannot be read: it is outside the clone directory" in log
    assert f"ERROR: {name}: 'fifo' cannot be read: it is not a regular file" in log
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("argument", "text"),
    [("--version", "Bitbucket Environment 1.0.0\n"), ("--help", "ENVIRONMENT_NAME")],
)
def test_help_and_version_go_to_standard_output(
    simulator: Simulator, capfd: pytest.CaptureFixture[str], argument: str, text: str
) -> None:
    assert main([argument]) == 0

    out, err = capfd.readouterr()
    assert text in out
    assert (err, simulator.requests) == ("", [])


def test_help_has_an_example_and_the_default_of_a_mode(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    text = capfd.readouterr().out
    assert "Usage: " in text
    assert "MODE=plan python -m pipe\n" in text
    assert "  REPOSITORIES\n" in text
    assert "Default: apply." in " ".join(text.split())


@pytest.mark.promise("P25")
@pytest.mark.parametrize("arguments", [["plan"], ["--help", "plan"], ["--Version"], [""], ["-h"]])
def test_any_other_argument_is_a_configuration_error(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "New")
    monkeypatch.setenv("ENVIRONMENT_TYPE", "Test")
    monkeypatch.setenv("REPORT_FILES", str(tmp_path / "report.json"))

    assert main(arguments) == 2

    log = capfd.readouterr().err
    for each in arguments:
        assert f"{each!r} is not an argument; settings are variables (MODE=plan), and --help" in log
    assert simulator.requests == []
    assert json.loads((tmp_path / "report.json").read_text())["exit_code"] == 2


def test_a_signal_asks_to_stop(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Test")
    monkeypatch.setenv("ADMIN_ONLY", "true")
    requested, request = threading.Event(), Stop.request

    def note(stop: Stop, reason: str) -> None:
        request(stop, reason)
        requested.set()

    def interrupt(_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        requested.wait()

    monkeypatch.setattr(Stop, "request", note)
    simulator.observers.append(interrupt)

    assert main() == 6

    assert [each.method for each in simulator.requests] == ["GET"]
    assert not simulator.repository("acme/shop").environment("Test").admin_only


@pytest.mark.usefixtures("simulator")
def test_results_are_published_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Test")
    monkeypatch.setenv("CODE_INSIGHTS", "true")

    assert main() == 0


def _run_shell(redirections: str, **environ: str) -> int:
    """Run the pipe in a process of its own, with its streams redirected by a shell."""
    ended = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {sys.executable} -m pipe {redirections}"],
        cwd=Path(pipe.__main__.__file__).parents[1],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return ended.returncode


STREAMS: Final = ("2>&1 | head -0", "2>/dev/full", "<&- >&- 2>&-")


@pytest.mark.promise("P26")
@pytest.mark.parametrize("redirections", STREAMS)
def test_a_lost_log_ends_nothing(simulator: Simulator, tmp_path: Path, redirections: str) -> None:
    report = tmp_path / "report.json"
    code = _run_shell(
        redirections, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true", REPORT_FILES=str(report)
    )

    assert code == 0
    assert simulator.repository("acme/shop").environment("Test").admin_only
    assert json.loads(report.read_text("utf-8"))["outcome"] == "changed"


@pytest.mark.promise("P26")
@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize("redirections", ["| head -0", ">/dev/full", ">&-"])
def test_an_export_that_could_not_be_written_is_incomplete(
    tmp_path: Path, redirections: str
) -> None:
    report = tmp_path / "report.json"

    assert _run_shell(redirections, MODE="export", REPORT_FILES=str(report)) == 5
    problems = json.loads(report.read_text("utf-8"))["errors"]
    assert [each["key"] for each in problems] == ["export-not-written"]


@pytest.mark.promise("P26")
@pytest.mark.usefixtures("simulator")
def test_a_run_that_hangs_is_ended_some_seconds_after_a_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()

    def hang(context: RunContext) -> ExitCode:
        context.stop.request("SIGTERM")
        never.wait()
        return ExitCode.OK

    monkeypatch.setattr("pipe.run.run", hang)
    monkeypatch.setattr(signals, "LAST_SECONDS", 0.01)

    assert main() == 6
    never.set()


@pytest.mark.usefixtures("simulator")
def test_a_broken_import_is_a_bug_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pipe.run", None)

    assert main() == 1
    log = "ERROR: The pipe ended unexpectedly (ModuleNotFoundError): a bug\n"
    assert capfd.readouterr().err == log


def test_a_process_that_may_start_no_thread_runs_without(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Test")
    monkeypatch.setenv("ADMIN_ONLY", "true")
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if "process_request" not in repr(thread):  # of the simulator
            message = "can't start new thread"
            raise RuntimeError(message)
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)

    assert main() == 0
    assert simulator.repository("acme/shop").environment("Test").admin_only
