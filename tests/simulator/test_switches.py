"""The table of switches, the profiles, and the command line."""

import os
import runpy
import signal
import subprocess
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import cli
from simulator.app import handle
from simulator.behaviour.profiles import DOCUMENTED, HOSTILE, OBSERVED, PROFILES, random_switches
from simulator.behaviour.switches import (
    SWITCHES,
    SwitchError,
    Switches,
    SwitchValue,
    parse_switch,
    show,
    with_values,
)
from simulator.http import Request, Response
from tests.simulator.harness import BEARER, Bench


def test_every_value_shown_can_be_set() -> None:
    for each in SWITCHES.values():
        assert parse_switch(each.name, show(each.default)) == each.default
        for value in each.samples:
            assert parse_switch(each.name, show(value)) == value
            assert type(value) is type(each.default)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nothing", "1"),
        ("next_links", "up"),
        ("scopes_checked", "maybe"),
        ("rate_limit", "-1"),
        ("rate_limit", "1.5"),
        ("change_lag_seconds", "inf"),
        ("change_lag_seconds", "nan"),
    ],
)
def test_a_value_that_a_switch_does_not_take(name: str, text: str) -> None:
    with pytest.raises(SwitchError, match=name):
        parse_switch(name, text)


def test_the_profiles() -> None:
    assert PROFILES["observed"] == OBSERVED == Switches()
    assert len({*PROFILES.values()}) == 3
    assert DOCUMENTED.environment_keys == "minimal"


@given(st.randoms(use_true_random=False))
def test_an_environment_can_be_created_under_random_switches(random: Random) -> None:
    switches = random_switches(random)
    assert (switches.rate_limit, switches.environment_limit) == (0, 100)
    bench = Bench(profile=switches)
    bench.create("New", type="deployment_environment")
    assert bench.repo.names() == ["New"]


def test_random_switches_are_repeatable_by_seed() -> None:
    drawn = [random_switches(Random(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_careful_client_succeeds_under_the_hostile_profile() -> None:
    bench = Bench(profile=HOSTILE)
    body = {"type": "deployment_environment"}
    assert bench.create("Live", "Production", **body).status_code == 201
    assert [bench.create("Test", **body).status_code for _ in range(2)] == [400, 201]
    assert bench.change("Live", restrictions={"admin_only": True}).status_code == 202
    for _ in range(4):
        bench.clock.advance(1)
        bench.client.get(bench.environments)
    assert bench.env("Live").admin_only
    assert sorted(bench.listed()) == ["Live", "Test"]


def test_the_list_of_switches(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list-switches"]) == 0
    printed = capsys.readouterr().out
    for each in SWITCHES.values():
        assert f"{each.name} = {show(each.default)}    [{each.certainty}]" in printed
        assert " ".join(each.meaning.split()) in " ".join(printed.split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--switch", "next_links"], "NAME=VALUE"),
        (["--switch", "next_links=up"], "right | missing"),
        (["--seed-file", "/nothing/here.yml"], "No such file"),
    ],
)
def test_an_invalid_command_line_exits_with_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_an_invalid_seed_file_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = tmp_path / "seed.yml"
    seed.write_text("repositories: {")
    assert cli.main(["--seed-file", str(seed)]) == 2
    assert "not well-formed YAML" in capsys.readouterr().err


@pytest.mark.parametrize("log", [True, False])
def test_serving_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    *,
    log: bool,
) -> None:
    seed = tmp_path / "seed.yml"
    seed.write_text("repositories: [{workspace: acme, slug: shop}]")
    path = "/2.0/repositories/acme/shop/environments"

    def serve(http: Any) -> None:
        simulator = http.simulator
        request = Request(method="GET", path=path, headers=tuple(BEARER.items()))
        reply = handle(simulator, request)
        assert isinstance(reply, Response)
        assert b"size" not in reply.body
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", serve)
    wanted = ["--seed-file", str(seed), "--switch", "page_has_size=false"]
    assert cli.main([*wanted, *(["--log"] if log else [])]) == 0
    url, *rest = capsys.readouterr().out.splitlines()
    assert url.startswith("http://127.0.0.1:")
    assert rest == ([f"0 GET {path} 200"] if log else [])


def test_running_the_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulator", "--list-switches"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("simulator", run_name="__main__")
    assert ended.value.code == 0
    assert "next_links" in capsys.readouterr().out


def test_the_process_itself() -> None:
    command = [sys.executable, "-m", "simulator", "--profile", "documented"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = httpx.get(
            f"{url}/2.0/repositories/acme/shop/environments", headers=BEARER, trust_env=False
        )
        process.terminate()
        try:
            assert process.wait(timeout=10) == -signal.SIGTERM
        finally:
            process.kill()
    assert set(answer.json()["values"][0]) == {"type", "uuid", "name"}


def test_a_switch_can_be_set_while_it_runs() -> None:
    bench = Bench("Test")
    bench.sim.switches = with_values(bench.sim.switches, {"environment_keys": "minimal"})
    assert len(bench.client.get(bench.at()).json()) == 3


@pytest.mark.parametrize("values", [{"nothing": 1}, {"plan": "free"}, {"rate_limit": -1}])
def test_a_set_of_switches_is_validated(values: dict[str, SwitchValue]) -> None:
    with pytest.raises(msgspec.ValidationError):
        with_values(OBSERVED, values)
