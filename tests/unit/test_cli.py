"""The program as a process starts it: the environment is read, signals ask to stop."""

from __future__ import annotations

import runpy
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipe.__main__
from pipe.cli import main
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
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_process_exits_as_the_run_ends(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Nowhere")

    with pytest.raises(SystemExit) as exited:
        runpy.run_path(str(Path(pipe.__main__.__file__)), run_name="__main__")

    assert exited.value.code == 5
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


def test_a_signal_asks_to_stop(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Test")
    monkeypatch.setenv("ADMIN_ONLY", "true")
    simulator.observers.append(lambda _: signal.raise_signal(signal.SIGTERM))

    assert main() == 6

    assert [each.method for each in simulator.requests] == ["GET"]
    assert not simulator.repository("acme/shop").environment("Test").admin_only


@pytest.mark.usefixtures("simulator")
def test_results_are_published_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT_NAME", "Test")
    monkeypatch.setenv("CODE_INSIGHTS", "true")

    assert main() == 0
