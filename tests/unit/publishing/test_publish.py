"""What is published in Bitbucket and how; failing to publish is only a warning."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.faults import Answer, DropConnection, NoAnswer
from simulator.transport import InProcessTransport
from tests.support.world import Ran, World, listed, run_with

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIPELINE = {
    "BITBUCKET_BUILD_NUMBER": "42",
    "BITBUCKET_REPO_FULL_NAME": "acme/shop",
    "BITBUCKET_COMMIT": COMMIT,
    "BITBUCKET_PR_ID": "12",
    "BITBUCKET_CLONE_DIR": "/build",
}
WANTED = {"ENVIRONMENT_NAME": "Test", "ADMIN_ONLY": "true"}
CONFIG = """version: 1
environments:
  - name: Test
    admin_only: true
"""


class NoProxy(httpx.BaseTransport):
    """Refuse every connection."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        message = "Connection refused"
        raise httpx.ConnectError(message, request=request)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    world.shop.add_environment("Test")
    world.shop.add_pull_request(12)
    through_proxy(monkeypatch, InProcessTransport(world.simulator, proxy=True))
    return world


def through_proxy(monkeypatch: pytest.MonkeyPatch, transport: httpx.BaseTransport) -> None:
    monkeypatch.setattr("tests.support.world.open_in_pipe_connections", lambda _stop: transport)


def publish(world: World, **more: str) -> Ran:
    return run_with(world, PIPELINE | WANTED | {"CODE_INSIGHTS": "true"} | more)


def comment(world: World, **more: str) -> Ran:
    return run_with(world, PIPELINE | WANTED | {"COMMENT": "true"} | more)


def reports(world: World) -> list[Any]:
    return list(world.shop.reports.values())


def notes(world: World) -> list[Any]:
    return [each for found in world.shop.annotations.values() for each in found.values()]


def raws(world: World) -> list[str]:
    found: Any = world.shop.comments[12].values()
    return [each["content"]["raw"] for each in found]


def sent_to(ran: Ran, part: str) -> list[str]:
    return [f"{each.method} {each.status}" for each in ran.requests if part in each.path]


@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
def test_a_report_goes_through_the_proxy_without_credentials(world: World, mode: str) -> None:
    ran = publish(world, MODE=mode)
    assert ran.exit_code == (4 if mode == "check" else 0)
    (report,) = reports(world)
    assert report["result"] == ("FAILED" if mode == "check" else "PASSED")
    assert f"Published as a Code Insights report on commit {COMMIT[:12]}" in ran.log
    published = [each for each in ran.requests if "/reports/" in each.path]
    # There was nothing to delete yet; a 404 says so, and is not asked twice.
    assert [each.method for each in published][:2] == ["DELETE", "PUT"]
    assert not any("Authorization" in dict(each.headers) for each in published)


def test_publishing_is_not_among_the_requests_that_are_counted(world: World) -> None:
    ran = publish(world, MODE="plan", COMMENT="true")
    assert ran.report["requests"] == {"total": 1, "reads": 1, "writes": 0, "retries": 0}
    assert len(ran.requests) > 1


def test_drift_is_annotated_at_the_line_of_the_file(world: World) -> None:
    world.files["ci/environments.yml"] = CONFIG
    ran = publish(
        world,
        MODE="check",
        ENVIRONMENT_NAME="",
        ADMIN_ONLY="",
        CONFIG_FILE="ci/environments.yml",
    )
    assert ran.exit_code == 4
    (note,) = notes(world)
    assert (note["path"], note["line"]) == ("ci/environments.yml", 3)
    assert note["summary"] == "Test: drifted, would be updated"


def test_annotations_of_an_earlier_run_are_deleted(world: World) -> None:
    assert publish(world, MODE="check").exit_code == 4
    assert len(notes(world)) == 1
    assert publish(world).exit_code == 0
    assert publish(world, MODE="check").exit_code == 0
    assert (len(reports(world)), notes(world)) == (1, [])


def test_many_annotations_are_sent_in_batches(world: World) -> None:
    for number in range(250):
        world.shop.add_environment(f"Feature-{number}")
    ran = publish(world, MODE="check", ENVIRONMENT_NAME="Feature-*")
    assert len(notes(world)) == 250
    assert sent_to(ran, "/annotations") == ["POST 200"] * 3


@pytest.mark.parametrize("there", [True, False])
def test_without_the_proxy_the_credentials_are_used(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    there: bool,
) -> None:
    # A proxy that does not know us answers 401; no proxy at all does not answer.
    refusing = InProcessTransport(world.simulator, proxy=False)
    through_proxy(monkeypatch, refusing if there else NoProxy())
    ran = publish(world, MODE="plan")
    assert len(reports(world)) == 1
    assert sent_to(ran, "/reports/")[-1] == "PUT 200"
    assert sent_to(ran, "/reports/").count("PUT 401") == int(there)
    assert "WARNING" not in ran.log


