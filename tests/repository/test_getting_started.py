"""The steps of docs/getting-started.md work as described."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from tests.repository.markdown import PROJECT, blocks
from tests.repository.pipelines import PIPE, environ, pipe_steps, run_pipe

TEXT: Final = (PROJECT / "docs/getting-started.md").read_text(encoding="utf-8")


def test_plan_apply_and_drift(tmp_path: Path) -> None:
    [snippet] = blocks(TEXT, "yaml")
    planned, unchanged, drift = (each.text for each in blocks(TEXT, "log"))
    [step] = pipe_steps(yaml.safe_load(snippet.text))
    assert step.pipe == PIPE["image"]
    repository = {"ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL, "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN}
    simulator = Simulator()
    simulator.add_repository("acme", "shop")
    with Server(simulator) as server:
        around = {
            "BITBUCKET_API_URL": server.url,
            "BITBUCKET_WORKSPACE": "acme",
            "BITBUCKET_REPO_SLUG": "shop",
        }
        given = {**around, **environ(step, repository)}

        plan = run_pipe(given, tmp_path)
        assert plan.exit_code == 0, plan.log
        assert planned in plan.log

        apply = {name: value for name, value in given.items() if name != "MODE"}
        assert run_pipe(apply, tmp_path).exit_code == 0
        again = run_pipe(apply, tmp_path)
        assert again.exit_code == 0
        assert unchanged in again.log

        with simulator.lock:
            simulator.repository("acme/shop").environment("Test-Env").restrict(admin_only=False)
        check = run_pipe({**apply, "MODE": "check"}, tmp_path)
        assert check.exit_code == 4
        assert drift in check.log
