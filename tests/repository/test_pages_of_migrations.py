"""The pages about replacing something else: each example does what its page says."""

import re
from urllib.parse import quote

import httpx
import yaml

from simulator.state.credentials import DEMO_ACCESS_TOKEN, DEMO_EMAIL
from tests.repository.markdown import PROJECT, blocks
from tests.repository.pages import READ_ONLY, SECRETS, Workspace
from tests.repository.pipelines import REFERENCE, Step


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
