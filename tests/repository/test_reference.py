"""The tables and examples of docs/reference.md match the program."""

import json
import re
from pathlib import Path
from typing import Final

import yaml

from pipe.bitbucket.retry import allowed_retries
from pipe.config_file.models import (
    Environment,
    File,
    OverrideTable,
    ProjectTable,
    RepositoryContents,
    When,
)
from pipe.models.errors import PRECEDENCE, ExitCode
from pipe.settings.model import MAX_ATTEMPTS, MAX_WORKERS
from simulator.control.seed import DEMO, load_seed
from simulator.http import Json
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from tests.repository.markdown import PROJECT, Line, blocks, parts
from tests.repository.pipelines import run_pipe, steps

REFERENCE: Final = (PROJECT / "docs/reference.md").read_text(encoding="utf-8")
_WHO: Final = {
    "ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL,
    "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN,
    "WORKSPACE": "acme",
    "REPO_SLUG": "shop",
}
_CHANGING: Final = re.compile(r"\{[0-9a-f-]{36}\}|sha256:[0-9a-f]{64}")


def _section(heading: str) -> str:
    return REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _run(tmp_path: Path, **variables: str) -> tuple[int, str]:
    simulator = Simulator()
    load_seed(simulator, DEMO)
    with Server(simulator) as server:
        around = {"BITBUCKET_API_URL": server.url, **_WHO}
        ended = run_pipe({**around, **variables}, tmp_path)
    return ended.exit_code, ended.log


def test_the_exit_codes_are_those_of_the_program() -> None:
    found = re.findall(r"^\| (\d) \| ([a-z ]+) \|", _section("Exit codes"), flags=re.MULTILINE)
    assert {int(code): name.replace(" ", "_").upper() for code, name in found} == {
        int(each): each.name for each in ExitCode
    }


def test_the_order_of_exit_codes_is_that_of_the_program() -> None:
    order = re.search(r"the first of ([\d, ]+)\.", _section("Exit codes"))
    assert order is not None
    assert [int(each) for each in order[1].split(",")] == list(PRECEDENCE)


def test_the_keys_of_the_configuration_file_are_those_of_the_model() -> None:
    section = _section("The configuration file")
    found = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, flags=re.MULTILINE))
    assert set(found) == set(File.model_fields)
    assert set(re.findall(r"`(\w+)`", found["environments"])) == set(Environment.model_fields)
    assert set(re.findall(r"`(\w+)`", found["repository"])) == set(RepositoryContents.model_fields)
    assert set(OverrideTable.model_fields) <= set(re.findall(r"`(\w+)`", found["overrides"]))
    assert set(When.model_fields) <= set(re.findall(r"`(\w+)`", found["rules"]))
    assert set(ProjectTable.model_fields) <= set(re.findall(r"`(\w+)`", found["repositories"]))


def test_the_configuration_file_shown_is_read(tmp_path: Path) -> None:
    [shown] = [each.text for each in blocks(REFERENCE, "yaml") if "overrides:" in each.text]
    (tmp_path / "environments.yml").write_text(shown)
    code, log = _run(
        tmp_path,
        CONFIG_FILE="environments.yml",
        MODE="plan",
        SECURED_UPDATE="if-missing",
        PROD_DB_PASSWORD="a-secret-of-the-example",
    )
    # The secret that is managed elsewhere does not exist in the simulator.
    assert (code, log.count("ERROR:")) == (5, 1), log
    assert "The secured variable LICENSE_KEY does not exist" in log
    assert "variables.API_URL" in log


def test_the_snippets_are_yaml() -> None:
    snippets = blocks(REFERENCE, "yaml")

    assert len(snippets) > 1
    assert all(yaml.safe_load(each.text) for each in snippets)


def test_the_list_shown_is_read(tmp_path: Path) -> None:
    snippets = [each.text for each in blocks(REFERENCE, "yaml") if "- pipe:" in each.text]
    [step] = steps({"script": yaml.safe_load(snippets[0])})
    [pipe] = step.pipes()
    code, log = _run(tmp_path, **pipe.expand_variables())
    assert code == 0, log
    assert "+ variables.API_URL   https://api.acme.example/?a=b" in log


def test_the_log_shown_is_the_log(tmp_path: Path) -> None:
    [shown] = blocks(_section("The log"), "log")
    _, log = _run(tmp_path, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert _without_seconds(log) == _without_seconds(shown.text)


def _without_seconds(log: str) -> str:
    return re.sub(r"\d+\.\d s$", "… s", log, flags=re.MULTILINE)


def test_the_report_shown_is_the_report(tmp_path: Path) -> None:
    [shown] = blocks(_section("The JSON report"), "json")
    code, log = _run(
        tmp_path,
        ENVIRONMENT_NAME="Production",
        ADMIN_ONLY="false",
        SECURED_VARIABLES="DB_PASSWORD=first-secret",
        REPORT_FILES="report.json",
    )
    assert code == 0, log
    seen = json.loads((tmp_path / "report.json").read_text())
    assert _without_chance(seen) == _without_chance(json.loads(shown.text))


def _without_chance(value: Json) -> Json:
    match value:
        case dict():
            return {key: _without_chance(each) for key, each in value.items() if key != "seconds"}
        case list():
            return [_without_chance(each) for each in value]
        case str():
            return _CHANGING.sub("…", value)
        case _:
            return value


def test_the_limits_are_those_of_the_program() -> None:
    found = dict(re.findall(r"^\| ([^|]+) \| (.+) \|$", _section("Limits"), flags=re.MULTILINE))
    assert f"(5), up to {MAX_ATTEMPTS};" in found["one request"]
    assert (
        f"(4), up to {MAX_WORKERS}"
        in found["repositories, or variables of one environment, at the same time"]
    )
    assert (allowed_retries(0, 5), allowed_retries(100, 5)) == (10 * 4, 10 * 4 + 20)


def test_no_line_is_longer_than_can_be_read() -> None:
    for each in parts(REFERENCE):
        if isinstance(each, Line) and not each.text.startswith("|"):
            assert len(each.text) <= 110, each.number
