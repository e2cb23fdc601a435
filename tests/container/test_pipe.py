"""The main job by the command line of Pipelines, and every exit code."""

import json

import pytest
from msgspec.structs import replace

from pipe.models.errors import ExitCode
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from simulator.state.journal import RequestRecord
from tests.container.conftest import Pipeline
from tests.container.pipelines import JWT

pytestmark = pytest.mark.promise("P12")


def writes(pipeline: Pipeline, since: int = 0) -> list[RequestRecord]:
    return [each for each in pipeline.bitbucket.requests[since:] if each.method != "GET"]


def test_the_scenario_of_the_readme(pipeline: Pipeline) -> None:
    first = pipeline.run(ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert first.exit_code == ExitCode.OK, first.log
    assert first.out == ""
    assert [each.method for each in pipeline.bitbucket.requests] == ["GET", "POST"]
    assert pipeline.repository.environment("Test-Env").admin_only

    seen = len(pipeline.bitbucket.requests)
    again = pipeline.run(ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert again.exit_code == ExitCode.OK, again.log
    assert [each.method for each in pipeline.bitbucket.requests[seen:]] == ["GET"]

    seen = len(pipeline.bitbucket.requests)
    opened = pipeline.run(ENVIRONMENT_NAME="Test-Env", ADMIN_ONLY="false")
    assert opened.exit_code == ExitCode.OK, opened.log
    (write,) = writes(pipeline, seen)
    assert write.json() == {"change": {"restrictions": {"admin_only": False}}}

    seen = len(pipeline.bitbucket.requests)
    renamed = pipeline.run(ENVIRONMENT_NAME="Test-42", RENAME_FROM="Test-Env")
    assert renamed.exit_code == ExitCode.OK, renamed.log
    (write,) = writes(pipeline, seen)
    assert write.json() == {"change": {"name": "Test-42"}}
    assert pipeline.repository.names() == ["Test-42"]


def test_what_is_undefined_in_the_step_counts_as_not_given(pipeline: Pipeline) -> None:
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="$NOT_DEFINED"
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    (write,) = writes(pipeline)
    assert "restrictions" not in write.body.decode()


def test_a_value_arrives_as_it_was_written(pipeline: Pipeline) -> None:
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env",
        ENVIRONMENT_TYPE="Test",
        VARIABLES=['QUOTED=say "ça va" = ✔', "LINES=one\n two\n"],
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    held = pipeline.repository.environment("Test-Env").variables.values()
    assert {each.key: each.value for each in held} == {
        "QUOTED": 'say "ça va" = ✔',
        "LINES": "one\n two\n",
    }


def test_exit_1_a_bug(pipeline: Pipeline) -> None:
    broken = pipeline.step.clone / "plan_checksum.py"
    broken.write_text("def checksum(plans: object) -> str:\n    raise ZeroDivisionError(plans)\n")
    where = "/usr/lib/python3/dist-packages/pipe"
    ended = pipeline.run(
        f"--volume={broken}:{where}/planning/plan_checksum.py:ro",
        f"--tmpfs={where}/planning/__pycache__",
        ENVIRONMENT_NAME="Test-Env",
    )
    assert ended.exit_code == ExitCode.UNEXPECTED
    assert "ZeroDivisionError" in ended.log
    assert "Traceback" not in ended.log


def test_exit_2_nothing_is_sent(pipeline: Pipeline) -> None:
    ended = pipeline.run(ENVIRONMENT_NAME="$NOT_DEFINED", ADMIN_ONLY="maybe")
    assert ended.exit_code == ExitCode.CONFIGURATION
    assert "ENVIRONMENT_NAME" in ended.log
    assert "ADMIN_ONLY" in ended.log
    assert pipeline.bitbucket.requests == []


def test_exit_3_a_credential_that_is_not_known(pipeline: Pipeline) -> None:
    ended = pipeline.run(ENVIRONMENT_NAME="Test-Env", BITBUCKET_ACCESS_TOKEN="$NOT_THE_TOKEN-x")
    assert ended.exit_code == ExitCode.PERMISSION
    assert writes(pipeline) == []


def test_exit_4_a_check_finds_drift(pipeline: Pipeline) -> None:
    pipeline.repository.add_environment("Test-Env")
    ended = pipeline.run(ENVIRONMENT_NAME="Test-Env", ADMIN_ONLY="true", MODE="check")
    assert ended.exit_code == ExitCode.DRIFT
    assert writes(pipeline) == []


def test_exit_5_a_change_that_the_plan_does_not_include(pipeline: Pipeline) -> None:
    pipeline.bitbucket.switches = replace(pipeline.bitbucket.switches, plan="402")
    pipeline.repository.add_environment("Test-Env")
    ended = pipeline.run(ENVIRONMENT_NAME="Test-Env", ADMIN_ONLY="true")
    assert ended.exit_code == ExitCode.INCOMPLETE, ended.log
    assert "admin_only" in ended.log


def test_exit_6_no_answer(pipeline: Pipeline) -> None:
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env",
        BITBUCKET_API_URL="http://host.docker.internal:9",
        MAX_ATTEMPTS="1",
    )
    assert ended.exit_code == ExitCode.GAVE_UP
    assert "Connection refused" in ended.log


def test_exit_7_a_type_cannot_be_changed(pipeline: Pipeline) -> None:
    pipeline.repository.add_environment("Test-Env", "Production")
    ended = pipeline.run(ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert ended.exit_code == ExitCode.REFUSED
    assert writes(pipeline) == []


@pytest.mark.parametrize("debug", ["", "true"])
def test_no_secret_is_printed(pipeline: Pipeline, debug: str) -> None:
    report = pipeline.step.clone / "report.json"
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env",
        ENVIRONMENT_TYPE="Test",
        SECURED_VARIABLES=["PASSWORD=canary-of-a-variable"],
        FINGERPRINT_KEY="canary-of-the-fingerprints",
        REPORT_FILES=["report.json"],
        DEBUG=debug,
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    for text in (ended.out, ended.log, report.read_text()):
        assert DEMO_ACCESS_TOKEN not in text
        assert "canary" not in text
        assert JWT not in text


def test_a_later_pipe_receives_the_result(pipeline: Pipeline) -> None:
    shared = pipeline.step.storage / "_shared_variables.json"
    shared.write_text('{"of_another_pipe": 1}')
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", REPORT_FILES=["report.json"]
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    report = json.loads((pipeline.step.clone / "report.json").read_text())
    assert json.loads(shared.read_text()) == {
        "of_another_pipe": 1,
        "bitbucket_environment": report,
    }
