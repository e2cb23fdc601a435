"""The Tests tab shows what someone has to look at."""

from pathlib import Path
from xml.etree import ElementTree as ET

from msgspec.structs import replace

from pipe.models.changes import Keep, Refuse, SetAdminOnly, Update
from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError, ExitCode
from pipe.models.results import Counts, Mode, Outcome, RepositoryResult, RunResult, planned
from pipe.reports.junit import render
from tests.support.values import FAILURE, SHOP, env
from tests.unit.reports.samples import DELETION, view

REFUSAL = replace(FAILURE, code=ExitCode.REFUSED)
DRIFT = RepositoryResult(
    repository=SHOP,
    environments=(
        planned(Keep(name="Test", existing=env("Test"))),
        planned(
            Update(existing=env("Production"), changes=(SetAdminOnly(before=False, after=True),))
        ),
        planned(Refuse(name="Old", existing=None, problem=REFUSAL)),
    ),
)
CHECK = RunResult(
    mode=Mode.CHECK, repositories=(DRIFT,), counts=Counts(total=1, reads=1), seconds=1.5
)


def test_drift_is_a_failure_with_its_difference() -> None:
    expected = Path(__file__).with_name("expected") / "junit.xml"
    assert render(view(CHECK)) == expected.read_text("utf-8")


def test_a_planned_change_is_no_failure() -> None:
    root = ET.fromstring(render(view(replace(CHECK, mode=Mode.PLAN))))
    assert root.attrib["failures"] == "1"
    case = root.find("testsuite/testcase[@name='Production']")
    assert case is not None
    assert case.findtext("system-out") == "would be updated\n~ admin_only  false → true"


def test_a_plan_names_every_variable_that_is_lost() -> None:
    run = replace(CHECK, mode=Mode.PLAN, repositories=(DELETION,))
    root = ET.fromstring(render(view(run)))
    case = root.find("testsuite/testcase[@name='Old']")
    assert case is not None
    assert case.findtext("system-out") == (
        "would be deleted (declared absent)\n"
        "- variables.API_URL      https://api.acme.example\n"
        "- variables.DB_PASSWORD  secured value"
    )
    properties = {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}
    assert properties["Plan"] == "0 to create, 0 to change, 1 to delete, 0 unchanged"


def test_problems_of_a_repository_and_of_the_run_are_errors() -> None:
    run = replace(
        CHECK,
        repositories=(
            RepositoryResult(repository=SHOP, problem=FAILURE, pipelines=Outcome.FAILED),
        ),
        problems=(FAILURE,),
        config_errors=(ConfigError("MODE", "is wrong"),),
        remaining=(Repository("acme", "api"),),
    )
    root = ET.fromstring(render(view(run)))
    assert [suite.attrib["name"] for suite in root] == ["Run", "acme/shop", "acme/api"]
    assert [error.text for error in root.iter("error")] == [
        "It.\nWhy: Because.\nWhat to do: Do.",
        "MODE: is wrong",
        "It.\nWhy: Because.\nWhat to do: Do.",
    ]
    assert [failure.text for failure in root.iter("failure")] == ["can't be applied"]
    assert [each.attrib["message"] for each in root.iter("skipped")] == ["not started"]
    assert (root.attrib["errors"], root.attrib["skipped"]) == ("3", "1")