def test_an_earlier_report_may_be_deleted_while_the_answer_is_lost(world: World) -> None:
    for fault in (DropConnection(after_effect=True), Answer(status=404, body=b"gone")):
        world.simulator.faults.add(fault, method="DELETE", path="*/reports/*")
    ran = publish(world, MODE="plan", BITBUCKET_BUILD_NUMBER="")
    assert ran.exit_code == 0
    assert sent_to(ran, "/reports/")[-2:] == ["DELETE 404", "PUT 200"]
    assert "WARNING" not in ran.log


def test_outside_pipelines_the_proxy_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    through_proxy(monkeypatch, InProcessTransport(world.simulator, proxy=False))
    ran = publish(world, MODE="plan", BITBUCKET_BUILD_NUMBER="")
    assert sent_to(ran, "/reports/") == ["DELETE 404", "PUT 200"]


def test_a_comment_is_written_once_and_then_updated(world: World) -> None:
    first = comment(world, MODE="plan")
    assert "Commented on pull request 12" in first.log
    (raw,) = raws(world)
    assert raw.startswith("[//]: # (bitbucket-environment:")
    assert "`~` **`Test`**: would be updated" in raw
    for _ in range(2):
        comment(world)
    (raw,) = raws(world)
    assert "✔ `Test`: unchanged" in raw


def test_the_comment_is_found_among_many(world: World) -> None:
    comment(world, MODE="plan")
    own: Any = world.shop.comments[12].pop(1)
    others = {
        number: {"id": number, "content": {"raw": f"Looks good\n{own['content']['raw']}"}}
        for number in range(2, 251)
    }
    deleted = {251: {**own, "id": 251, "deleted": True}, 252: {"id": 252}, 253: {**own, "id": 253}}
    world.shop.comments[12].update(others | deleted)
    ran = comment(world, MODE="plan")
    assert sent_to(ran, "/comments/253") == ["PUT 200"]
    assert sent_to(ran, "/comments") == ["GET 200"] * 3 + ["PUT 200"]


def test_the_search_for_the_comment_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipe.publishing.pr_comment._MAX_PAGES", 2)
    world.shop.comments[12].update(
        {number: {"id": number, "content": {"raw": "Hm"}} for number in range(2, 400)}
    )
    ran = comment(world, MODE="plan")
    assert sent_to(ran, "/comments") == ["GET 200", "GET 200", "POST 201"]


def test_a_comment_of_another_account_is_left_to_it(world: World) -> None:
    comment(world, MODE="plan")
    world.simulator.faults.add(Answer(status=403), method="PUT", path="*/comments/1")
    comment(world, MODE="plan")
    assert len(raws(world)) == 2
    world.simulator.faults.add(Answer(status=403), method="PUT", path="*/comments/1")
    comment(world, MODE="plan")
    assert len(raws(world)) == 2


def test_a_sentence_of_bitbucket_ends_with_one_full_stop(world: World) -> None:
    body = b'{"error": {"message": "Your credentials lack one or more required privilege scopes."}}'
    world.simulator.faults.add(Answer(status=403, body=body), path="*/comments*", times=9)
    log = comment(world, MODE="plan").words
    assert "privilege scopes. Required scopes: pullrequest:write." in log


def test_the_scopes_that_an_api_token_needs_are_its_own(world: World) -> None:
    world.simulator.faults.add(Answer(status=403), path="*/comments*", times=9)
    world.simulator.faults.add(Answer(status=403), path="*/reports/*", times=9)
    api = {"ATLASSIAN_ACCOUNT_EMAIL": "robot@acme.example", "ATLASSIAN_API_TOKEN": "demo-api-token"}
    log = comment(world, MODE="plan", CODE_INSIGHTS="true", **api).words
    assert "scopes: read:pullrequest:bitbucket and write:pullrequest:bitbucket." in log
    assert "scopes: read:repository:bitbucket." in log


@pytest.mark.parametrize("id_", [-1, True, 0, "1/../../environments"])
def test_a_comment_without_a_valid_id_is_ignored(world: World, id_: object) -> None:
    comment(world, MODE="plan")
    page = {"values": [{"id": id_, "content": {"raw": raws(world)[0]}}]}
    world.simulator.faults.add(
        Answer(status=200, body=json.dumps(page).encode()), method="GET", path="*/comments*"
    )
    ran = comment(world, MODE="plan")
    assert ran.exit_code == 0, ran.log
    assert sent_to(ran, "/comments") == ["GET 200", "POST 201"]


def test_each_use_of_the_pipe_has_its_own_comment_and_report(world: World) -> None:
    world.shop.add_environment("Staging")
    world.files["a.yml"] = CONFIG
    whole = {"ENVIRONMENT_NAME": "", "ADMIN_ONLY": "", "CONFIG_FILE": "a.yml"}
    for use in ({}, {"ENVIRONMENT_NAME": "Staging"}, {"ENVIRONMENT_NAME": "Stag*"}, whole):
        for _ in range(2):
            comment(world, **{"MODE": "plan", "CODE_INSIGHTS": "true", **use})
    assert (len(raws(world)), len(reports(world))) == (4, 4)


