"""The command line of the container tests, read back by a shell, without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.container.pipelines import JWT, PASSED, Step, command_line, flat, quoted


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    """A step on whose machine `docker` prints its arguments, each ended by a NUL."""
    programs = tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text('#!/bin/bash\nprintf "%s\\0" "$@"\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    made = Step(agent=tmp_path / "agent", host_address="192.0.2.1")
    made.prepare()
    return made


def arguments(
    step: Step, variables: dict[str, str | list[str]], options: tuple[str, ...] = ()
) -> list[str]:
    line = command_line("acme/pipe:1.2.3", variables, step.agent)
    ended = step.run(line, secrets={"TOKEN": 'a "secret" $HOME'}, options=options)
    assert ended.exit_code == 0, ended.log
    return ended.out.removesuffix("\0").split("\0")


def test_the_image_comes_last_and_every_variable_of_the_step_before(step: Step) -> None:
    given_ = arguments(step, {})
    assert given_[-1] == "acme/pipe:1.2.3"
    assert given_[-2] == "--add-host=host.docker.internal:192.0.2.1"
    assert f"--workdir={step.clone}" in given_
    assert f"--env=PIPELINES_JWT_TOKEN={JWT}" in given_
    names = [item.split("=")[1] for item in given_ if item.startswith("--env=")]
    assert names == list(PASSED)


def test_variables_are_filled_in_by_the_shell(step: Step) -> None:
    given_ = arguments(
        step, {"A": "$TOKEN", "B": "$NOT_DEFINED", "C": 'say "x y"', "D": ["one", "$TOKEN"]}
    )
    assert [item for item in given_ if item.startswith("--env=") and item[6] in "ABCD"][-6:] == [
        '--env=A=a "secret" $HOME',
        "--env=B=",
        '--env=C=say "x y"',
        "--env=D_COUNT=2",
        "--env=D_0=one",
        '--env=D_1=a "secret" $HOME',
    ]


def test_options_of_a_test_come_first(step: Step) -> None:
    given_ = arguments(step, {}, options=("--read-only", "--user=1 2"))
    assert given_[:5] == [
        "run",
        "--rm",
        "--add-host=host.docker.internal:192.0.2.1",
        "--read-only",
        "--user=1 2",
    ]


@given(st.lists(st.text()))
def test_a_list_becomes_its_length_and_its_items(items: list[str]) -> None:
    expected = {"X_COUNT": str(len(items))} | {f"X_{i}": item for i, item in enumerate(items)}
    assert flat({"X": items, "Y": "z"}) == expected | {"Y": "z"}


def test_quotes_are_kept() -> None:
    assert quoted('a "b"') == '"a \\"b\\""'
