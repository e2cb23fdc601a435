"""The README is correct: variables, snippets, commands, exit codes."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
import yaml

from pipe.models.errors import ExitCode
from scripts.reference import rows
from simulator.control.seed import DEMO, load_seed
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from tests.repository.markdown import PROJECT, Code, Line, anchors, blocks, parts
from tests.repository.pipelines import PIPE, environ, known_variables, pipe_steps, run_pipe

README: Final = (PROJECT / "README.md").read_text(encoding="utf-8")
SNIPPETS: Final = blocks(README, "yaml")
EXAMPLES: Final = [each for each in SNIPPETS if each.text.startswith("script:")]
SHELL: Final = blocks(README, "sh")


def _table(heading: str) -> dict[str, str]:
    """Return the rows of the table under a heading, by their first column."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| (.+) \|$", section, flags=re.MULTILINE)
    return dict(rows[2:])


def _id(each: Code) -> str:
    return f"line {each.number}"


def test_the_headings_are_those_of_an_official_pipe() -> None:
    headings = [
        each.text.strip()
        for each in parts(README)
        if isinstance(each, Line) and re.match("##? ", each.text)
    ]
    assert headings[0] == f"# Bitbucket Pipelines Pipe: {PIPE['name']}"
    expected = [
        "## YAML Definition",
        "## Variables",
        "## Details",
        "## Prerequisites",
        "## Examples",
        "## Support",
        "## License",
    ]
    assert [each for each in headings if each in expected] == expected


def test_the_definition_begins_with_the_pipe() -> None:
    assert SNIPPETS[0].text.startswith(f"- pipe: {PIPE['image']}\n")
    optional = set(re.findall(r"^ +# (\w+):", SNIPPETS[0].text, flags=re.MULTILINE))
    assert optional
    assert optional <= known_variables()


def test_the_variables_shown_are_rows_of_the_reference() -> None:
    found = _table("Variables")
    assert found
    for name, usage in found.items():
        assert f"| {name} | {usage} |" == rows()[name.removesuffix(" (*)")]


def test_the_exit_codes_are_those_of_the_program() -> None:
    assert [int(code) for code in _table("Exit codes") if code.isdecimal()] == sorted(ExitCode)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=_id)
def test_a_snippet_is_yaml_with_known_variables(snippet: Code) -> None:
    steps = list(pipe_steps(yaml.safe_load(snippet.text)))
    assert steps
    for step in steps:
        assert step.pipe == PIPE["image"] or "@sha256:" in step.pipe
        assert set(step.variables) <= known_variables()


@pytest.fixture
def url() -> Iterator[str]:
    simulator = Simulator()
    load_seed(simulator, DEMO)
    simulator.repository("acme/shop").add_environment("feature-x", "Test")
    with Server(simulator) as server:
        yield server.url


@pytest.mark.parametrize("snippet", EXAMPLES, ids=_id)
def test_an_example_converges_in_one_run(snippet: Code, url: str, tmp_path: Path) -> None:
    around = {
        "BITBUCKET_API_URL": url,
        "BITBUCKET_WORKSPACE": "acme",
        "BITBUCKET_REPO_SLUG": "shop",
    }
    repository = {
        "ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL,
        "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN,
        "BITBUCKET_BRANCH": "x",
        "FINGERPRINT_KEY": "a key of the example's own",
        "PROD_DB_PASSWORD": "secret-of-the-example",
    }
    if "RENAME_FROM" in snippet.text:
        created = {"ENVIRONMENT_NAME": "Test-Env", "ENVIRONMENT_TYPE": "Test"}
        assert run_pipe({**around, **repository, **created}, tmp_path).exit_code == 0
    [step] = pipe_steps(yaml.safe_load(snippet.text))
    for outcome in ("✔", "✔ Unchanged"):
        ended = run_pipe({**around, **environ(step, repository)}, tmp_path)
        assert ended.exit_code == 0, ended.log
        assert ended.log.splitlines()[-1].startswith(outcome)
        assert "WARNING" not in ended.log


def test_the_examples_are_there() -> None:
    assert len(EXAMPLES) >= 5


def _free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def _in_project(script: str) -> str:
    """Leave out the installation of tools, and stop the simulator at the end."""
    lines = [line for line in script.splitlines() if "activate" not in line]
    assert len(lines) == len(script.splitlines()) - 1
    return "\n".join([*lines, "ended=$?", "kill $!", "exit $ended"])


def test_the_rehearsal_works_as_described() -> None:
    [script] = [each.text for each in SHELL if "-m simulator" in each.text]
    done = subprocess.run(  # noqa: S603 - the lines of our own document
        ["/bin/sh", "-c", _in_project(script.replace("8080", _free_port()))],
        cwd=PROJECT,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "✔ Test-Env: created" in done.stderr


def test_the_docker_command_passes_known_variables(url: str, tmp_path: Path) -> None:
    [script] = [each.text for each in SHELL if each.text.startswith("docker run")]
    words = shlex.split(script)
    assert words[-1] == PIPE["image"]
    given: Mapping[str, str] = {
        "ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL,
        "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN,
    }
    named = [value for word, value in pairwise(words) if word == "--env"]
    passed = {name: value for name, _, value in (each.partition("=") for each in named)}
    assert set(passed) <= known_variables()
    variables = {name: value or given[name] for name, value in passed.items()}
    ended = run_pipe({"BITBUCKET_API_URL": url, **variables}, tmp_path)
    assert ended.exit_code == 0, ended.log
    assert "Test-Env would be created" in ended.log


def test_every_target_of_make_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([\w./-]+)`", README)) | {".venv/installed"}
    assert "demo" in targets
    assert all(re.search(rf"^{re.escape(each)}:", makefile, re.MULTILINE) for each in targets)


def test_the_anchors_that_other_documents_link_to_exist() -> None:
    assert {"rehearse-without-bitbucket", "exit-codes", "support"} <= anchors(README)
