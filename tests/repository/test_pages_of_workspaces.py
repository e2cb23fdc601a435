"""The pages about many repositories: each example does what its page says."""

import json

from simulator.state.credentials import DEMO_EMAIL
from tests.repository.pages import READ_ONLY, Workspace


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
