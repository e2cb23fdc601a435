"""Under the profile `documented`, every answer is what the published description says.

The description is not part of this repository. Where `../shared/openapi/` has it beside the
repository, these tests run; elsewhere they say that they did not.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from simulator.behaviour.profiles import DOCUMENTED
from simulator.state.journal import RequestRecord
from tests.simulator.harness import Bench

DESCRIPTION = (
    Path(__file__).resolve().parents[3] / "shared" / "openapi" / "bitbucket-cloud.subset.json"
)

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.is_file(),
    reason="NOT RUN: the published description of Bitbucket's API is not beside the repository",
)

TYPE = "deployment_environment"
REPORT = "/repositories/acme/shop/commit/0123abc/reports/environments"
REPORT_BODY: dict[str, Any] = {
    "type": "report",
    "title": "Environments",
    "details": "Drift",
    "report_type": "TEST",
    "result": "FAILED",
    "data": [
        {"title": "More", "type": "LINK", "value": {"text": "a", "href": "https://a.example"}}
    ],
}
ANNOTATION = {
    "type": "report_annotation",
    "external_id": "1",
    "annotation_type": "BUG",
    "summary": "drift",
}


@cache
def description() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return document


def operation(record: RequestRecord) -> dict[str, Any]:
    """Find the published operation of a request."""
    path = record.path.removeprefix("/2.0").rstrip("/")
    for template, operations in description()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and record.method.lower() in operations:
            found: dict[str, Any] = operations[record.method.lower()]
            return found
    message = f"{record.method} {path} is not published"
    raise AssertionError(message)


def check(schema: dict[str, Any], instance: Any) -> None:
    whole = {**schema, "components": description()["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(instance)


class Published(Bench):
    """A bench that holds every answer to the description."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names, profile=DOCUMENTED)
        self.checked: set[tuple[str, int]] = set()
        self.client.event_hooks = {"response": [self._check]}

    def _check(self, response: httpx.Response) -> None:
        published = operation(self.sim.requests[-1])
        self.checked.add((published["operationId"], response.status_code))
        body = response.read()
        if str(response.status_code) not in published["responses"]:
            # Statuses that are not published have the published shape of errors.
            assert response.status_code >= 400
            check({"$ref": "#/components/schemas/error"}, json.loads(body))
            return
        answer = published["responses"][str(response.status_code)]
        assert {name.lower() for name in answer.get("headers", {})} <= set(response.headers)
        if "content" in answer:
            check(answer["content"]["application/json"]["schema"], json.loads(body))
        else:
            assert body == b""


def test_environments() -> None:
    bench = Published("Test")
    bench.create("New", type=TYPE)
    bench.create("New", type=TYPE)
    bench.create("New")
    bench.create("New", "QA", type=TYPE)
    bench.listed()
    bench.client.get(bench.at())
    bench.client.get(f"{bench.environments}/%7Bnope%7D")
    bench.change(name="Other")
    bench.change("Other", lock="OPEN")
    bench.client.post(f"{bench.environments}/%7Bnope%7D/changes", json={"change": {}})
    at = bench.at("Other")
    bench.client.delete(at)
    bench.client.delete(at)
    bench.client.get(bench.environments, headers={"Authorization": "Bearer wrong"})
    bench.client.get("/repositories/acme/nope/environments")
    assert bench.checked == {
        ("createEnvironment", 201),
        ("createEnvironment", 400),
        ("createEnvironment", 409),
        ("getEnvironmentsForRepository", 200),
        ("getEnvironmentsForRepository", 401),
        ("getEnvironmentsForRepository", 404),
        ("getEnvironmentForRepository", 200),
        ("getEnvironmentForRepository", 404),
        ("updateEnvironmentForRepository", 202),
        ("updateEnvironmentForRepository", 400),
        ("updateEnvironmentForRepository", 404),
        ("deleteEnvironmentForRepository", 204),
        ("deleteEnvironmentForRepository", 404),
    }


def test_variables() -> None:
    bench = Published("Test")
    at = bench.set("A", "b").headers["Location"]
    bench.set("A")
    bench.set("1")
    bench.set("TOKEN", "secret", secured=True)
    for number in range(10):
        bench.set(f"KEY_{number}")
    bench.client.get(bench.client.get(bench.variables()).json()["next"])
    bench.client.put(at, json={"key": "A", "value": "c", "secured": True})
    bench.client.delete(at)
    bench.client.delete(at)
    bench.client.put(at, json={})
    bench.sim.credentials.add_access_token("narrow", scopes=frozenset({"repository"}))
    bench.client.get(bench.variables(), headers={"Authorization": "Bearer narrow"})
    assert bench.checked == {
        ("createDeploymentVariable", 201),
        ("createDeploymentVariable", 400),
        ("createDeploymentVariable", 409),
        ("getDeploymentVariables", 200),
        ("getDeploymentVariables", 403),
        ("updateDeploymentVariable", 200),
        ("updateDeploymentVariable", 404),
        ("deleteDeploymentVariable", 204),
        ("deleteDeploymentVariable", 404),
    }


def test_everything_else() -> None:
    bench = Published()
    client = bench.client
    config = "/repositories/acme/shop/pipelines_config"
    client.get(config)
    client.put(config, json={"type": "pipelines_config", "enabled": True})
    client.get(config)
    client.get("/repositories/acme")
    client.get("/repositories/nope")
    client.get("/repositories/acme/shop")
    client.get("/repositories/acme/nope")
    client.get(REPORT)
    client.put(REPORT, json=REPORT_BODY)
    client.put(REPORT, json={})
    client.get(REPORT)
    client.post(f"{REPORT}/annotations", json=[ANNOTATION])
    client.post(f"{REPORT}/annotations", json=[])
    client.get(f"{REPORT}/annotations")
    client.delete(REPORT)
    assert bench.checked == {
        ("getRepositoryPipelineConfig", 404),
        ("updateRepositoryPipelineConfig", 200),
        ("getRepositoryPipelineConfig", 200),
        ("listRepositoriesInAWorkspace", 200),
        ("listRepositoriesInAWorkspace", 404),
        ("getARepository", 200),
        ("getARepository", 404),
        ("getReport", 404),
        ("createOrUpdateReport", 200),
        ("createOrUpdateReport", 400),
        ("getReport", 200),
        ("bulkCreateOrUpdateAnnotations", 200),
        ("bulkCreateOrUpdateAnnotations", 400),
        ("getAnnotationsForReport", 200),
        ("deleteReport", 204),
    }


def test_a_deviation_from_the_description_is_found() -> None:
    with pytest.raises(Exception, match="required property"):
        check({"$ref": "#/components/schemas/error"}, {"message": "no type"})
