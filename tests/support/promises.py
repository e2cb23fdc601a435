"""Counts the cases behind every promise, prints them, and writes them into docs/reliability.md.

`@pytest.mark.promise("P3", "P5")` names the promises that a test proves; the marker of a test wins
over that of its module. An example of hypothesis is a case; a test that tries many cases counts
them with the fixture `cases`; any other test is one case.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

FULL: Final = os.environ.get("PROVE") == "full"
"""Whether everything is tried (`make prove`), or a selection."""

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
WRITING: Final = os.environ.get("PROVE_WRITE") == "1"
"""Whether the table goes into the document: only of all tests together it is true."""
BEGIN: Final = "<!-- The table is written by `make prove`. -->"
END: Final = "<!-- end of the table -->"

PROMISES: Final[Mapping[str, str]] = {
    "P1": "a second run sends no write",
    "P2": "`plan`, `check` and `export` cannot write",
    "P3": "converges under any sequence of faults that ends; nothing twice, nothing lost",
    "P4": "a run that changes nothing costs as few requests as can be",
    "P5": "a POST is never blindly repeated",
    "P6": "waits as long as asked, with full jitter, within its bounds",
    "P7": "an environment is never less protected than both before and after",
    "P8": "what is not mentioned is never changed",
    "P9": "no secret, nor any transform of one, in any output",
    "P10": "nothing is deleted unless asked, nor on the strength of one list",
    "P11": "what was accepted is verified; what is impossible is refused before any write",
    "P12": "exit codes are a contract",
    "P13": "the summary counts what happened",
    "P14": "lists are complete, however broken their pages are",
    "P15": "404 on a list is an error, never 'empty'",
    "P16": "a secured variable is neither leaked nor noise",
    "P17": "configuration faults come all at once, and no request is sent",
    "P18": "with `PLAN_CHECKSUM`, only what was reviewed is applied",
    "P19": "small and quick",
    "P20": "a supply chain one can check",
    "P21": "the number of workers changes neither result nor log",
    "P22": "two runs at once end in the declared state, without duplicates",
    "P23": "a repository that fails does not stop the others, nor fail silently",
    "P24": "nothing observable depends on part of a secret; answers to secrets are not shown",
    "P25": "an undefined, empty or misplaced value is a configuration error",
    "P26": "a run ends within a second of SIGTERM, whatever happens to its streams",
    "P27": "`MAX_ATTEMPTS`, `Retry-After` and `DEADLINE` bind every method; an outage ends a fleet",
    "P28": "safety checks are repeated on the second look, over the fleet and all parallel steps",
}

_EXAMPLES: Final = re.compile(r"(\d+) passing,")


@dataclass(slots=True)
class Cases:
    """How many cases a test has tried."""

    count: int = 0

    def add(self, number: int = 1) -> None:
        self.count += number


_CASES: Final = pytest.StashKey[Cases]()


@dataclass(slots=True)
class Row:
    """What is known about one promise."""

    files: set[str] = field(default_factory=set)
    cases: int = 0
    failed: int = 0


def promises_of(item: pytest.Item) -> list[str]:
    """Return the promises that the test, else its module, is marked with."""
    mark = item.get_closest_marker("promise")
    return [] if mark is None else list(mark.args)


def count_for(item: pytest.Item) -> Cases:
    """Return what a test counts its own cases with."""
    return item.stash.setdefault(_CASES, Cases())


def properties_of(item: pytest.Item) -> list[tuple[str, str]]:
    """Return what the report of a test carries: its promises and its number of cases."""
    cases = 1
    if _CASES in item.stash:
        cases = item.stash[_CASES].count
    elif statistics := getattr(item, "hypothesis_statistics", ""):
        cases = sum(int(number) for number in _EXAMPLES.findall(statistics)) or 1
    return [("promises", " ".join(promises_of(item))), ("cases", str(cases))]


def table(reports: Iterable[pytest.TestReport]) -> dict[str, Row]:
    """Sum up the reports of tests by promise."""
    rows: dict[str, Row] = defaultdict(Row)
    for report in reports:
        properties = {str(name): str(value) for name, value in report.user_properties}
        for promise in properties.get("promises", "").split():
            row = rows[promise]
            row.files.add(report.nodeid.partition("::")[0])
            row.cases += int(properties["cases"])
            row.failed += report.failed
    return {name: rows[name] for name in PROMISES if name in rows}


def markdown(rows: Mapping[str, Row]) -> list[str]:
    """Return the table in Markdown."""
    tried = "Everything was tried." if FULL else "A selection was tried; `make prove` tries all."
    lines = [
        tried,
        "",
        "| | promise | tests | cases | result |",
        "| --- | --- | --- | ---: | --- |",
    ]
    for name, row in rows.items():
        tests = "<br>".join(f"`{each}`" for each in sorted(row.files))
        result = f"{row.failed} tests fail" if row.failed else "holds"
        lines.append(f"| {name} | {PROMISES[name]} | {tests} | {row.cases:,} | {result} |")
    return lines


def write(rows: Mapping[str, Row]) -> None:
    """Replace the table in the document."""
    text = DOCUMENT.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    DOCUMENT.write_text("\n".join([f"{head}{BEGIN}", *markdown(rows), f"{END}{tail}"]), "utf-8")
