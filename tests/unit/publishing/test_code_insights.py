"""The report on a commit has the format that Bitbucket takes, and annotates the right lines."""

from typing import Any

import pytest
from msgspec.structs import replace

from pipe.models.changes import Create, SetName, SetType, Update
from pipe.models.declaration import Repository
from pipe.models.results import (
    Counts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
    planned,
)
from pipe.publishing.code_insights import (
    DeclarationSource,
    build_annotations,
    build_report,
    relative_path,
)
from pipe.reports.presentation import About, present, present_repository
from pipe.settings.pipelines import PipelineContext
from tests.support.results import ABOUT
from tests.support.values import FAILURE, SHOP, TEST, declared, env
from tests.unit.reports.samples import DELETION, view
from tests.unit.reports.test_junit import CHECK
from tests.unit.reports.test_markdown import LOCK

NOWHERE = DeclarationSource(path=None, lines={})
FILE = DeclarationSource(path="environments.yml", lines={"Live": 7, "prod": 9})


def test_the_report_says_what_happened() -> None:
    assert build_report(view(CHECK)) == {
        "type": "report",
        "title": "Bitbucket Environment",
        "details": "Plan: 0 to create, 1 to change, 0 to delete, 1 unchanged, 1 refused.\n"
        "Refused: 1 environment differs, 1 refused, 1 unchanged; 1 request, no retries, 1.5 s",
        "report_type": "TEST",
        "reporter": "Bitbucket Environment",
        "result": "FAILED",
        "data": [
            {"title": "Mode", "type": "TEXT", "value": "check"},
            {"title": "Repositories", "type": "NUMBER", "value": 1},
            {"title": "To create", "type": "NUMBER", "value": 0},
            {"title": "To change", "type": "NUMBER", "value": 1},
            {"title": "To delete", "type": "NUMBER", "value": 0},
            {"title": "Unchanged", "type": "NUMBER", "value": 1},
            {"title": "Refused", "type": "NUMBER", "value": 1},
            {"title": "Failed", "type": "NUMBER", "value": 0},
            {"title": "Duration", "type": "DURATION", "value": 1500},
        ],
        "link": "https://bitbucket.org/acme/infra/pipelines/results/42",
    }


def test_there_is_no_link_without_a_pipeline_and_at_most_ten_numbers() -> None:
    every = tuple(replace(LOCK, outcome=outcome) for outcome in Outcome)
    run = replace(
        CHECK,
        mode=Mode.APPLY,
        repositories=(RepositoryResult(repository=SHOP, environments=every),),
    )
    report = build_report(present(run, About(at=ABOUT.at, context=PipelineContext())))
    assert "link" not in report
    data = report["data"]
    assert isinstance(data, list)
    assert len(data) <= 10


def test_deletions_are_counted() -> None:
    run = replace(CHECK, mode=Mode.PLAN, repositories=(DELETION,))
    report: Any = build_report(view(run))
    assert {"title": "To delete", "type": "NUMBER", "value": 1} in report["data"]
    assert report["details"].startswith("Plan: 0 to create, 0 to change, 1 to delete, 0 unchanged.")


def test_a_successful_run_passes() -> None:
    run = RunResult(mode=Mode.APPLY, counts=Counts(), seconds=0)
    assert build_report(view(run))["result"] == "PASSED"
    failed = replace(run, problems=(FAILURE,))
    assert build_report(view(failed))["result"] == "FAILED"
    broken = replace(failed, repositories=(RepositoryResult(repository=SHOP, problem=FAILURE),))
    data: Any = build_report(view(broken))["data"]
    assert {"title": "Failed", "type": "NUMBER", "value": 2} in data
    assert "\nIt.\nWhy: Because." in str(build_report(view(failed))["details"])


def test_drift_and_failures_are_annotated_and_nothing_else() -> None:
    assert build_annotations(
        view(CHECK), DeclarationSource(path="e.yml", lines={"Production": 12}), "x"
    ) == [
        {
            "annotation_type": "CODE_SMELL",
            "summary": "Production: drifted, would be updated",
            "details": "~ admin_only  false → true",
            "result": "FAILED",
            "severity": "MEDIUM",
            "path": "e.yml",
            "line": 12,
            "external_id": "x-0001",
        },
        {
            "annotation_type": "BUG",
            "summary": "Old: refused, nothing was written to it",
            "details": "It.\nWhy: Because.\nWhat to do: Do.",
            "result": "FAILED",
            "severity": "HIGH",
            "path": "e.yml",
            "external_id": "x-0002",
        },
    ]


def test_a_repository_that_failed_is_annotated() -> None:
    broken = RepositoryResult(repository=SHOP, problem=FAILURE)
    drifted = RepositoryResult(repository=Repository("acme", "api"), environments=(LOCK,))
    run = replace(CHECK, repositories=(broken, drifted))
    found: Any = build_annotations(view(run), NOWHERE, "x")
    assert [each["summary"] for each in found] == [
        "acme/shop: failed",
        "acme/api · Live: drifted, would be updated",
    ]
    assert not any("path" in each or "line" in each for each in found)


def test_there_are_at_most_a_thousand_annotations() -> None:
    many = RepositoryResult(repository=SHOP, environments=(LOCK,) * 1200)
    found: Any = build_annotations(view(replace(CHECK, repositories=(many,))), NOWHERE, "x")
    assert len(found) == 1000
    assert len({each["external_id"] for each in found}) == 1000


def result(name: str, to: str | None = None) -> EnvironmentResult:
    if to is None:
        return planned(Create(declared=declared(name), type=TEST, changes=(SetType(TEST),)))
    return planned(Update(existing=env(name), changes=(SetName(name, to),)))


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (result("Live"), 7),
        (result("LIVE"), 7),
        (result("Prod"), 9),
        (result("Old", "Live"), 7),
        (result("Live", "New"), 7),
        (result("Other"), None),
    ],
)
def test_the_line_is_that_of_the_declaration(found: EnvironmentResult, line: int | None) -> None:
    repository = RepositoryResult(repository=SHOP, environments=(found,))
    (item,) = present_repository(repository, Mode.CHECK).items
    assert FILE.line_of(item) == line


@pytest.mark.parametrize(
    ("path", "clone", "expected"),
    [
        (None, "/build", None),
        ("e.yml", None, "e.yml"),
        ("./ci/e.yml", None, "ci/e.yml"),
        ("../e.yml", "/build", None),
        ("/build/ci/e.yml", "/build", "ci/e.yml"),
        ("/other/e.yml", "/build", None),
        ("/build/e.yml", None, None),
    ],
)
def test_the_path_is_relative_to_the_root(
    path: str | None, clone: str | None, expected: str | None
) -> None:
    assert relative_path(path, clone) == expected
