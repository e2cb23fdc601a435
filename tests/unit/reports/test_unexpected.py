"""A bug in the pipe: exit 1, reported as a bug, a traceback only with DEBUG."""

import pytest

import pipe.modes
import pipe.reports.files
import pipe.run
from pipe.models.errors import ExitCode, PipeError, Problem
from pipe.reports.log import traceback_lines
from pipe.reports.pipelines import share_result
from tests.support.world import Ran, World, run_pipe

CANARY = "canary-0123456789"


class _BugError(Exception):
    pass


def _break(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise _BugError(CANARY)

    monkeypatch.setattr(where, name, broken)


def _run(**variables: str) -> Ran:
    world = World()
    return run_pipe(world, ENVIRONMENT_NAME="Test", SECURED_VARIABLES=f"KEY={CANARY}", **variables)


def test_a_bug_is_logged_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, pipe.modes.ModeRunner, "_handle_repositories")

    ran = _run()

    assert ran.exit_code == 1
    assert "ERROR: The run: unexpected error" in ran.log
    assert "Traceback" not in ran.log
    assert ran.report["exit_code"] == 1
    assert ran.problems == ["unexpected"]


def test_debug_shows_the_traceback_of_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, pipe.modes.ModeRunner, "_handle_repositories")

    ran = _run(DEBUG="true")

    assert "DEBUG: Traceback (most recent call last):" in ran.log
    assert "_BugError" in ran.log
    assert "run.py, line " in ran.log
    assert CANARY not in ran.log


@pytest.mark.parametrize("debug", ["", "true"])
def test_a_bug_in_writing_reports_is_handled_alike(
    monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    _break(monkeypatch, pipe.run, share_result.__name__)

    ran = _run(DEBUG=debug)

    assert ran.exit_code == 1
    assert ran.log.count("ERROR: The run: unexpected error") == 1
    assert ("Traceback" in ran.log) == bool(debug)
    assert CANARY not in ran.log


def _raise_chain(middle: Exception, *, suppressed: bool = False) -> None:
    try:
        try:
            int(CANARY)
        except ValueError as error:
            raise middle from (None if suppressed else error)
    except type(middle) as error:
        message = "the last"
        raise PipeError(Problem("key", ExitCode.DRIFT, message, "", "")) from error


def _traceback_of(middle: Exception, *, suppressed: bool = False) -> str:
    with pytest.raises(PipeError) as caught:
        _raise_chain(middle, suppressed=suppressed)
    return "\n".join(traceback_lines(caught.value))


def test_a_traceback_quotes_only_exceptions_of_the_pipe() -> None:
    text = _traceback_of(KeyError(CANARY))

    assert [line for line in text.splitlines() if not line.startswith(" ")] == [
        "Traceback (most recent call last):",
        "ValueError",
        "which led to:",
        "Traceback (most recent call last):",
        "KeyError",
        "which led to:",
        "Traceback (most recent call last):",
        "PipeError: the last",
    ]
    assert "test_unexpected.py, line " in text
    assert CANARY not in text


def test_a_traceback_leaves_out_a_suppressed_cause() -> None:
    assert "ValueError" not in _traceback_of(KeyError(CANARY), suppressed=True)
