"""The report on a commit says what Bitbucket takes, at the right lines."""

from __future__ import annotations

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
from pipe.publishing.code_insights import MOST_DATA, Source, notes, relative_path, report
from pipe.reports.presentation import About
from pipe.settings.pipelines import PipelineContext
from tests.support.results import ABOUT
from tests.support.values import SHOP, TEST, TROUBLE, declared, env
from tests.unit.reports.test_junit import CHECK
from tests.unit.reports.test_markdown import LOCK

NOWHERE = Source(path=None, lines={})
FILE = Source(path="environments.yml", lines={"Live": 7, "prod": 9})


def test_the_report_says_what_happened() -> None:
    assert report(CHECK, ABOUT) == {
        "type": "report",
        "title": "Bitbucket Environment",
        "details": "1 environment unchanged, 1 drifted, 1 refused. Failed: 1 environment unchanged,"
        " 1 refused; 1 request (1 read), no retries; 1.5 s",
        "report_type": "TEST",
        "reporter": "Bitbucket Environment",
        "result": "FAILED",
        "data": [
            {"title": "Mode", "type": "TEXT", "value": "check"},
            {"title": "Repositories", "type": "NUMBER", "value": 1},
            {"title": "Environments unchanged", "type": "NUMBER", "value": 1},
            {"title": "Environments drifted", "type": "NUMBER", "value": 1},
            {"title": "Environments refused", "type": "NUMBER", "value": 1},
            {"title": "Duration", "type": "DURATION", "value": 1500},
        ],
        "link": "https://bitbucket.org/acme/infra/pipelines/results/42",
    }


def test_there_is_no_link_without_a_pipeline_and_never_too_much_data() -> None:
    every = tuple(replace(LOCK, outcome=outcome) for outcome in Outcome)
    run = replace(
        CHECK,
        mode=Mode.APPLY,
        repositories=(RepositoryResult(repository=SHOP, environments=every),),
    )
    told = report(run, About(at=ABOUT.at, context=PipelineContext()))
    assert "link" not in told
    data = told["data"]
    assert isinstance(data, list)
    assert len(data) <= MOST_DATA


def test_a_run_that_went_well_has_passed() -> None:
    run = RunResult(mode=Mode.APPLY, counts=Counts(), seconds=0)
    assert report(run, ABOUT)["result"] == "PASSED"
    failed = replace(run, problems=(TROUBLE,))
    assert report(failed, ABOUT)["result"] == "FAILED"
    assert "\nIt.\nWhy: Because." in str(report(failed, ABOUT)["details"])


def test_drift_and_failures_are_annotated_and_nothing_else() -> None:
    assert notes(CHECK, Source(path="e.yml", lines={"Production": 12}), "x") == [
        {
            "annotation_type": "CODE_SMELL",
            "summary": "Production: drifted, would be updated",
            "details": "admin_only  false → true",
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
    broken = RepositoryResult(repository=SHOP, problem=TROUBLE)
    drifted = RepositoryResult(repository=Repository("acme", "api"), environments=(LOCK,))
    told: Any = notes(replace(CHECK, repositories=(broken, drifted)), NOWHERE, "x")
    assert [each["summary"] for each in told] == [
        "acme/shop: failed",
        "acme/api · Live: drifted, would be updated",
    ]
    assert not any("path" in each or "line" in each for each in told)


def test_there_are_never_too_many() -> None:
    many = RepositoryResult(repository=SHOP, environments=(LOCK,) * 1200)
    told: Any = notes(replace(CHECK, repositories=(many,)), NOWHERE, "x")
    assert len(told) == 1000
    assert len({each["external_id"] for each in told}) == 1000


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
    assert FILE.line_of(found) == line


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
def test_the_path_is_seen_from_the_root(
    path: str | None, clone: str | None, expected: str | None
) -> None:
    assert relative_path(path, clone) == expected
