"""The demonstration shows what it says, and fails if it does not."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from demo import run
from demo.steps import STEPS
from tests.repository.markdown import PROJECT


def test_every_step_ends_as_expected() -> None:
    environ = {"PATH": os.environ["PATH"], "ATLASSIAN_API_TOKEN": "of-whoever-runs-this"}
    done = subprocess.run(
        [sys.executable, "-m", "demo.run"],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("as expected") == len(STEPS) + 1
    assert "\x1b" not in done.stdout
    assert "of-whoever-runs-this" not in done.stdout
    for title in ("Create", "Unchanged", "Update", "Drift"):
        assert f". {title} ─" in done.stdout


def test_an_unexpected_end_of_a_step_fails_the_demonstration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    created, unchanged = STEPS[:2]
    wrong = (
        replace(unchanged, exit_code=5),
        replace(unchanged, outcome="✔ Changed"),
        replace(unchanged, writes=created.writes),
    )
    monkeypatch.setattr(run, "STEPS", (created, *wrong))
    assert run.main() == 1
    assert "1 of 4 ended as expected" in capsys.readouterr().out


def test_a_simulator_that_does_not_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    assert run.main() == 1
    assert "did not start" in capsys.readouterr().out
