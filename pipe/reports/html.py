"""Render the report as one web page that needs nothing else.

The page is a tree of elements until the very end, so that text from outside can't become markup.
A content security policy names the one style and the one script by their hashes, so that even then
nothing else would run. Without scripts, everything but the search works.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pipe import VERSION
from pipe.models.errors import ExitCode, Problem
from pipe.reports.presentation import (
    BAD,
    ItemState,
    ItemView,
    RepositoryView,
    RunView,
    mark_of,
    problem_texts,
)
from pipe.reports.summary import deletions
from pipe.reports.text import counted, one_line

_TITLE: Final = "Bitbucket Environment"
_MAX_COLUMNS: Final = 5
"""More names would make the table wider than a screen: the rarer ones share a column."""
_OTHERS: Final = "Others"
_NONE: Final = "\N{EN DASH}"


def render(view: RunView) -> str:
    """Return the report as text."""
    style, script = (Path(__file__).with_name(name).read_text("utf-8") for name in _FILES)
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
    _text(head, "title", f"{_TITLE}: {view.result.outcome}")
    SubElement(head, "style").text = style
    body = SubElement(page, "body")
    _add_header(SubElement(body, "header"), view)
    main = SubElement(body, "main")
    _add_problems(main, view)
    if view.repositories or view.remaining:
        _add_tools(main, view)
        if view.is_fleet:
            _Matrix(main, view).add_rows()
        for repository in view.repositories if not view.is_fleet else ():
            _add_repository(main, repository)
        SubElement(body, "script").text = script
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


_FILES: Final = ("page.css", "page.js")


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _add_header(header: Element, view: RunView) -> None:
    good = view.result.exit_code is ExitCode.OK
    title = _text(header, "h1", f"{_TITLE}: ")
    _text(title, "span", f"{view.mark} {view.result.outcome}", "good" if good else "bad")
    if view.plan is not None:
        _add_plan(_text(header, "p", "Plan: ", "plan-line"), view)
    _text(header, "p", view.summary)
    facts = _text(header, "p", f"{str(view.result.mode).capitalize()}, ", "facts")
    moment = SubElement(facts, "time", datetime=view.about.at.isoformat())
    moment.text = view.about.at.strftime("%Y-%m-%d %H:%M UTC")
    moment.tail = f", version {VERSION}"
    if view.about.pipeline_url is not None:
        moment.tail += ", "
        link = _text(facts, "a", f"pipeline {view.about.context.build_number}")
        link.set("href", view.about.pipeline_url)
    if view.checksum is not None:
        checksum = _text(header, "p", "Plan checksum: ", "facts")
        _text(checksum, "code", view.checksum)


def _add_plan(line: Element, view: RunView) -> None:
    """Add what the plan would do; deletions as a red badge."""
    before, deleted, after = (view.plan or "").partition(deletions(view.counts))
    line.text = f"Plan: {before}"
    badge = _text(line, "span", deleted, "lost" if view.counts.delete else "")
    badge.tail = after


def _add_problems(main: Element, view: RunView) -> None:
    for each in view.result.problems:
        _add_problem(main, each)
    if view.result.config_errors:
        _text(main, "h2", counted(len(view.result.config_errors), "configuration error"))
    for error in view.result.config_errors:
        box = SubElement(main, "div", {"class": "problem"})
        _text(SubElement(box, "p"), "code", error.source)
        _text(box, "p", error.message)


def _add_tools(main: Element, view: RunView) -> None:
    tools = SubElement(main, "form", {"class": "tools", "role": "search", "hidden": ""})
    SubElement(
        _text(tools, "label", "Search"),
        "input",
        {"type": "search", "autocomplete": "off", "spellcheck": "false"},
    )
    choice = SubElement(_text(tools, "label", "State"), "select")
    _text(choice, "option", "all").set("value", "")
    counts = Counter(item.state for each in view.repositories for item in each.items)
    for state in ItemState:
        if counts[state]:
            _text(choice, "option", f"{state} ({counts[state]})").set("value", state)
    _text(tools, "button", "Open all differences").set("type", "button")
    SubElement(tools, "output", role="status")


def _add_repository(main: Element, view: RepositoryView) -> None:
    """Add the table of one repository: a row for each item, differences open."""
    _text(main, "h2", view.name)
    if view.problem is not None:
        _add_problem(main, view.problem)
    body = _table(main, "Environments", ("Environment", "Type", "State"))
    for item in view.items:
        row = _row(body, item.name, (item.state,))
        _label(_cell(row, "type"), "Type").tail = item.type or _NONE
        cell = _cell(row, _kind(item.state))
        _label(cell, "State")
        _add_item(cell, item, is_open=True)


class _Matrix:
    """One row a repository, one column a name: the names that most repositories share."""

    def __init__(self, main: Element, view: RunView) -> None:
        self._view = view
        names = Counter(item.name for each in view.repositories for item in each.items)
        frequent = {name for name, _ in names.most_common(_MAX_COLUMNS)}
        self._columns = [name for name in names if name in frequent]
        self._headers = [*self._columns, *([_OTHERS] if len(names) > len(frequent) else [])]
        headers = ("Repository", *self._headers)
        self._body = _table(main, "Repositories and their environments", headers)

    def add_rows(self) -> None:
        for each in self._view.repositories:
            row = _row(self._body, each.name, each.states)
            if each.problem is not None:
                details = _details(self._wide_cell(row, "bad"), ItemState.FAILED, is_open=False)
                for item in each.items:
                    _add_item(_text(details, "div", f"{item.name}: "), item, is_open=False)
                _add_problem(details, each.problem)
                continue
            for name in self._headers:
                others = name == _OTHERS and name not in self._columns
                found = [
                    item
                    for item in each.items
                    if (item.name not in self._columns if others else item.name == name)
                ]
                self._add_cell(row, name, found, with_names=others)
        for name in self._view.remaining:
            row = _row(self._body, name, ())
            _text(self._wide_cell(row, "none"), "span", "not started")

    def _add_cell(
        self, row: Element, name: str, items: Sequence[ItemView], *, with_names: bool
    ) -> None:
        states = {each.state for each in items}
        worst = next((each for each in reversed(ItemState) if each in states), None)
        cell = _cell(row, "none" if worst is None else _kind(worst))
        _label(cell, name)
        if not items:
            _text(cell, "span", _NONE).set("title", "none")
        holder = SubElement(cell, "div")
        for each in items:
            one = SubElement(holder, "div", {"class": _kind(each.state)})
            if with_names:
                _text(one, "span", f"{each.name}: ")
            _add_item(one, each, is_open=False)

    def _wide_cell(self, row: Element, kind: str) -> Element:
        cell = _cell(row, kind)
        cell.set("colspan", str(max(len(self._headers), 1)))
        return cell


def _kind(state: ItemState) -> str:
    """Return the classes that colour a state."""
    if state is ItemState.UNCHANGED:
        return "good unchanged"
    if state is ItemState.TO_DELETE:
        return "lost"
    if state in (ItemState.TO_CREATE, ItemState.TO_CHANGE):
        return "plan"
    return "bad" if state in BAD else "good"


def _add_item(parent: Element, item: ItemView, *, is_open: bool) -> None:
    if item.state is ItemState.UNCHANGED and not item.changes and not item.problems:
        _add_badge(parent, item.state)
        return
    details = _details(parent, item.state, is_open=is_open)
    _text(details, "p", item.verdict.capitalize())
    if item.changes:
        listed = SubElement(details, "dl")
        for each in item.changes:
            # The space does not break, so that mark and field stay together.
            _text(listed, "dt", f"{each.mark}\N{NO-BREAK SPACE}{each.field}")
            line = _text(listed, "dd", each.text, "lost" if each.mark == "-" else "")
            if each.note:
                line.text = f"{each.text} "
                _text(line, "span", f"({each.note})", "note")
    for problem in item.problems:
        _add_problem(details, problem)


def _add_badge(parent: Element, state: ItemState) -> None:
    """Add a state: the words say it, colour and mark only help."""
    element = SubElement(parent, "span", {"class": "state"})
    symbol = SubElement(element, "span", {"aria-hidden": "true"})
    symbol.text = mark_of(state)
    symbol.tail = f" {state}"


def _details(cell: Element, state: ItemState, *, is_open: bool) -> Element:
    details = SubElement(cell, "details", {"open": ""} if is_open else {})
    _add_badge(SubElement(details, "summary"), state)
    return SubElement(details, "div", {"class": "detail"})


def _add_problem(parent: Element, problem: Problem) -> None:
    first, *others = problem_texts(problem)
    box = SubElement(parent, "div", {"class": "problem"})
    _text(SubElement(box, "p"), "strong", first)
    for each in others:
        _text(box, "p", each)


def _table(main: Element, caption: str, columns: Iterable[str]) -> Element:
    # The roles are repeated, since a browser forgets them where the style shows rows as cards.
    table = SubElement(main, "table", role="table")
    _text(table, "caption", caption, "hidden")
    head = SubElement(SubElement(table, "thead", role="rowgroup"), "tr", role="row")
    for each in columns:
        _text(head, "th", each).attrib |= {"scope": "col", "role": "columnheader"}
    return SubElement(table, "tbody", {"class": "results", "role": "rowgroup"})


def _row(body: Element, name: str, states: Iterable[ItemState]) -> Element:
    row = SubElement(body, "tr", {"role": "row", "data-states": ",".join(states)})
    _text(row, "th", name).attrib |= {"scope": "row", "role": "rowheader"}
    return row


def _cell(row: Element, kind: str) -> Element:
    return SubElement(row, "td", {"class": kind, "role": "cell"})


def _label(cell: Element, name: str) -> Element:
    """Add the column's name, which shows where there are no columns."""
    label = _text(cell, "span", name, "label")
    label.set("aria-hidden", "true")
    return label


def _text(parent: Element, tag: str, content: str, kind: str = "") -> Element:
    """Add an element with text in it; the text is cleaned."""
    element = SubElement(parent, tag, {"class": kind} if kind else {})
    element.text = one_line(content)
    return element
