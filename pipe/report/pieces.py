"""Pieces of the web page (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from pipe.report.details import problem_texts
from pipe.report.text import one_line
from pipe.report.views import GOOD, State, difference, mark_of, note

if TYPE_CHECKING:
    from pipe.errors import Problem
    from pipe.results import EnvironmentResult


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
