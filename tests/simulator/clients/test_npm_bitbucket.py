"""npm's unmodified `bitbucket` package works against the simulator.

Runs when it is there: `npm install --prefix tests/simulator/clients`.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.server import Server
from simulator.simulator import Simulator

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules" / "bitbucket").is_dir(),
    reason="NOT RUN: needs node and `npm install --prefix tests/simulator/clients`",
)


@pytest.mark.parametrize("how", ["basic", "bearer"])
def test_the_life_of_an_environment(how: str) -> None:
    simulator = Simulator()
    simulator.add_repository("acme", "shop", environments=[("Live", "Production", True)])
    with Server(simulator) as server:
        done = subprocess.run(
            [str(NODE), str(HERE / "environments.cjs"), server.url, how],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen == {
        "created": [201, "Test"],
        "changed": 202,
        "read": ["Test-42", True],
        "listed": ["Live", "Test-42"],
        "variable": [201, "Kenya"],
        "deleted": 204,
        "gone": 404,
    }
