"""Every report of a run has the same numbers, and no text from outside becomes markup."""

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

from pipe.models.counting import count_environments, count_plan, count_variables
from pipe.models.results import RunResult
from pipe.publishing import code_insights
from pipe.redaction import Redactor
from pipe.reports import html, junit, markdown
from pipe.reports import json as json_report
from pipe.reports.log import RepositoryLog, summary_lines
from pipe.reports.presentation import BAD, RunView, present
from pipe.reports.summary import summary_parts
from pipe.reports.text import one_line
from tests.support.results import ABOUT, runs
from tests.unit.reports.samples import holding

CANARY = "canary-" + "5up3r" + "-secret-value"
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schema" / "report.schema.json").read_text("utf-8")
)
SOURCE = code_insights.DeclarationSource(path="environments.yml", lines={"Test": 3})
COMMONMARK = MarkdownIt("commonmark")


def log_of(result: RunResult) -> list[str]:
    log = RepositoryLog(mode=result.mode, is_fleet=len(result.repositories) > 1)
    lines = [line.text for each in result.repositories for line in log.result_lines(each)]
    return [*lines, *(line.text for line in summary_lines(result))]


def all_of(result: RunResult) -> dict[str, str]:
    view = present(result, ABOUT)
    insights = [
        code_insights.build_report(view),
        *code_insights.build_annotations(view, SOURCE, "x"),
    ]
    return {
        "log": "\n".join(log_of(result)),
        "json": json_report.render(view),
        "junit": junit.render(view),
        "markdown": markdown.render(view),
        "html": html.render(view),
        "insights": json.dumps(insights),
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


def states_of(view: RunView) -> Counter[str]:
    return Counter(str(item.state) for each in view.repositories for item in each.items)


@given(runs())
def test_every_report_has_the_same_numbers(result: RunResult) -> None:
    view = present(result, ABOUT)
    states = states_of(view)
    web = Page(html.render(view))
    insights = code_insights.build_report(view)

    # The sentences that sum up the plan and the run are in each report.
    assert markdown.escape(view.summary) in markdown.render(view)
    assert view.summary in web.paragraphs
    assert view.summary in str(insights["details"])
    if view.plan is not None:
        assert f"Plan: {view.plan}" in log_of(result)
        assert f"Plan: {view.plan}" in markdown.render(view)
        assert f"Plan: {view.plan}" in str(insights["details"])
    moved, last = summary_parts(result)
    flat = " ".join(" ".join(log_of(result)).split())
    assert all(part in flat for part in (*moved, last))

    # Environments by state: counted from what each report shows of every single one.
    document = json_report.document(result)
    assert document["plan"] == asdict(count_plan(result.environments))
    assert document["summary"] == {
        "environments": asdict(count_environments(result.environments)),
        "variables": asdict(count_variables(result.repositories)),
    }
    assert _json_outcomes(document) == Counter(str(each.outcome) for each in result.environments)
    if result.repositories or result.remaining:
        assert web.options == dict(states)
    data = {item["title"]: item["value"] for item in _data(insights)}
    assert data["To delete"] == count_plan(result.environments).delete
    cases, failures = _junit(junit.render(view))
    assert cases == sum(states.values())
    assert failures == sum(number for state, number in states.items() if state in BAD)
    marks = [line for line in log_of(result) if line.startswith(("✔ ", "✖ ", "+ ", "~ ", "- "))]
    assert len(marks) >= sum(states.values())


def _json_outcomes(document: Any) -> Counter[str]:
    return Counter(
        each["outcome"] for one in document["repositories"] for each in one["environments"]
    )


def _data(report: Any) -> Any:
    return report["data"]


def _junit(text: str) -> tuple[int, int]:
    """Check the numbers of each suite; return those of cases without errors, and of failures."""
    root = ET.fromstring(text)
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
    assert int(root.attrib["tests"]) == len(list(root.iter("testcase")))
    cases = [each for each in root.iter("testcase") if each.find("error") is None]
    cases = [each for each in cases if each.find("skipped") is None]
    return len(cases), len(list(root.iter("failure")))


@given(runs())
def test_the_schema_describes_every_report(result: RunResult) -> None:
    report = json.loads(json_report.render(present(result, ABOUT)))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)


@given(runs())
def test_no_text_from_outside_becomes_markup(result: RunResult) -> None:
    web = Page(html.render(present(result, ABOUT)))
    assert web.tags.count("script") <= 1
    assert "img" not in web.tags

    page = COMMONMARK.render(markdown.render(present(result, ABOUT)))
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
            assert len(line) <= 160
        assert line == line.rstrip() or line.endswith("�")


@given(runs(CANARY))
def test_no_report_shows_a_secured_value(result: RunResult) -> None:
    for name, text in all_of(result).items():
        assert CANARY not in text, name
        assert CANARY[:8] not in text, name


@given(runs())
def test_a_comment_is_never_too_long(result: RunResult) -> None:
    assert len(markdown.render(present(result, ABOUT), 5000)) <= 5000


def test_a_plain_value_that_is_a_secret_elsewhere_is_masked() -> None:
    cleaned = Redactor([CANARY]).mask(holding(CANARY))
    assert CANARY not in repr(cleaned)