def test_no_pull_request_is_no_warning(world: World) -> None:
    ran = comment(world, MODE="plan", BITBUCKET_PR_ID="")
    assert "INFO: No comment: this pipeline does not run for a pull request" in ran.log
    assert "WARNING" not in ran.log


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"BITBUCKET_COMMIT": ""}, "BITBUCKET_COMMIT is not a commit"),
        ({"BITBUCKET_COMMIT": "../x"}, "BITBUCKET_COMMIT is not a commit"),
        ({"BITBUCKET_REPO_FULL_NAME": "shop"}, "set BITBUCKET_REPO_FULL_NAME to workspace/slug"),
        ({"BITBUCKET_PR_ID": "12/x"}, "BITBUCKET_PR_ID is not the number"),
    ],
)
def test_an_unusable_context_is_a_warning(
    world: World, variables: dict[str, str], text: str
) -> None:
    ran = comment(world, **{"MODE": "plan", "CODE_INSIGHTS": "true"} | variables)
    assert ran.exit_code == 0
    assert text in ran.words
    assert "WARNING" in ran.log


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"REPO_SLUG": "api"},
        {"REPOSITORIES": "ap*"},
        {"BITBUCKET_REPO_SLUG": "", "REPO_SLUG": "shop"},
        {"BITBUCKET_WORKSPACE": "", "WORKSPACE": "acme"},
    ],
)
def test_the_repository_is_that_of_the_pipeline_else_the_one_selected(
    world: World, variables: dict[str, str]
) -> None:
    world.simulator.add_repository("acme", "api").add_environment("Test")
    ran = comment(world, **{"MODE": "plan", "BITBUCKET_REPO_FULL_NAME": "", **variables})
    assert ran.exit_code == 0
    assert len(raws(world)) == 1


def test_without_any_repository_nothing_is_published(world: World) -> None:
    names = {"BITBUCKET_REPO_FULL_NAME": "", "BITBUCKET_REPO_SLUG": ""}
    ran = comment(world, MODE="plan", REPOSITORIES="sh*", **names)
    assert "the repository of the pipeline is unknown" in ran.words


FAILURES: list[tuple[str, Callable[[World], object]]] = [
    ("answers no", lambda w: w.simulator.faults.add(Answer(status=400), path=PUBLISHED, times=99)),
    ("is broken", lambda w: w.simulator.faults.add(Answer(status=503), path=PUBLISHED, times=99)),
    ("is gone", lambda w: w.simulator.faults.add(DropConnection(), path=PUBLISHED, times=99)),
    ("is silent", lambda w: w.simulator.faults.add(NoAnswer(), path=PUBLISHED, times=99)),
    (
        "unexpected response",
        lambda w: w.simulator.faults.add(
            Answer(status=200, body=b"<html>"), path=PUBLISHED, times=99
        ),
    ),
    ("ran out of time", lambda w: setattr(w, "latency", 400.0)),
]
PUBLISHED = "*/[cp][ou][ml][ml]*"


@pytest.mark.parametrize("fail", [f for _, f in FAILURES], ids=[name for name, _ in FAILURES])
@pytest.mark.parametrize("mode", ["plan", "check"])
def test_failing_to_publish_never_affects_the_run(
    world: World, mode: str, fail: Callable[[World], object]
) -> None:
    fail(world)
    ran = comment(world, MODE=mode, CODE_INSIGHTS="true")
    assert ran.exit_code == (4 if mode == "check" else 0) or world.latency
    assert "WARNING: " in ran.log
    assert ran.log.splitlines()[-1].startswith(("✔ Planned", "✖ Drift", "✖ Failed"))


def test_a_comment_whose_answer_was_lost_is_not_written_twice(world: World) -> None:
    world.simulator.faults.add(
        Answer(status=502, after_effect=True), method="POST", path="*/comments"
    )
    ran = comment(world, MODE="plan")
    assert "so the comment may exist or not" in ran.words
    assert len(raws(world)) == 1
    comment(world, MODE="plan")
    assert len(raws(world)) == 1


def test_no_time_left_is_a_warning(world: World) -> None:
    world.latency = 5.0
    ran = publish(world, MODE="plan", DEADLINE="5")
    assert "WARNING: Nothing was published: the run used up its DEADLINE" in ran.log
    assert reports(world) == []


def test_an_export_is_not_published(world: World) -> None:
    ran = publish(world, MODE="export", ENVIRONMENT_NAME="", ADMIN_ONLY="", COMMENT="true")
    assert ran.exit_code == 0
    assert (reports(world), raws(world)) == ([], [])


def test_no_secret_is_published(world: World) -> None:
    canary = "canary-secret-value-0815"
    secret = {**listed("SECURED_VARIABLES", f"PASSWORD={canary}")}
    plain = {**listed("VARIABLES", f"URL=https://robot:{canary}@acme.example")}
    comment(world, CODE_INSIGHTS="true", MODE="check", **secret, **plain)
    published = json.dumps([reports(world), notes(world), raws(world)])
    assert "variables.URL" in published
    assert canary[:8] not in published
