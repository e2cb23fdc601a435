"""Every `curl` line of docs/bitbucket-api.md is run against the simulator, with the shown result.

A line is followed by `→ **status**`, the headers of the answer, and perhaps its body. HTML comments
keep a uuid for later lines, or set switches of the simulator.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import SWITCHES, parse_switch, with_values
from simulator.http import Json
from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import (
    DEMO_ACCESS_TOKEN,
    DEMO_API_TOKEN,
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_EMAIL,
)
from tests.repository.markdown import PROJECT, Code, Line, parts

DOCUMENT: Final = (PROJECT / "docs/bitbucket-api.md").read_text(encoding="utf-8")

_EXPECTED: Final = re.compile(r"→ \*\*(\d{3})\*\*(.*)")
_KEEP: Final = re.compile(r"<!-- keep: (\w+)=(\w+) -->")
_SET: Final = re.compile(r"<!-- simulator: (.*) -->")
_HEADER: Final = re.compile(r"`([A-Z][\w-]+)`")
_MARK: Final = re.compile(r"\[(sure|likely|guess)[^\]]*?: `(\w+)`\]")
_UUID: Final = re.compile(r"\{[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\}")


@dataclass(slots=True)
class Example:
    """A command, and the documented answer.

    Attributes:
        line: Line of the document.
        command: The shell command.
        switches: Switches of the simulator for it.
        status: The documented status; `None`: none, which is an error.
        headers: The documented headers.
        empty: Whether the body is documented to be empty.
        body: The documented body; `None`: none.
        keep: A shell variable, and the field of the body whose value it gets.
    """

    line: int
    command: str
    switches: str
    status: int | None = None
    headers: tuple[str, ...] = ()
    empty: bool = False
    body: str | None = None
    keep: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that curl received."""

    status: int
    headers: dict[str, str]
    body: str


def _examples() -> list[Example]:
    found: list[Example] = []
    switches = ""
    for part in parts(DOCUMENT):
        match part:
            case Code(number, "sh", text):
                found.append(Example(number, text, switches))
            case Code(_, "json", text) if (
                found and found[-1].body is None and _adjacent(found, part)
            ):
                found[-1].body = text
            case Line(_, text) if setting := _SET.fullmatch(text):
                switches = "" if setting[1] == "defaults" else setting[1]
            case Line(_, text) if keep := _KEEP.fullmatch(text):
                found[-1].keep = (keep[1], keep[2])
            case Line(_, text) if expected := _EXPECTED.match(text):
                found[-1].status = int(expected[1])
                found[-1].empty = "no body" in expected[2]
                found[-1].headers = tuple(_HEADER.findall(expected[2]))
            case _:
                pass
    return found


def _adjacent(found: list[Example], part: Code) -> bool:
    """Return whether only the documented answer stands between the command and the body."""
    end = found[-1].line + found[-1].command.count("\n") + 1
    between = DOCUMENT.splitlines()[end : part.number - 1]
    return all(not each or each.startswith(("→", "<!--")) for each in between)


EXAMPLES: Final = _examples()


def _run(command: str, variables: dict[str, str], home: Path) -> Answer:
    done = subprocess.run(
        ["/bin/sh", "-euc", command],
        env={"PATH": os.environ["PATH"], "CURL_HOME": str(home), **variables},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    raw = (home / "headers").read_text().splitlines()
    pairs = (line.partition(":") for line in raw if ":" in line)
    body = home / "body"
    text = body.read_text() if body.exists() else ""
    body.unlink(missing_ok=True)
    return Answer(
        status=int(done.stdout),
        headers={name.lower(): value.strip() for name, _, value in pairs},
        body=text,
    )


def _set(simulator: Simulator, switches: str) -> None:
    pairs = (each.partition("=") for each in switches.split())
    values = {name: parse_switch(name, value) for name, _, value in pairs}
    with simulator.lock:
        simulator.switches = with_values(OBSERVED, values)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    if shutil.which("curl") is None and not os.environ.get("REQUIRE_CURL"):
        pytest.skip("the lines of docs/bitbucket-api.md did NOT run: there is no curl")
    home = tmp_path_factory.mktemp("curl")
    (home / ".curlrc").write_text(
        "silent\nshow-error\nmax-time = 30\noutput = body\ndump-header = headers\n"
        'write-out = "%{http_code}"\n'
    )
    simulator = Simulator()
    shop = simulator.add_repository("acme", "shop", project="PLAT")
    simulator.add_repository("acme", "elsewhere", project="OTHER")
    simulator.world.workspaces["acme"].former_slugs["former-name"] = shop
    simulator.credentials.add_api_token(
        DEMO_EMAIL, "read-only", scopes=frozenset({"read:pipeline:bitbucket"})
    )
    received: list[Answer] = []
    with Server(simulator) as server:
        variables = {
            "API": server.url,
            "OAUTH": server.url,
            "WORKSPACE": "acme",
            "REPO": "shop",
            "EMAIL": DEMO_EMAIL,
            "TOKEN": DEMO_API_TOKEN,
            "READ_ONLY_TOKEN": "read-only",
            "ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
            "CLIENT_ID": DEMO_CLIENT_ID,
            "CLIENT_SECRET": DEMO_CLIENT_SECRET,
        }
        for example in EXAMPLES:
            _set(simulator, example.switches)
            answer = _run(example.command, variables, home)
            received.append(answer)
            if example.keep is not None and answer.body:
                name, field = example.keep
                variables[name] = quote(str(json.loads(answer.body).get(field)), safe="")
    return received


def test_there_are_lines_for_every_call() -> None:
    commands = " ".join(each.command for each in EXAMPLES)
    calls = ("environments", "/changes", "/variables", "/pipelines_config", "/branch-restrictions/")
    assert len(EXAMPLES) > 30
    assert all(call in commands for call in calls)


@pytest.mark.xdist_group("curl")
@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=[f"line {e.line}" for e in EXAMPLES])
def test_the_answer_is_as_documented(answers: list[Answer], number: int) -> None:
    example, answer = EXAMPLES[number], answers[number]
    assert answer.status == example.status, answer.body
    for name in example.headers:
        assert name.lower() in answer.headers
    if example.empty:
        assert answer.body == ""
    if example.body is not None:
        _compare(json.loads(example.body), json.loads(answer.body), "body")


def _compare(shown: Json, seen: Json, place: str) -> None:
    """Compare, except for `…`, and for uuids, which are never the same."""
    match shown, seen:
        case dict(), dict():
            assert set(shown) == set(seen), place
            for key, value in shown.items():
                _compare(value, seen[key], f"{place}.{key}")
        case list(), list():
            assert len(shown) == len(seen), place
            for index, value in enumerate(shown):
                _compare(value, seen[index], f"{place}[{index}]")
        case "…", str():
            assert seen, place
        case str(), str() if _UUID.fullmatch(shown):
            assert _UUID.fullmatch(seen), place
        case _:
            assert type(shown) is type(seen), place
            assert shown == seen, place


@pytest.mark.parametrize(("mark", "switch"), sorted(set(_MARK.findall(DOCUMENT))))
def test_simulator_and_document_agree_on_certainty(mark: str, switch: str) -> None:
    assert SWITCHES[switch].certainty == mark


def test_every_mark_with_a_switch_is_parsed() -> None:
    assert len(re.findall(r": `\w+`\]", DOCUMENT)) == len(_MARK.findall(DOCUMENT)) > 30
