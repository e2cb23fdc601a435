"""The JUnit report, for the Tests tab: one suite a repository, one case an environment (pure).

The standard library writes it: the format is a handful of elements, and the libraries made for it
bring a parser of their own that nothing here needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pipe.models.results import EnvironmentResult, RepositoryResult, RunResult
from pipe.reports.presentation import (
    GOOD,
    About,
    State,
    change_lines,
    pipelines_state,
    problem_texts,
    state_of,
    verdict,
)
from pipe.reports.text import one_line

_NAME: Final = "Bitbucket Environment"


def render(result: RunResult, about: About) -> str:
    """Return the report as text."""
    root = Element("testsuites", name=_NAME)
    if result.faults or result.problems:
        suite = SubElement(root, "testsuite", name="Run")
        for fault in result.faults:
            text = f"{one_line(fault.source)}: {one_line(fault.message)}"
            _fail(_case(suite, "Configuration"), "error", "configuration", [text])
        for problem in result.problems:
            _fail(_case(suite, problem.key), "error", problem.key, problem_texts(problem))
    for repository in result.repositories:
        _repository(
            SubElement(root, "testsuite", name=one_line(str(repository.repository))),
            result,
            repository,
        )
    for each in result.remaining:
        suite = SubElement(root, "testsuite", name=one_line(str(each)))
        SubElement(_case(suite, "Repository"), "skipped", message="not begun")
    for suite in root:
        _count(suite, [suite])
        suite.set("timestamp", about.at.strftime("%Y-%m-%dT%H:%M:%S"))
    _count(root, root)
    root.set("time", f"{result.seconds:.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _repository(suite: Element, run: RunResult, result: RepositoryResult) -> None:
    if result.problem is not None:
        texts = problem_texts(result.problem)
        _fail(_case(suite, "Repository"), "error", result.problem.key, texts)
    if result.pipelines is not None:
        _tell(_case(suite, "Pipelines"), pipelines_state(result.pipelines, run.mode), "", [])
    for each in result.environments:
        state = state_of(each, run.mode)
        case = _case(suite, one_line(each.plan.name))
        _tell(case, state, verdict(each, run.mode), _environment(each))


def _environment(result: EnvironmentResult) -> list[str]:
    problems = [text for problem in result.problems for text in problem_texts(problem)]
    return [*change_lines(result), *problems]


def _case(suite: Element, name: str) -> Element:
    return SubElement(suite, "testcase", classname=suite.get("name", ""), name=name, time="0")


def _tell(case: Element, state: State, words: str, lines: list[str]) -> None:
    if state not in GOOD:
        _fail(case, "failure", state, [words or state, *lines])
    elif lines:
        SubElement(case, "system-out").text = "\n".join([words, *lines])


def _fail(case: Element, tag: str, kind: str, lines: list[str]) -> None:
    SubElement(case, tag, type=kind, message=lines[0]).text = "\n".join(lines)


def _count(element: Element, suites: Iterable[Element]) -> None:
    cases = [case for suite in suites for case in suite]
    element.set("tests", str(len(cases)))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(name, str(sum(case.find(tag) is not None for case in cases)))
