"""`docs/simulator.md` is correct: its table, its examples, its lists."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import cli
from simulator.api.routes import ROUTES
from simulator.control import api, fault_documents
from simulator.control.documents import parse
from simulator.control.seed import DEMO, load_seed
from simulator.server import Server
from simulator.simulator import Simulator

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


CURLS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("curl")]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    simulator = Simulator()
    load_seed(simulator, DEMO)
    with Server(simulator) as running:
        yield running


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT RUN: there is no curl here")
@pytest.mark.parametrize("line", CURLS)
def test_every_curl_line_works(server: Server, line: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("curl", "curl --fail-with-body --noproxy '*'", 1)],
        env={"SIM": server.url, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_of_switches_is_generated(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list-switches=markdown"]) == 0
    assert capsys.readouterr().out in TEXT


def test_the_documented_seed_file_is_valid() -> None:
    (text,) = blocks("yaml")
    simulator = Simulator()
    load_seed(simulator, parse(text))
    production = simulator.repository("acme/shop").environment("Production")
    assert production.variables["TOKEN"].secured
    assert simulator.switches.change_lag_reads == 2


def test_the_python_example_runs() -> None:
    (code,) = blocks("python")
    exec(compile(code, "docs/simulator.md", "exec"), {})  # noqa: S102 - our own documentation


def test_every_fault_control_call_and_route_is_documented() -> None:
    for kind in fault_documents.KINDS:
        assert f"| `{kind}` |" in TEXT
    for name in filter(None, api.CALLS):
        assert f"{api.PREFIX}/{name}" in TEXT
    for route in ROUTES:
        last = [each for each in route.segments if not each.startswith("{")][-1]
        assert last in TEXT
