"""The table of the web page: repositories by environments, or the environments of one (pure)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement

from pipe.report.pieces import badge, changes, kind_of, problem, text
from pipe.report.views import State, pipelines_state, state_of, type_of, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipe.results import EnvironmentResult, RepositoryResult, RunResult
    from pipe.settings.values import Mode

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
