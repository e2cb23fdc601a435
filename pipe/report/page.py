"""The report as one web page that needs nothing else (pure, but for reading its style and script).

The page is a tree of elements until the very end, so that text from outside can't become markup;
and a content security policy names the one style and the one script by their hashes, so that even
then nothing of it would run. Without scripts, everything but the search works.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pipe import VERSION
from pipe.errors import ExitCode
from pipe.report.log import planned, summary
from pipe.report.matrix import add_table
from pipe.report.pieces import problem, text
from pipe.report.text import counted
from pipe.report.views import State, states
from pipe.settings.values import Mode

if TYPE_CHECKING:
    from pipe.report.details import About
    from pipe.results import RunResult

_TITLE: Final = "Bitbucket Environment"


def render(result: RunResult, about: About) -> str:
    """Return the report as text."""
    style, script = (_beside(name) for name in ("page.css", "page.js"))
    page = Element("html", lang="en")
    head = SubElement(page, "head")
    SubElement(head, "meta", charset="utf-8")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    SubElement(head, "meta", name="referrer", content="no-referrer")
    text(head, "title", f"{_TITLE}: {result.outcome}")
    SubElement(head, "style").text = style
    body = SubElement(page, "body")
    _add_head(SubElement(body, "header"), result, about)
    main = SubElement(body, "main")
    _add_problems(main, result)
    if result.repositories or result.remaining:
        _add_tools(main, result)
        add_table(main, result)
        SubElement(body, "script").text = script
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _add_head(header: Element, result: RunResult, about: About) -> None:
    good = result.exit_code is ExitCode.OK
    title = text(header, "h1", f"{_TITLE}: ")
    text(title, "span", f"{'✔' if good else '✖'} {result.outcome}", "good" if good else "bad")
    if result.mode in (Mode.PLAN, Mode.CHECK) and not result.faults:
        text(text(header, "p", ""), "strong", planned(result))
    text(header, "p", summary(result))
    facts = text(header, "p", f"{str(result.mode).capitalize()}, ", "facts")
    moment = SubElement(facts, "time", datetime=about.at.isoformat())
    moment.text = about.at.strftime("%Y-%m-%d %H:%M UTC")
    moment.tail = f", version {VERSION}"
    if about.pipeline_url is not None:
        moment.tail += ", "
        link = text(facts, "a", f"pipeline {about.context.build_number}")
        link.set("href", about.pipeline_url)
    if result.plan_checksum is not None and result.mode in (Mode.PLAN, Mode.CHECK):
        checksum = text(header, "p", "Plan checksum: ", "facts")
        text(checksum, "code", result.plan_checksum)


def _add_problems(main: Element, result: RunResult) -> None:
    for each in result.problems:
        problem(main, each)
    if result.faults:
        text(main, "h2", counted(len(result.faults), "error") + " in the configuration")
    for fault in result.faults:
        box = SubElement(main, "div", {"class": "problem"})
        text(text(box, "p", ""), "code", fault.where)
        text(box, "p", fault.message)


def _add_tools(main: Element, result: RunResult) -> None:
    tools = SubElement(main, "form", {"class": "tools", "role": "search", "hidden": ""})
    SubElement(
        text(tools, "label", "Search"),
        "input",
        {"type": "search", "autocomplete": "off", "spellcheck": "false"},
    )
    choice = SubElement(text(tools, "label", "State"), "select")
    text(choice, "option", "all").set("value", "")
    counts = states(result)
    for state in State:
        if state in counts:
            text(choice, "option", f"{state} ({counts[state]})").set("value", state)
    text(tools, "button", "Open all differences").set("type", "button")
    SubElement(tools, "output", role="status")
