"""The pipe runs as any user, without any privilege, and stops on SIGTERM."""

import threading

import pytest
from docker import DockerClient

from pipe.models.errors import ExitCode
from simulator.faults import Fault, NoAnswer, RateLimited
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from tests.container.conftest import TAG, Pipeline

pytestmark = pytest.mark.promise("P20")

LIMITS = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=128m",
    "--memory-swap=128m",
)
USERS = [(), ("--user=65534:65534",), ("--user=12345",)]


@pytest.mark.parametrize("user", USERS, ids=["root", "nobody", "unknown"])
@pytest.mark.parametrize("limits", [(), LIMITS], ids=["free", "limited"])
def test_works_as_any_user_under_all_limits(
    pipeline: Pipeline, user: tuple[str, ...], limits: tuple[str, ...]
) -> None:
    ended = pipeline.run(
        *user, *limits, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true"
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    assert pipeline.repository.environment("Test-Env").admin_only


def test_the_user_of_the_image_can_write_reports_where_only_root_can(pipeline: Pipeline) -> None:
    pipeline.step.clone.chmod(0o755)
    ended = pipeline.run(
        ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", REPORT_FILES=["report.json"]
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    assert (pipeline.step.clone / "report.json").stat().st_mode & 0o044 == 0o044


@pytest.mark.parametrize("user", USERS, ids=["root", "nobody", "unknown"])
def test_a_folder_that_cannot_be_written_does_not_harm_the_run(
    pipeline: Pipeline, user: tuple[str, ...]
) -> None:
    locked = pipeline.step.clone / "locked"
    locked.mkdir()
    ended = pipeline.run(
        *user,
        f"--mount=type=bind,source={locked},target={locked},readonly",
        ENVIRONMENT_NAME="Test-Env",
        ENVIRONMENT_TYPE="Test",
        REPORT_FILES=["locked/report.json"],
    )
    assert ended.exit_code == ExitCode.OK, ended.log
    assert "locked/report.json" in ended.log
    assert pipeline.repository.names() == ["Test-Env"]
    assert list(locked.iterdir()) == []


@pytest.mark.parametrize(
    "fault",
    [RateLimited(wait=300, retry_after="seconds"), NoAnswer()],
    ids=["waiting", "unanswered"],
)
def test_a_stopped_step_ends_the_run_within_a_second(
    engine: DockerClient, pipeline: Pipeline, fault: Fault
) -> None:
    asked = threading.Event()
    pipeline.bitbucket.observers.append(lambda _: asked.set())
    pipeline.bitbucket.faults.add(fault, times=9)
    container = engine.containers.run(
        TAG,
        detach=True,
        extra_hosts={"host.docker.internal": pipeline.step.host_address},
        environment={
            "BITBUCKET_API_URL": pipeline.url,
            "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
            "WORKSPACE": "acme",
            "REPO_SLUG": "shop",
            "ENVIRONMENT_NAME": "Test-Env",
            "ENVIRONMENT_TYPE": "Test",
        },
    )
    try:
        assert asked.wait(60)
        # One that is still there after a second is killed, and its exit code is then 137.
        container.stop(timeout=1)
        ended = container.wait()
        log = container.logs().decode()
    finally:
        container.remove(force=True)
    assert ended["StatusCode"] == ExitCode.GAVE_UP, log
    assert "SIGTERM" in log
    assert pipeline.repository.names() == []
