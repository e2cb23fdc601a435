"""The live tests work: on a simulated Bitbucket they pass, find out, and clean up."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches, SwitchValue, show, with_values
from simulator.faults import server_error
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN

PROJECT: Final = Path(__file__).parents[2]
OURS: Final = ["Test", "Production"]
OTHER: Final[dict[str, SwitchValue]] = {
    "branch_endpoint": "404",
    "deletion": "readable",
    "duplicate_shape": "text",
    "duplicate_status": "400",
    "duplicate_variable_external_id": False,
    "empty_value": "refused",
    "environment_pagelen_ignored": False,
    "name_clash": "exact",
    "noop_change": "refused",
    "plan": "402",
    "rename_clash": "409",
    "secured_change": "refused",
    "secured_value_in_lists": "null",
    "unknown_environment_variables": "404",
    "variable_key_clash": "casefold",
}


@dataclass(frozen=True, slots=True)
class LiveRun:
    """How the suite ended, what it printed, and the facts that it found."""

    exit_code: int
    log: str
    facts: dict[str, Any]


def bitbucket(switches: Switches = OBSERVED) -> Simulator:
    simulator = Simulator(with_values(switches, {"rate_limit": 100_000}))
    simulator.add_repository(
        "acme", "shop", environments=[("Test", "Test", False), ("Production", "Production", True)]
    )
    return simulator


def run_suite(file: Path, *options: str, **environ: str) -> LiveRun:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "tests/live"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "LIVE_FACTS": str(file), **environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    rows = json.loads(file.read_text("utf-8"))["facts"] if file.exists() else []
    return LiveRun(ended.returncode, ended.stdout, {row["switch"]: row for row in rows})


def lent(server: Server) -> dict[str, str]:
    return {
        "LIVE_WORKSPACE": "acme",
        "LIVE_REPO_SLUG": "shop",
        "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
        "BITBUCKET_API_URL": server.url,
    }


def test_on_the_bitbucket_that_is_believed_in_every_fact_holds(tmp_path: Path) -> None:
    simulator = bitbucket()
    with Server(simulator) as server:
        ran = run_suite(tmp_path / "facts.json", "-m", "live", **lent(server))

    assert ran.exit_code == 0, ran.log
    assert len(ran.facts) >= 30
    assert [name for name, row in ran.facts.items() if not row["holds"]] == []
    assert simulator.repository("acme/shop").names() == OURS
    table = (tmp_path / "facts.md").read_text("utf-8")
    assert "| `name_clash` | guess | casefold | casefold | yes |" in table
    assert DEMO_ACCESS_TOKEN not in table + (tmp_path / "facts.json").read_text("utf-8")


def test_on_another_bitbucket_it_finds_out_what_is_different(tmp_path: Path) -> None:
    simulator = bitbucket(with_values(OBSERVED, OTHER))
    # The facts, and the scenarios that a smaller plan or a missing endpoint ends early.
    chosen = "facts or restricted or restrictions"
    with Server(simulator) as server:
        ran = run_suite(tmp_path / "facts.json", "-m", "live", "-k", chosen, **lent(server))

    assert ran.exit_code == 0, ran.log
    different = {name: row["observed"] for name, row in ran.facts.items() if not row["holds"]}
    # A plan that refuses restrictions refuses them at creation and beside a name, too.
    follows = {"admin_only_at_creation", "combined_change"}
    assert {name: value for name, value in different.items() if name not in follows} == {
        name: show(value) for name, value in OTHER.items()
    }
    assert simulator.repository("acme/shop").names() == OURS


def test_it_cleans_up_after_a_failure(tmp_path: Path) -> None:
    simulator = bitbucket()
    simulator.faults.add(server_error(), method="POST", path="*/changes", times=100)
    with Server(simulator) as server:
        ran = run_suite(
            tmp_path / "facts.json", "-m", "live", "-k", "changes or renaming", **lent(server)
        )

    assert ran.exit_code == 1, ran.log
    assert simulator.repository("acme/shop").names() == OURS


def test_it_does_not_run_without_a_repository(tmp_path: Path) -> None:
    token = {"BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN}
    ran = run_suite(tmp_path / "facts.json", "-m", "live", **token)

    assert ran.exit_code == 5  # no test was collected
    assert "set LIVE_WORKSPACE and LIVE_REPO_SLUG" in ran.log


@pytest.mark.parametrize("options", [(), ("-m", "not live")])
def test_it_does_not_run_unless_it_is_asked_for(tmp_path: Path, options: tuple[str, ...]) -> None:
    simulator = bitbucket()
    with Server(simulator) as server:
        ran = run_suite(tmp_path / "facts.json", *options, **lent(server))

    assert ran.exit_code == 5
    assert "set LIVE_WORKSPACE and LIVE_REPO_SLUG" not in ran.log
    assert simulator.requests == []
