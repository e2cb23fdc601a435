"""The pages by task: each example is valid, complete, and does what its page says."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import pytest
import yaml
from pipeline_runner.models import PipelineSpec

from simulator.state.credentials import DEMO_ACCESS_TOKEN, DEMO_EMAIL
from tests.repository.markdown import PROJECT, blocks
from tests.repository.pages import PIPELINES, Page, Workspace, pages, schema, workspace
from tests.repository.pipelines import PIPE, REFERENCE, Step, known_variables, steps

SECRETS: Final = {
    "PROD_DB_PASSWORD": "first-secret",
    "FINGERPRINT_KEY": "a key of the example's own",
}
READ_ONLY: Final = frozenset({"read:pipeline:bitbucket", "read:repository:bitbucket"})
PAGES: Final = pages()


def _id(each: Page) -> str:
    return each.path.stem


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Workspace]:
    with workspace(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_pipeline_is_valid(page: Page) -> None:
    validator = schema()
    if validator is not None:
        validator.validate(page.document)
    PipelineSpec.model_validate(page.document)


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_step_names_this_pipe_and_its_variables(page: Page) -> None:
    declared = "\n".join(page.files.values())
    for step in [*steps(page.document["pipelines"]), *page.snippets()]:
        for pipe in step.pipes():
            assert pipe.pipe == REFERENCE
            for name in set(pipe.variables) - known_variables():
                assert f"from_env: {name}" in declared


def test_getting_started(acme: Workspace) -> None:
    page = acme.open("getting-started")
    planned, unchanged, drift = page.logs()
    step = acme.steps["Environment"]

    plan = acme.run(step)
    assert (plan.exit_code, acme.writes()) == (0, 0), plan.log
    assert planned in plan.log

    script = step.command()
    apply, check = script.replace('-e MODE="plan"', ""), script.replace('"plan"', '"check"')
    assert acme.shell(apply).exit_code == 0
    assert unchanged in acme.shell(apply).log
    assert acme.writes() == 1

    acme.environment("Test-Env").restrict(admin_only=False)
    checked = acme.shell(check)
    assert checked.exit_code == 4
    assert drift in checked.log


def test_one_environment(acme: Workspace) -> None:
    page = acme.open("one-environment")
    first = acme.run("Environment", **SECRETS)
    assert first.exit_code == 0, first.log
    live = acme.environment("Live")
    assert live.admin_only
    assert set(live.branches) == {"main", "release/*"}
    assert live.variables["DB_PASSWORD"].secured

    before = acme.writes()
    assert acme.run("Environment", **SECRETS).exit_code == 0
    assert acme.writes() == before

    rotated = acme.run("Environment", **SECRETS | {"PROD_DB_PASSWORD": "second-secret"})
    assert rotated.exit_code == 0, rotated.log
    assert live.variables["DB_PASSWORD"].value == "second-secret"

    rename, delete = page.snippets()
    assert acme.run(rename, **SECRETS).exit_code == 0
    assert acme.names() == ["Live-EU"]
    assert live.admin_only
    acme.simulator.repository("acme/shop").add_environment("Preview", "Test")
    assert acme.run(delete).exit_code == 0
    assert acme.names() == ["Live-EU"]
    before = acme.writes()
    assert (acme.run(rename, **SECRETS).exit_code, acme.run(delete).exit_code) == (0, 0)
    assert acme.writes() == before


def test_new_repositories(acme: Workspace) -> None:
    acme.open("new-repositories")
    repository = acme.simulator.add_repository("acme", "brand-new")
    given = {"NEW_REPOSITORY": "brand-new", "SENTRY_TOKEN": "sentry-secret"}

    first = acme.run("Bootstrap", **given)
    assert first.exit_code == 0, first.log
    assert repository.pipelines_enabled
    assert sorted(repository.names()) == ["Production", "Staging", "Test"]
    production = repository.environment("Production")
    assert production.admin_only
    assert production.variables["SENTRY_TOKEN"].secured

    before = acme.writes()
    assert acme.run("Bootstrap", **given).exit_code == 0
    assert acme.writes() == before

    for invalid in ("", "*"):
        assert acme.run("Bootstrap", **given | {"NEW_REPOSITORY": invalid}).exit_code == 2
    assert acme.writes() == before


def test_administrators_only(acme: Workspace) -> None:
    acme.open("admin-only")
    for slug in ("web", "billing", "sandbox-1"):
        acme.simulator.add_repository(
            "acme",
            slug,
            environments=[(f"Live {slug}", "Production", False), ("Test", "Test", False)],
        )

    acme.simulator.credentials.add_api_token(DEMO_EMAIL, "read-only", scopes=READ_ONLY)
    audit = acme.run("Audit", READ_ONLY_API_TOKEN="read-only")
    assert (audit.exit_code, acme.writes()) == (4, 0), audit.log
    reviewed = json.loads((acme.clone / "audit.json").read_text())["plan_checksum"]
    assert reviewed in audit.log

    assert acme.run("Enforce", REVIEWED="").exit_code == 2
    assert acme.run("Enforce", REVIEWED="0" * 64).exit_code == 7
    assert acme.writes() == 0

    enforced = acme.run("Enforce", REVIEWED=reviewed)
    assert enforced.exit_code == 0, enforced.log
    assert acme.environment("Live web", "acme/web").admin_only
    assert not acme.environment("Live sandbox-1", "acme/sandbox-1").admin_only
    assert not acme.environment("Test", "acme/web").admin_only
    assert acme.run("Audit", READ_ONLY_API_TOKEN="read-only").exit_code == 0
    assert acme.run("Enforce", REVIEWED=reviewed).exit_code == 7  # the plan is another one now


def test_drift(acme: Workspace) -> None:
    page = acme.open("drift")
    scopes = frozenset({"read:pipeline:bitbucket"})
    acme.simulator.credentials.add_api_token(DEMO_EMAIL, "read-only", scopes=scopes)
    declared = {"CONFIG_FILE": "bitbucket-environments.yml", "PROD_DB_PASSWORD": "first-secret"}
    apply = " ".join(f"--env {name}={value}" for name, value in declared.items())
    credential = "--env ATLASSIAN_ACCOUNT_EMAIL --env ATLASSIAN_API_TOKEN"
    ready = acme.shell(f"docker run {credential} {apply} {PIPE['image']}")
    assert ready.exit_code == 0, ready.log

    before = acme.writes()
    check = acme.run("Check", READ_ONLY_API_TOKEN="read-only")
    assert check.exit_code == 0, check.log

    acme.environment("Production").restrict(admin_only=False)
    drifted = acme.run("Check", READ_ONLY_API_TOKEN="read-only")
    assert drifted.exit_code == 4, drifted.log
    assert acme.writes() == before
    for shown in page.logs():
        assert shown in drifted.log
    assert "<failure" in (acme.clone / "test-results/environments.xml").read_text()

    acme.environment("Production").restrict(admin_only=True)
    del acme.environment("Production").variables["DB_PASSWORD"]
    assert acme.run("Check", READ_ONLY_API_TOKEN="read-only").exit_code == 4


def test_pull_requests(acme: Workspace) -> None:
    acme.open("pull-requests")
    repository = acme.simulator.repository("acme/shop")
    repository.add_pull_request(12)
    acme.simulator.credentials.add_access_token(
        "plan-token", scopes=frozenset({"pipeline", "pullrequest:write"})
    )
    applied = acme.run("Apply", **SECRETS)
    assert applied.exit_code == 0, applied.log
    text = (acme.clone / "bitbucket-environments.yml").read_text()
    (acme.clone / "bitbucket-environments.yml").write_text(text.replace("api.", "api2."))
    before = acme.simulator.snapshot()["repositories"]

    for _ in range(2):
        plan = acme.run("Plan", PLAN_TOKEN="plan-token", BITBUCKET_PR_ID="12")
        assert plan.exit_code == 0, plan.log

    after = acme.simulator.snapshot()["repositories"]
    assert _environments(after) == _environments(before)
    [comment] = repository.comments[12].values()
    assert "api2.acme.example" in str(comment)

    with (acme.clone / "bitbucket-environments.yml").open("a") as file:
        file.write("      NEW_TOKEN: {secured: true, from_env: NEW_TOKEN}\n")
    given = {"PLAN_TOKEN": "plan-token", "BITBUCKET_PR_ID": "12"}
    missing = acme.run("Plan", **given)
    assert missing.exit_code == 5
    assert "NEW_TOKEN" in missing.log
    command = acme.steps["Plan"].command()
    assert 'MODE="plan"' in command
    placeholder = command.replace(
        '-e MODE="plan"', '-e MODE="plan" -e NEW_TOKEN="only-for-the-plan"'
    )
    assert acme.shell(placeholder, **given).exit_code == 0
    assert _environments(acme.simulator.snapshot()["repositories"]) == _environments(before)


def _environments(repositories: object) -> object:
    assert isinstance(repositories, dict)
    return {name: each["environments"] for name, each in repositories.items()}


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(  # noqa: S603 - a repository of this test
        ["/usr/bin/env", "git", *arguments], cwd=folder, check=True, capture_output=True
    )


def test_feature_branches(acme: Workspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    acme.open("feature-branches")
    origin = tmp_path_factory.mktemp("origin")
    _git(origin, "init", "--quiet", "--initial-branch=main")
    name = ["-c", "user.name=A", "-c", "user.email=a@acme.example"]
    _git(origin, *name, "commit", "--quiet", "--allow-empty", "--message=Begin")
    branches = ["feature/login-page", "feature/search", 'feature/x"}']
    branches += ["feature/Search", "feature/a-b", "feature/a/b"]  # names that become the same
    for branch in branches:
        _git(origin, "branch", branch)
    _git(acme.clone, "init", "--quiet")
    _git(acme.clone, "remote", "add", "origin", str(origin))
    repository = acme.simulator.repository("acme/shop")
    for other, kind in (("Test", "Test"), ("Live", "Production"), ("feature-x", "Production")):
        repository.add_environment(other, kind)
    others = ["Test", "Live", "feature-x"]
    ours = ["feature-login-page", "feature-search", "feature-x--", "feature-a-b"]
    token = {
        "ENVIRONMENTS_TOKEN": DEMO_ACCESS_TOKEN,
        "ATLASSIAN_ACCOUNT_EMAIL": "",
        "ATLASSIAN_API_TOKEN": "",
    }

    for branch in branches:
        create = acme.run("Create", **token, BITBUCKET_BRANCH=branch)
        assert create.exit_code == 0, create.log
    assert acme.names() == [*others, *ours]
    url = acme.environment("feature-login-page").variables["URL"].value
    assert url == "https://feature-login-page.preview.acme.example"

    before = acme.writes()
    assert acme.run("Clean up", **token).exit_code == 0
    assert acme.writes() == before

    _git(origin, "branch", "--delete", "--force", "feature/login-page")  # merged
    cleaned = acme.run("Clean up", **token)
    assert cleaned.exit_code == 0, cleaned.log
    assert acme.names() == [*others, *ours[1:]]

    _git(origin, "branch", "--delete", "--force", *branches[1:])  # the last ones
    cleaned = acme.run("Clean up", **token)
    assert cleaned.exit_code == 0, cleaned.log
    assert acme.names() == others

    _git(acme.clone, "remote", "set-url", "origin", str(origin / "nowhere"))
    before = acme.writes()
    assert acme.run("Clean up", **token).exit_code != 0  # Git lists nothing: nothing is deleted
    assert acme.writes() == before


def test_adopt(acme: Workspace) -> None:
    page = acme.open("adopt")
    repository = acme.simulator.repository("acme/shop")
    repository.add_environment("Test", "Test")
    production = repository.add_environment("Production", "Production", admin_only=True)
    production.add_branch("main")
    production.set_variable("API_URL", "https://api.acme.example")
    production.set_variable("DB_PASSWORD", "by-hand", secured=True)

    acme.simulator.credentials.add_api_token(DEMO_EMAIL, "read-only", scopes=READ_ONLY)
    export = acme.run("Export", READ_ONLY_API_TOKEN="read-only")
    assert export.exit_code == 0, export.log
    written = (acme.clone / "bitbucket-environments.yml").read_text()
    [shown] = [
        each.text for each in blocks(page.text, "yaml") if each.text.startswith("variables:")
    ]
    exported = yaml.safe_load(written)["environments"]
    assert yaml.safe_load(shown)["variables"] in [each.get("variables") for each in exported]
    assert "by-hand" not in written
    [printing] = [each.text for each in blocks(page.text, "sh")]
    acme.shell(printing.replace("bitbucket-environments.yml", "printed.yml"))
    assert (acme.clone / "printed.yml").read_text() == written

    applied = acme.run("Apply")
    assert applied.exit_code == 0, applied.log
    assert acme.writes() == 0
    for text in page.logs():
        assert text in applied.log


def test_many_repositories(acme: Workspace) -> None:
    acme.open("many-repositories")
    slugs = ["payments", *(f"svc-{number}" for number in range(9)), "sandbox-1"]
    for slug in slugs:
        acme.simulator.add_repository(
            "acme", slug, environments=[("Test", "Test", False), ("Live", "Production", False)]
        )
    for token in ("token-1", "token-2"):
        acme.simulator.credentials.add_access_token(token)
    no_api_token = {"ATLASSIAN_ACCOUNT_EMAIL": "", "ATLASSIAN_API_TOKEN": ""}

    done: list[str] = []
    for number, step in enumerate(("First half", "Second half")):
        ended = acme.run(
            step,
            **no_api_token,
            WORKSPACE_TOKEN=f"token-{number + 1}",
            BITBUCKET_PARALLEL_STEP=str(number),
            BITBUCKET_PARALLEL_STEP_COUNT="2",
        )
        assert ended.exit_code == 0, ended.log
        report = json.loads((acme.clone / f"report-{number + 1}.json").read_text())
        done += [each["slug"] for each in report["repositories"]]

    assert sorted(done) == sorted({*slugs, "shop"} - {"sandbox-1"})
    assert acme.environment("Live", "acme/svc-1").admin_only
    assert acme.environment("Test", "acme/payments").admin_only
    assert not acme.environment("Test", "acme/svc-1").admin_only
    assert not acme.environment("Live", "acme/sandbox-1").admin_only


def test_from_terraform(acme: Workspace) -> None:
    acme.open("from-terraform")
    repository = acme.simulator.repository("acme/shop")
    production = repository.add_environment("Production", "Production", admin_only=True)
    production.set_variable("DB_PASSWORD", "by-terraform", secured=True)

    acme.simulator.credentials.add_api_token(DEMO_EMAIL, "read-only", scopes=READ_ONLY)
    compared = acme.run("Compare", READ_ONLY_API_TOKEN="read-only")

    assert (compared.exit_code, acme.writes()) == (0, 0), compared.log

    applied = acme.run(
        "Apply", DB_PASSWORD="by-terraform", FINGERPRINT_KEY=SECRETS["FINGERPRINT_KEY"]
    )
    assert applied.exit_code == 0, applied.log
    before = acme.writes()
    again = acme.run(
        "Apply", DB_PASSWORD="by-terraform", FINGERPRINT_KEY=SECRETS["FINGERPRINT_KEY"]
    )
    assert (again.exit_code, acme.writes()) == (0, before), again.log


def test_from_a_script(acme: Workspace) -> None:
    page = acme.open("from-a-script")
    for _ in range(2):
        ended = acme.run("Environment", BITBUCKET_ACCESS_TOKEN=DEMO_ACCESS_TOKEN)
        assert ended.exit_code == 0, ended.log
    assert acme.writes() == 1
    assert acme.environment("Test-Env").admin_only

    with httpx.Client(headers={"Authorization": f"Bearer {DEMO_ACCESS_TOKEN}"}) as session:
        url = f"{acme.step['BITBUCKET_API_URL']}/2.0/repositories/acme/shop/environments"
        [found] = session.get(url).json()["values"]
        body = {
            "name": "Test-Env",
            "environment_type": {"name": "Test"},
            "restrictions": {"admin_only": True},
        }
        answer = session.post(f"{url}/{quote(found['uuid'])}/changes", json={"change": body})
    assert answer.status_code == 400  # as the page says of the script's second run

    [script] = [each.text for each in blocks(page.text, "python")]
    bench = (PROJECT / "bench/contenders/customer.py").read_text()
    for line in re.findall(r"^ *((?:listed|answer|found|change) = .*)$", script, re.MULTILINE):
        assert line.replace("timeout=30", "timeout=TIMEOUT") in bench


def test_an_access_token_where_an_api_token_is_stored(acme: Workspace) -> None:
    empty = {"ATLASSIAN_ACCOUNT_EMAIL": "", "ATLASSIAN_API_TOKEN": ""}
    given = {"BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN, "ENVIRONMENT_NAME": "*"}
    for passed, kind in (({}, "API token"), (empty, "access token")):
        ended = acme.run(Step("", [{"pipe": REFERENCE, "variables": given | passed}]))
        assert f"authenticated by {kind}" in ended.log, ended.log


@pytest.mark.parametrize("name", [each.path.stem for each in PAGES])
def test_every_page_has_a_story(name: str) -> None:
    known = "administrators_only" if name == "admin-only" else name.replace("-", "_")
    assert f"test_{known}" in globals()


def test_every_page_shows_one_pipeline() -> None:
    assert {each.path.stem for each in PAGES} >= {"drift", "adopt", "pull-requests"}
    assert all(PIPELINES in each.files for each in PAGES)
