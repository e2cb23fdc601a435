"""A bug in the pipe: exit 1, reported as a bug, a traceback only with DEBUG."""

import json
from pathlib import Path
from typing import Final

import pytest

import pipe.modes
import pipe.publishing.publish
import pipe.reports.html
import pipe.reports.junit
import pipe.run
from pipe.fleet.recorder import RunRecorder
from pipe.models.errors import ExitCode, PipeError, Problem
from pipe.models.results import RepositoryResult
from pipe.reports.log import traceback_lines
from pipe.reports.pipelines import share_result
from tests.support.world import Ran, World, run_pipe, run_with

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
    assert "modes.py, line " in ran.log
    assert CANARY not in ran.log


@pytest.mark.parametrize("debug", ["", "true"])
def test_a_bug_in_writing_reports_is_handled_alike(
    monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    _break(monkeypatch, pipe.run, share_result.__name__)

    ran = _run(DEBUG=debug)

    assert ran.exit_code == 1
    assert ran.log.count("ERROR: The run: unexpected error") == 1
    assert ran.log.splitlines()[-1].startswith("✖ Failed: ")
    assert ("Traceback" in ran.log) == bool(debug)
    assert CANARY not in ran.log
    assert ran.report["exit_code"] == 1


@pytest.mark.parametrize("where", ["read_settings", "present"])
def test_a_bug_where_no_report_is_possible_is_logged(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    _break(monkeypatch, pipe.run, where)

    ran = _run()

    assert ran.exit_code == 1
    assert ran.log.count("ERROR: The run: unexpected error") == 1
    assert CANARY not in ran.log


def test_a_bug_in_reporting_a_configuration_error_leaves_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was sent, and the configuration has to be corrected first."""
    _break(monkeypatch, pipe.run, share_result.__name__)

    ran = _run(DEBUG="neither")

    assert ran.exit_code == ran.report["exit_code"] == 2
    assert ran.problems == ["unexpected", "configuration"]


def test_a_bug_in_one_format_loses_no_other_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All are written again, so that they agree with the exit code."""
    paths = [tmp_path / name for name in ("first.json", "r.html", "r.xml", "last.json")]
    _break(monkeypatch, pipe.reports.html, "render")
    _break(monkeypatch, pipe.reports.junit, "render")

    ran = _run(REPORT_FILES=json.dumps([str(path) for path in paths]))

    assert ran.exit_code == 1
    assert ran.log.count("ERROR: The run: unexpected error") == 2
    assert ran.log.splitlines()[-1].startswith("✖ Failed: ")
    assert [path.exists() for path in paths] == [True, False, False, True]
    for path in (paths[0], paths[-1]):
        assert json.loads(path.read_text("utf-8"))["exit_code"] == 1


def _repositories(*slugs: str) -> World:
    world = World()
    for slug in slugs:
        world.simulator.add_repository("acme", slug).add_environment("Test", "Test")
    return world


PUBLISHED: Final = {
    "REPO_SLUG": "svc-0",
    "ENVIRONMENT_NAME": "Test",
    "ADMIN_ONLY": "true",
    "COMMENT": "true",
    "BITBUCKET_PR_ID": "12",
}


def test_a_bug_in_publishing_hides_nothing_that_was_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _break(monkeypatch, pipe.publishing.publish, "publish_comment")

    ran = run_with(_repositories("svc-0"), PUBLISHED)

    assert ran.exit_code == 1
    assert ran.problems == ["unexpected"]
    assert ran.report["summary"]["environments"]["updated"] == 1
    assert ran.report["requests"]["total"] == len(ran.requests)
    assert "1 environment updated" in ran.log.splitlines()[-1]


def test_a_bug_between_two_repositories_hides_nothing_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add = RunRecorder.add

    def fail_at_the_second(recorder: RunRecorder, result: RepositoryResult) -> None:
        if result.repository.slug == "svc-1":
            raise _BugError(CANARY)
        add(recorder, result)

    monkeypatch.setattr(RunRecorder, "add", fail_at_the_second)

    ran = run_with(
        _repositories("svc-0", "svc-1"),
        {
            "ENVIRONMENT_NAME": "Test",
            "ADMIN_ONLY": "true",
            "REPO_SLUG": "",
            "REPOSITORIES": "svc-*",
        },
    )

    assert ran.exit_code == 1
    assert ran.problems == ["unexpected"]
    assert [each["slug"] for each in ran.report["repositories"]] == ["svc-0"]
    assert ran.report["summary"]["environments"]["updated"] == 1
    assert ran.report["requests"]["total"] == len(ran.requests)


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
