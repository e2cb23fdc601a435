"""What a program imports until its first request: the time by the library that asks for it."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.table import Section, Table

_LINE: Final = re.compile(r"^import time: +(\d+) \| +\d+ \| ( *)(\S+)$", re.MULTILINE)
"""Microseconds of a module itself, two spaces for each module that imports it, and its name."""

_FAMILIES: Final = {
    "pydantic, pydantic-settings": ("pydantic", "pydantic_settings"),
    "httpx": ("httpx", "httpcore"),
    "msgspec": ("msgspec",),
    "tenacity": ("tenacity",),
    "this pipe": ("pipe",),
}
_INTERPRETER: Final = "the interpreter"
_DIRECTLY: Final = "standard library, for this pipe itself"

_ABOUT: Final = """
- A module counts for the library that imports it first, with all that it imports in turn: of the
  milliseconds of pydantic-settings, most are pydantic and the standard library.
- By Python's own account (`-X importtime`), which makes each import a little slower. What pydantic
  imports late counts for the library that uses it first.
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """A module: for whom it was imported, and what that took."""

    library: str
    microseconds: int


def imported(log: str) -> Iterator[Imported]:
    """Read what `python -X importtime` prints: modules stand after those that they import."""
    importing: list[str] = []
    for microseconds, indent, module in reversed(_LINE.findall(log)):
        depth = len(indent) // 2
        del importing[depth:]
        importer = importing[-1] if importing else _INTERPRETER
        importing.append(_library(module.partition(".")[0], importer))
        yield Imported(importing[-1], int(microseconds))


def _library(package: str, importer: str) -> str:
    family = next((name for name, members in _FAMILIES.items() if package in members), None)
    if family is not None:
        return family
    if importer == "this pipe" and package in sys.stdlib_module_names:
        return _DIRECTLY
    return importer


def imports(logs: Sequence[str]) -> Section:
    """Present what was imported in several starts of the pipe, on average."""
    modules: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for log in logs:
        for each in imported(log):
            modules[each.library] += 1
            seconds[each.library] += each.microseconds
    whole = seconds.total()
    return Section(
        title="Where the start goes",
        intro="Importing, in a run that finds one environment as it should be: mean of"
        f" {len(logs)} starts.",
        table=Table(
            ("for", "modules", "ms", "share"),
            tuple(
                (
                    library,
                    f"{modules[library] / len(logs):.0f}",
                    f"{micros / 1000 / len(logs):.1f}",
                    f"{micros / whole:.0%}",
                )
                for library, micros in seconds.most_common()
            ),
        ),
        notes=_ABOUT,
    )
