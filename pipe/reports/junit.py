"""Render the JUnit report for the Tests tab: one suite a repository, one case an item."""

from collections.abc import Iterable
from io import BytesIO
from typing import Final

from junitparser import Error, Failure, JUnitXml, Skipped, SystemOut, TestCase, TestSuite

from pipe.models.errors import Problem
from pipe.reports.presentation import BAD, ItemView, RepositoryView, RunView, problem_texts
from pipe.reports.text import one_line

_NAME: Final = "Bitbucket Environment"


def render(view: RunView) -> str:
    """Return the report as text."""
    document = JUnitXml(_NAME)
    skipped = [("Repository", Skipped("not started"))]
    suites = [_run(view), *(_repository(each) for each in view.repositories)]
    suites += [_suite(name, skipped) for name in view.remaining]
    for suite in suites:
        suite.timestamp = view.about.at.strftime("%Y-%m-%dT%H:%M:%S")
        # Not add_testsuite: it compares each suite with all others.
        document.append(suite)
    document.update_statistics()
    document.time = round(view.result.seconds, 3)
    out = BytesIO()
    document.write(out, pretty=True)
    return out.getvalue().decode()


_Result = Error | Failure | Skipped | SystemOut | None


def _run(view: RunView) -> TestSuite:
    """Return the suite of the run as a whole."""
    cases: list[tuple[str, _Result]] = [_problem(each.key, each) for each in view.result.problems]
    for error in view.result.config_errors:
        text = f"{one_line(error.source)}: {one_line(error.message)}"
        cases.append(("Configuration", _result(Error, "configuration", [text])))
    properties = {"Summary": view.summary}
    if view.plan is not None:
        properties["Plan"] = view.plan
    return _suite("Run", cases, properties)


def _repository(view: RepositoryView) -> TestSuite:
    cases: list[tuple[str, _Result]] = [(each.name, _item(each)) for each in view.items]
    if view.problem is not None:
        cases.insert(0, _problem("Repository", view.problem))
    return _suite(view.name, cases)


def _suite(
    name: str, cases: Iterable[tuple[str, _Result]], properties: dict[str, str] | None = None
) -> TestSuite:
    suite = TestSuite(name)
    for key, value in (properties or {}).items():
        suite.add_property(key, value)
    for title, result in cases:
        case = TestCase(title, name, 0)
        if result is not None:
            case.append(result)
        suite.append(case)
    return suite


def _item(view: ItemView) -> _Result:
    details = view.details
    if view.state in BAD:
        return _result(Failure, view.state, [view.verdict, *details])
    return SystemOut("\n".join([view.verdict, *details])) if details else None


def _problem(name: str, problem: Problem) -> tuple[str, _Result]:
    return name, _result(Error, problem.key, problem_texts(problem))


def _result(kind: type[Error | Failure], key: str, lines: list[str]) -> Error | Failure:
    result = kind(lines[0], key)
    result.text = "\n".join(lines)
    return result
