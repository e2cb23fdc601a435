"""The Tests tab shows what someone has to look at."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from msgspec.structs import replace

from pipe.models.changes import Keep, Refuse, SetAdminOnly, Update
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError
from pipe.models.results import Counts, Mode, Outcome, RepositoryResult, RunResult, planned
from pipe.reports.junit import render
from tests.support.results import ABOUT
from tests.support.values import SHOP, TROUBLE, env

DRIFT = RepositoryResult(
    repository=SHOP,
    environments=(
        planned(Keep(name="Test", existing=env("Test"))),
        planned(
            Update(existing=env("Production"), changes=(SetAdminOnly(before=False, after=True),))
        ),
        planned(Refuse(name="Old", existing=None, problem=TROUBLE)),
    ),
)
CHECK = RunResult(
    mode=Mode.CHECK, repositories=(DRIFT,), counts=Counts(total=1, reads=1), seconds=1.5
)


def test_drift_is_a_failure_with_its_difference() -> None:
    expected = Path(__file__).with_name("expected") / "junit.xml"
    assert render(CHECK, ABOUT) == expected.read_text("utf-8")


def test_what_a_plan_would_do_is_no_failure() -> None:
    root = ET.fromstring(render(replace(CHECK, mode=Mode.PLAN), ABOUT))  # noqa: S314 - our own
    assert root.attrib["failures"] == "1"
    case = root.find("testsuite/testcase[@name='Production']")
    assert case is not None
    assert case.findtext("system-out") == "would be updated\nadmin_only  false → true"


def test_trouble_of_a_repository_and_of_the_run_is_an_error() -> None:
    run = replace(
        CHECK,
        repositories=(
            RepositoryResult(repository=SHOP, problem=TROUBLE, pipelines=Outcome.FAILED),
        ),
        problems=(TROUBLE,),
        faults=(ConfigError("MODE", "is wrong"),),
        remaining=(Repository("acme", "api"),),
    )
    root = ET.fromstring(render(run, ABOUT))  # noqa: S314 - our own
    assert [suite.attrib["name"] for suite in root] == ["Run", "acme/shop", "acme/api"]
    assert [error.text for error in root.iter("error")] == [
        "MODE: is wrong",
        "It.\nWhy: Because.\nWhat to do: Do.",
        "It.\nWhy: Because.\nWhat to do: Do.",
    ]
    assert [failure.text for failure in root.iter("failure")] == ["failed"]
    assert [each.attrib["message"] for each in root.iter("skipped")] == ["not begun"]
    assert (root.attrib["errors"], root.attrib["skipped"]) == ("3", "1")
