"""The commands of docs/rehearse.md and CONTRIBUTING.md work as described."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.repository.markdown import PROJECT, blocks

REHEARSAL: Final = [
    each.text for each in blocks((PROJECT / "docs/rehearse.md").read_text("utf-8"), "sh")
]
BY_HAND: Final = "\n".join(
    each for each in REHEARSAL if not each.startswith(("make demo", "docker run"))
)


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="NOT RUN: there is no curl")


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands in the project, with the tools that are there, on a free port."""
    lines = [line for line in script.splitlines() if "activate" not in line]
    assert len(lines) == len(script.splitlines()) - 1
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = "\n".join(["set -e", "trap 'kill $! 2>/dev/null || true' EXIT", *lines])
    command = command.replace("8080", str(port))
    # The simulator prints its address when it listens: a person types no faster.
    log = folder / "simulator.log"
    command = command.replace(" &\n", f" > {log} &\nuntil [ -s {log} ]; do sleep 0.1; done\n")
    return subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=PROJECT,
        env={
            "HOME": str(folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@needs_curl
def test_the_rehearsal_by_hand(tmp_path: Path) -> None:
    done = _run(BY_HAND, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "✔ Test-Env: created" in done.stderr
    assert "~ acme/shop · Test would be updated:" in done.stderr
    assert "+ variables.LOG_LEVEL" in done.stderr
    assert done.stderr.count("+ variables.REGION") == 2
    assert re.search(r'"comments": ?{"1": ?\[{', done.stdout)
    assert '"values"' in done.stdout


@needs_curl
def test_contributors_run_the_simulator_by_hand(tmp_path: Path) -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    [script] = [each.text for each in blocks(text, "sh") if "-m simulator" in each.text]

    done = _run(script, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "✔ Test-Env: created" in done.stderr


@pytest.mark.parametrize("target", ["demo", "test", "lint", "publish", "generate"])
def test_make_lists_its_targets(target: str) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "make"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert f"make {target} " in done.stdout
