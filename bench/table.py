"""Tables for people: aligned in a terminal, and right as Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        head: The names of the columns; all but the first hold numbers.
        rows: The cells, as many as there are columns.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Write the table, its columns aligned."""
        lines = (self.head, *self.rows)
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.head))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        return "\n".join(
            "| "
            + " | ".join(
                cell.rjust(width) if index else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            + " |"
            for line in (self.head, rule, *self.rows)
        )


@dataclass(frozen=True, slots=True)
class Goal:
    """A measured figure and the most that it should be.

    Attributes:
        figure: What is compared with what: `this ÷ that`.
        measured: The ratio, or megabytes.
        at_most: The goal, in the same unit.
    """

    figure: str
    measured: float
    at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the results.

    Attributes:
        title: Its heading.
        intro: What is measured, and how, for someone who was not there.
        table: The figures.
        notes: What has to be known to read them, as Markdown.
        goals: The figures among them that have a goal.
    """

    title: str
    intro: str
    table: Table
    notes: str = ""
    goals: tuple[Goal, ...] = ()

    def markdown(self) -> str:
        """Write the section."""
        blocks = (f"## {self.title}", self.intro, self.table.markdown(), self.notes.strip())
        return "\n\n".join(block for block in blocks if block)


def summary(sections: Iterable[Section]) -> Section:
    """Collect the figures that have a goal."""
    return Section(
        title="Goals",
        intro="What is compared with what, in the sections below; smaller is better.",
        table=Table(
            ("figure", "measured", "goal", "reached"),
            tuple(
                (
                    each.figure,
                    f"{each.measured:.2f}",
                    f"{each.at_most:g}",
                    "yes" if each.measured <= each.at_most else "no",
                )
                for section in sections
                for each in section.goals
            ),
        ),
    )


def ratio(value: float, to: float) -> str:
    """Write how many times as much as another a value is."""
    return f"{value / to:.2f}"
