"""The complete examples do what they say on the simulator, step by step."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from simulator.state.environment import Environment
from tests.repository.markdown import PROJECT
from tests.repository.pipelines import (
    PIPE,
    Ended,
    PipeStep,
    environ,
    known_variables,
    pipe_steps,
    run_pipe,
)

EXAMPLES = PROJECT / "docs/examples"
FILES = sorted(EXAMPLES.glob("*/bitbucket-pipelines.yml"))


@dataclass
class Bench:
    """A simulated workspace, with the example in one of its repositories."""

    simulator: Simulator
    url: str
    clone: Path
    steps: dict[str, PipeStep]

    def run(self, step: str, **repository: str) -> Ended:
        variables = {
            "ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL,
            "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN,
            **repository,
        }
        return run_pipe(
            {
                "BITBUCKET_API_URL": self.url,
                "BITBUCKET_WORKSPACE": "acme",
                "BITBUCKET_REPO_SLUG": "shop",
                **environ(self.steps[step], variables),
            },
            self.clone,
        )

    def writes(self) -> int:
        with self.simulator.lock:
            return sum(each.method != "GET" for each in self.simulator.requests)

    def environment(self, repository: str, name: str) -> Environment:
        with self.simulator.lock:
            return self.simulator.repository(repository).environment(name)


def _named_steps(node: object) -> Iterator[tuple[str, PipeStep]]:
    if isinstance(node, dict):
        if "script" in node:
            yield from ((node["name"], each) for each in pipe_steps(node["script"]))
        else:
            for each in node.values():
                yield from _named_steps(each)
    elif isinstance(node, list):
        for each in node:
            yield from _named_steps(each)


@pytest.fixture
def open_bench(tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    simulator = Simulator()

    def bench(example: str) -> Bench:
        shutil.copytree(EXAMPLES / example, tmp_path, dirs_exist_ok=True)
        document = yaml.safe_load((tmp_path / "bitbucket-pipelines.yml").read_text())
        steps = dict(_named_steps(document["pipelines"]))
        return Bench(simulator, server.url, tmp_path, steps)

    with Server(simulator) as server:
        yield bench


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_an_example_names_this_pipe_and_its_variables(path: Path) -> None:
    steps = list(pipe_steps(yaml.safe_load(path.read_text())["pipelines"]))
    assert steps
    for step in steps:
        assert step.pipe == PIPE["image"]
        assert set(step.variables) - known_variables() <= {"SENTRY_TOKEN"}


def test_there_are_the_three_uses() -> None:
    names = {path.parent.name for path in FILES}
    assert names == {"one-environment", "new-repositories", "admin-only-everywhere"}


def test_one_environment(open_bench: Callable[[str], Bench]) -> None:
    bench = open_bench("one-environment")
    bench.simulator.add_repository("acme", "shop", pipelines_enabled=True)
    (bench.clone / "test-results").mkdir()
    secrets = {"FINGERPRINT_KEY": "a key of the example's own", "PROD_DB_PASSWORD": "first-secret"}

    plan = bench.run("Plan", **secrets)
    assert (plan.exit_code, bench.writes()) == (0, 0), plan.log
    assert "Live would be created" in plan.log

    assert bench.run("Environment", **secrets).exit_code == 0
    live = bench.environment("acme/shop", "Live")
    assert live.admin_only
    assert live.variables["LOG_LEVEL"].value == "info"
    assert (live.variables["DB_PASSWORD"].value, live.variables["DB_PASSWORD"].secured) == (
        "first-secret",
        True,
    )

    before = bench.writes()
    assert bench.run("Environment", **secrets).exit_code == 0
    assert bench.run("Check", **secrets).exit_code == 0
    assert bench.writes() == before

    with bench.simulator.lock:
        live.restrict(admin_only=False)
    check = bench.run("Check", **secrets)
    assert (check.exit_code, bench.writes()) == (4, before), check.log
    assert "<failure" in (bench.clone / "test-results/environment.xml").read_text()

    rotated = {**secrets, "PROD_DB_PASSWORD": "second-secret"}
    assert bench.run("Environment", **rotated).exit_code == 0
    assert live.admin_only
    assert live.variables["DB_PASSWORD"].value == "second-secret"


def test_new_repositories(open_bench: Callable[[str], Bench]) -> None:
    bench = open_bench("new-repositories")
    bench.simulator.add_repository("acme", "brand-new")
    given = {"NEW_REPOSITORY": "brand-new", "SENTRY_TOKEN": "sentry-secret"}

    first = bench.run("Environments", **given)
    assert first.exit_code == 0, first.log
    repository = bench.simulator.repository("acme/brand-new")
    assert repository.pipelines_enabled
    assert sorted(repository.names()) == ["Production", "Staging", "Test"]
    production = repository.environment("Production")
    assert production.admin_only
    assert production.variables["SENTRY_TOKEN"].secured
    assert not repository.environment("Test").admin_only

    before = bench.writes()
    assert bench.run("Environments", **given).exit_code == 0
    assert bench.writes() == before


def test_administrators_only_everywhere(open_bench: Callable[[str], Bench]) -> None:
    bench = open_bench("admin-only-everywhere")
    for slug in ("shop", "billing", "sandbox-1"):
        bench.simulator.add_repository(
            "acme",
            slug,
            environments=[(f"Live {slug}", "Production", False), ("Test", "Test", False)],
        )

    audit = bench.run("Audit")
    assert (audit.exit_code, bench.writes()) == (4, 0), audit.log
    assert json.loads((bench.clone / "audit.json").read_text())["exit_code"] == 4
    checksum = re.search(r"sha256:[0-9a-f]{64}", audit.log)
    assert checksum is not None

    with bench.simulator.lock:
        bench.environment("acme/shop", "Live shop").restrict(admin_only=True)
    stale = bench.run("Enforce", REVIEWED=checksum[0])
    assert (stale.exit_code, bench.writes()) == (7, 0), stale.log

    checksum = re.search(r"sha256:[0-9a-f]{64}", bench.run("Audit").log)
    assert checksum is not None
    assert bench.run("Enforce", REVIEWED=checksum[0]).exit_code == 0
    assert bench.environment("acme/billing", "Live billing").admin_only
    assert not bench.environment("acme/billing", "Test").admin_only
    assert not bench.environment("acme/sandbox-1", "Live sandbox-1").admin_only
    assert bench.run("Audit").exit_code == 0
