"""The report as one web page that needs nothing else (pure, but for reading its style and script).

The page is a tree of elements until the very end, so that text from outside can't become markup;
and a content security policy names the one style and the one script by their hashes, so that even
then nothing of it would run. Without scripts, everything but the search works.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pipe import VERSION
from pipe.models.errors import ExitCode, Problem
from pipe.models.results import EnvironmentResult, Mode, RepositoryResult, RunResult
from pipe.reports.log import planned, summary
from pipe.reports.presentation import (
    GOOD,
    About,
    State,
    difference,
    mark_of,
    note,
    pipelines_state,
    problem_texts,
    state_of,
    states,
    type_of,
    verdict,
)
from pipe.reports.text import counted, one_line


def text(parent: Element, tag: str, content: str, kind: str = "") -> Element:
    """Add an element with text in it, cleaned."""
    element = SubElement(parent, tag, {"class": kind} if kind else {})
    element.text = one_line(content)
    return element


def problem(parent: Element, told: Problem) -> None:
    """Add a failure: what happened, why, and what to do."""
    first, *others = problem_texts(told)
    box = SubElement(parent, "div", {"class": "problem"})
    text(text(box, "p", ""), "strong", first)
    for each in others:
        text(box, "p", each)


def kind_of(state: State) -> str:
    """Return the class that colours a state."""
    if state is State.UNCHANGED:
        return "good unchanged"
    if state is State.PLANNED:
        return "plan"
    return "good" if state in GOOD else "bad"


def badge(parent: Element, state: State) -> None:
    """Add a state: the words say it, colour and mark only help."""
    element = SubElement(parent, "span", {"class": "state"})
    symbol = SubElement(element, "span", {"aria-hidden": "true"})
    symbol.text = mark_of(state)
    symbol.tail = f" {state}"


def changes(parent: Element, result: EnvironmentResult) -> None:
    """Add the differences, field by field."""
    if not result.changes:
        return
    listed = SubElement(parent, "dl")
    for each in result.changes:
        text(listed, "dt", each.change.field)
        line = text(listed, "dd", difference(each.change))
        if note(each):
            line.text = f"{line.text} "
            text(line, "span", f"({note(each)})", "note")


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
        text(text(box, "p", ""), "code", fault.source)
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


_MOST_COLUMNS: Final = 6
"""More names than this would make a table that nobody can read: the rarer ones share a column."""
_OTHERS: Final = "Other environments"


def add_table(main: Element, result: RunResult) -> None:
    """Add the table that suits the number of repositories."""
    if len(result.repositories) + len(result.remaining) > 1:
        _Matrix(result).add(main)
    else:
        for each in result.repositories:
            _add_list(main, each, result.mode)


def _add_list(main: Element, result: RepositoryResult, mode: Mode) -> None:
    text(main, "h2", str(result.repository))
    if result.problem is not None:
        problem(main, result.problem)
    if result.pipelines is not None:
        state = pipelines_state(result.pipelines, mode)
        line = text(main, "p", "Pipelines: ", kind_of(state))
        badge(line, state)
    body = _table(main, "Environments", ("Environment", "Type", "State"))
    for each in result.environments:
        row = _row(body, [state_of(each, mode)])
        text(row, "th", each.plan.name).attrib |= {"scope": "row", "role": "rowheader"}
        _label(_cell(row, "type"), "Type").tail = type_of(each.plan) or "unknown"
        cell = _cell(row, kind_of(state_of(each, mode)))
        _label(cell, "State")
        _add_environment(cell, each, mode, is_open=True)


class _Matrix:
    """One row a repository, one column a name of an environment."""

    def __init__(self, result: RunResult) -> None:
        self._result = result
        self._mode = result.mode
        names = Counter(each.plan.name for each in result.environments)
        frequent = {name for name, _ in names.most_common(_MOST_COLUMNS)}
        self._columns = [name for name in names if name in frequent]
        self._has_others = len(names) > len(self._columns)

    def add(self, main: Element) -> None:
        """Add it to the page."""
        columns = [*self._columns, *([_OTHERS] if self._has_others else [])]
        body = _table(main, "Repositories and their environments", ("Repository", *columns))
        for each in self._result.repositories:
            self._add_repository(body, each, len(columns))
        for repository in self._result.remaining:
            row = _row(body, [])
            text(row, "th", str(repository)).attrib |= {"scope": "row", "role": "rowheader"}
            text(_wide(row, "none", len(columns)), "span", "not begun")

    def _add_repository(self, body: Element, result: RepositoryResult, width: int) -> None:
        found = [state_of(each, self._mode) for each in result.environments]
        if result.pipelines is not None:
            found.append(pipelines_state(result.pipelines, self._mode))
        row = _row(body, [*found, *([State.FAILED] if result.problem else [])])
        head = text(row, "th", str(result.repository))
        head.attrib |= {"scope": "row", "role": "rowheader"}
        if result.pipelines is not None:
            state = pipelines_state(result.pipelines, self._mode)
            badge(text(head, "p", "Pipelines: ", kind_of(state)), state)
        if result.problem is not None:
            cell = _wide(row, "bad", width)
            details = _details(cell, State.FAILED, is_open=False)
            problem(details, result.problem)
            return
        for name in self._columns:
            self._add_cell(
                row, name, [each for each in result.environments if each.plan.name == name]
            )
        if self._has_others:
            others = [each for each in result.environments if each.plan.name not in self._columns]
            self._add_cell(row, _OTHERS, others)

    def _add_cell(self, row: Element, name: str, results: Sequence[EnvironmentResult]) -> None:
        worst = _worst(state_of(each, self._mode) for each in results)
        cell = _cell(row, "none" if worst is None else kind_of(worst))
        _label(cell, name)
        if not results:
            text(cell, "span", "none")
        holder = SubElement(cell, "div")
        for each in results:
            one = SubElement(holder, "div", {"class": kind_of(state_of(each, self._mode))})
            if name == _OTHERS:
                text(one, "span", f"{each.plan.name}: ")
            _add_environment(one, each, self._mode, is_open=False)


def _worst(found: Iterable[State]) -> State | None:
    present = set(found)
    return next((state for state in reversed(State) if state in present), None)


def _add_environment(
    cell: Element, result: EnvironmentResult, mode: Mode, *, is_open: bool
) -> None:
    state = state_of(result, mode)
    if state is State.UNCHANGED and not result.changes and not result.problems:
        badge(cell, state)
        return
    details = _details(cell, state, is_open=is_open)
    text(details, "p", verdict(result, mode).capitalize())
    changes(details, result)
    for each in result.problems:
        problem(details, each)


def _details(cell: Element, state: State, *, is_open: bool) -> Element:
    details = SubElement(cell, "details", {"open": ""} if is_open else {})
    badge(SubElement(details, "summary"), state)
    return SubElement(details, "div", {"class": "detail"})


def _table(main: Element, caption: str, columns: Iterable[str]) -> Element:
    # The roles are said again, since a browser forgets them where the style lays rows out as cards.
    table = SubElement(main, "table", role="table")
    text(table, "caption", caption, "hidden")
    head = SubElement(SubElement(table, "thead", role="rowgroup"), "tr", role="row")
    for each in columns:
        text(head, "th", each).attrib |= {"scope": "col", "role": "columnheader"}
    return SubElement(table, "tbody", {"class": "results", "role": "rowgroup"})


def _row(body: Element, found: Iterable[State]) -> Element:
    states = ",".join(dict.fromkeys(found))
    return SubElement(body, "tr", {"role": "row", "data-states": states})


def _cell(row: Element, kind: str) -> Element:
    return SubElement(row, "td", {"class": kind, "role": "cell"})


def _wide(row: Element, kind: str, width: int) -> Element:
    cell = _cell(row, kind)
    cell.set("colspan", str(max(width, 1)))
    return cell


def _label(cell: Element, name: str) -> Element:
    """Add the column's name, which shows where there are no columns."""
    label = text(cell, "span", name, "label")
    label.set("aria-hidden", "true")
    return label
