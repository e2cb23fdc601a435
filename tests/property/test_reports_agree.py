"""Every report of a run tells the same numbers, and nothing from outside breaks out of any."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
from hypothesis import given
from markdown_it import MarkdownIt
from msgspec.structs import asdict

from pipe.fleet.recorder import without_secrets
from pipe.models.results import RunResult, count_environments, count_variables
from pipe.publishing import code_insights
from pipe.redaction import Redactor
from pipe.reports import html, junit, markdown
from pipe.reports import json as json_report
from pipe.reports.log import repository_lines, summary, summary_lines
from pipe.reports.presentation import GOOD, pipelines_state, state_of
from pipe.reports.text import one_line
from tests.support.results import ABOUT, runs
from tests.unit.reports.samples import holding

CANARY = "canary-" + "5up3r" + "-secret-value"
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schema" / "report.schema.json").read_text("utf-8")
)
SOURCE = code_insights.Source(path="environments.yml", lines={"Test": 3})
COMMONMARK = MarkdownIt("commonmark")


def log_of(result: RunResult) -> list[str]:
    several = len(result.repositories) > 1
    told = [
        line.text
        for each in result.repositories
        for line in repository_lines(each, mode=result.mode, several=several)
    ]
    return [*told, *(line.text for line in summary_lines(result))]


def all_of(result: RunResult) -> dict[str, str]:
    return {
        "log": "\n".join(log_of(result)),
        "json": json_report.render(result, ABOUT),
        "junit": junit.render(result, ABOUT),
        "markdown": markdown.render(result, ABOUT),
        "html": html.render(result, ABOUT),
        "insights": json.dumps(
            [code_insights.report(result, ABOUT), *code_insights.notes(result, SOURCE, "x")]
        ),
    }


class Page(HTMLParser):
    """What a browser makes of the page, roughly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.badges: list[str] = []
        self.options: dict[str, int] = {}
        self.paragraphs: list[str] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "input"):
            self._open.append((tag, dict(attrs)))
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name not in ("src", "style", "srcdoc"), name
            assert name != "href" or value == ABOUT.pipeline_url

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tag, attrs = self._open[-1] if self._open else ("", {})
        if tag == "span" and attrs.get("class") == "state":
            self.badges.append(data.strip())
        if tag == "option" and attrs.get("value"):
            number = re.search(r"\((\d+)\)", data)
            assert number
            self.options[str(attrs["value"])] = int(number[1])
        if tag == "p":
            self.paragraphs.append(data)


def states_of(result: RunResult) -> Counter[str]:
    return Counter(str(state_of(each, result.mode)) for each in result.environments)


@given(runs())
def test_the_numbers_are_the_same_everywhere(result: RunResult) -> None:
    found = states_of(result)
    told = summary(result)

    # The sentence that sums up the run, and so every number in it, stands in each.
    flat = " ".join(" ".join(log_of(result)).split())
    assert told in flat
    assert markdown.escape(told) in markdown.render(result, ABOUT)
    web = Page(html.render(result, ABOUT))
    assert told in web.paragraphs
    assert told in str(code_insights.report(result, ABOUT)["details"])

    # Environments by state: counted from what each report shows of every single one.
    document = json_report.document(result)
    assert document["summary"] == {
        "environments": asdict(count_environments(result.environments)),
        "variables": asdict(count_variables(result.environments)),
    }
    assert _json_outcomes(document) == Counter(str(each.outcome) for each in result.environments)
    if result.repositories or result.remaining:
        assert web.options == dict(found)
    data = {item["title"]: item["value"] for item in _data(code_insights.report(result, ABOUT))}
    assert {name: data.get(f"Environments {name}", 0) for name in found} == dict(found)
    cases, bad = _junit(junit.render(result, ABOUT))
    pipelines = [
        pipelines_state(each.pipelines, result.mode)
        for each in result.repositories
        if each.pipelines
    ]
    assert cases == len(result.environments) + len(pipelines)
    wrong = [*(state_of(each, result.mode) for each in result.environments), *pipelines]
    assert bad == sum(state not in GOOD for state in wrong)
    verdicts = [
        line for line in log_of(result) if line.startswith(("✔ ", "✖ ")) and "requests" not in line
    ]
    assert len(verdicts) >= len(result.environments)


def _json_outcomes(document: Any) -> Counter[str]:  # noqa: ANN401 - parsed JSON
    return Counter(
        each["outcome"] for one in document["repositories"] for each in one["environments"]
    )


def _data(report: Any) -> Any:  # noqa: ANN401 - parsed JSON
    return report["data"]


def _junit(text: str) -> tuple[int, int]:
    root = ET.fromstring(text)  # noqa: S314 - written by this program a moment ago
    for suites in (*([suite] for suite in root), list(root)):
        cases = [case for suite in suites for case in suite]
        owner = suites[0] if len(suites) == 1 and suites[0].tag == "testsuite" else root
        if owner is not root:
            assert int(owner.attrib["tests"]) == len(cases)
            assert int(owner.attrib["failures"]) == len(owner.findall("testcase/failure"))
            assert int(owner.attrib["errors"]) == len(owner.findall("testcase/error"))
    told = [case for case in root.iter("testcase") if case.find("error") is None]
    told = [case for case in told if case.find("skipped") is None]
    assert int(root.attrib["tests"]) == len(list(root.iter("testcase")))
    return len(told), len(list(root.iter("failure")))


@given(runs())
def test_the_schema_describes_every_report(result: RunResult) -> None:
    report = json.loads(json_report.render(result, ABOUT))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)


@given(runs())
def test_nothing_from_outside_becomes_markup(result: RunResult) -> None:
    web = Page(html.render(result, ABOUT))
    assert web.tags.count("script") <= 1
    assert "img" not in web.tags

    page = COMMONMARK.render(markdown.render(result, ABOUT))
    tags = set(re.findall(r"<([a-z0-9]+)", page))
    assert tags <= {"h3", "h4", "p", "strong", "code", "pre", "ul", "li", "blockquote", "a", "br"}
    assert set(re.findall(r'href="([^"]*)"', page)) <= {ABOUT.pipeline_url}

    for line in "\n".join(log_of(result)).split("\n"):
        assert line == one_line(line)
        assert "\x1b" not in line


@given(runs())
def test_the_log_is_made_of_short_lines(result: RunResult) -> None:
    # A repository's name is at most 62 characters; the longest here is made up.
    for line in log_of(result):
        if "x" * 100 not in line:
            assert len(line) <= 260
        assert line == line.rstrip() or line.endswith("�")


@given(runs(CANARY))
def test_no_report_shows_a_secured_value(result: RunResult) -> None:
    for name, text in all_of(result).items():
        assert CANARY not in text, name
        assert CANARY[:8] not in text, name


@given(runs())
def test_a_comment_is_never_too_long(result: RunResult) -> None:
    assert len(markdown.render(result, ABOUT, 5000)) <= 5000


def test_a_plain_value_that_is_a_secret_elsewhere_is_masked() -> None:
    clean = Redactor([CANARY]).clean
    cleaned = without_secrets(holding(CANARY), clean)
    assert CANARY not in repr(cleaned)
