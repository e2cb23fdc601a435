"""The pages about one repository: each example does what its page says."""

import subprocess
from pathlib import Path

import pytest

from simulator.state.credentials import DEMO_ACCESS_TOKEN, DEMO_EMAIL
from tests.repository.pages import SECRETS, Workspace
from tests.repository.pipelines import PIPE


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
    subprocess.run(["/usr/bin/env", "git", *arguments], cwd=folder, check=True, capture_output=True)


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
