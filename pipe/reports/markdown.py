r"""Render the Markdown report, as Bitbucket shows it in a pull request.

Bitbucket shows raw HTML as text and treats less than other renderers as special, so texts from
outside stand in code, or every character with a meaning is replaced.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from pipe.models.errors import Problem
from pipe.reports.presentation import (
    PENDING,
    ItemState,
    ItemView,
    RepositoryView,
    RunView,
    problem_texts,
)
from pipe.reports.text import counted, name_list, one_line, repositories

_SPECIAL: Final = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_[]|{}"}
    # Bitbucket's renderer does not know these escaped with a backslash.
    | {character: f"&#{ord(character)};" for character in "&<>@~"}
)


def render(view: RunView, limit: int | None = None) -> str:
    """Return the report as text.

    Args:
        view: The run.
        limit: The maximum number of characters, 1,000 or more; blocks that do not fit are left
            out, and the report says how many.
    """
    head = "\n\n".join(_head(view)) + "\n"
    foot = f"\n{_foot(view)}\n"
    blocks = [f"\n{block}\n" for block in _blocks(view)]
    room = None if limit is None else limit - len(head) - len(foot) - len(_omitted(len(blocks)))
    fitting = _fitting(blocks, room)
    rest = len(blocks) - len(fitting)
    return head + "".join(fitting) + (_omitted(rest) if rest else "") + foot


def _fitting(blocks: list[str], room: int | None) -> list[str]:
    if room is None:
        return blocks
    fitting: list[str] = []
    for block in blocks:
        room -= len(block)
        if room < 0:
            break
        fitting.append(block)
    return fitting


def _omitted(number: int) -> str:
    return f"\n… {counted(number, 'part')} omitted for length; the log has everything.\n"


def _head(view: RunView) -> Iterator[str]:
    yield f"### {view.mark} Bitbucket Environment: {view.result.outcome}"
    if view.plan is not None:
        yield f"**Plan: {view.plan}**"
    yield escape(view.summary)


def _foot(view: RunView) -> str:
    parts = [f"`{view.result.mode}`"]
    if view.about.pipeline_url is not None:
        number = escape(view.about.context.build_number or "")
        parts.append(f"[Pipeline {number}]({view.about.pipeline_url})")
    if view.checksum is not None:
        parts.append(f"plan checksum `{view.checksum}`")
    return " · ".join(parts)


def _blocks(view: RunView) -> Iterator[str]:
    for error in view.result.config_errors:
        yield f"- {code(error.source)}: {escape(one_line(error.message))}"
    for problem in view.result.problems:
        yield _problem(problem)
    if view.is_fleet:
        yield from _fleet(view)
    else:
        for repository in view.repositories:
            yield from _one_repository(repository)
    if view.remaining:
        yield f"Not started: {name_list([code(each) for each in view.remaining])}"


def _one_repository(view: RepositoryView) -> Iterator[str]:
    """Return the blocks of one repository, in the order of its plan."""
    shown: set[Problem] = set()
    if view.problem is not None:
        yield _problem(view.problem)
        shown.add(view.problem)
    for is_unchanged, group in groupby(view.items, lambda each: each.state is ItemState.UNCHANGED):
        if is_unchanged:
            yield f"✔ {name_list([code(each.name) for each in group])}: unchanged"
            continue
        for each in group:
            yield _item(each, [problem for problem in each.problems if problem not in shown])
            shown.update(each.problems)


def _fleet(view: RunView) -> Iterator[str]:
    """Return the blocks of many repositories; what several have in common is shown once."""
    unchanged = sum(
        each.problem is None and all(item.state is ItemState.UNCHANGED for item in each.items)
        for each in view.repositories
    )
    if unchanged:
        yield f"✔ {repositories(unchanged)} unchanged"
    alike: dict[str, list[str]] = {}
    for repository in view.repositories:
        if repository.problem is not None:
            yield _problem(repository.problem)
        for each in repository.items:
            if each.state is not ItemState.UNCHANGED:
                alike.setdefault(_item(each, each.problems), []).append(code(repository.name))
    for block, names in alike.items():
        yield f"{block}\n\nIn {name_list(names)}"


def _item(view: ItemView, problems: Iterable[Problem]) -> str:
    # As code: Markdown takes a plus or a minus at the beginning of a line for a list.
    mark = code(view.mark) if view.state in PENDING else view.mark
    parts = [f"{mark} **{code(view.name)}**: {escape(view.verdict)}"]
    if view.changes:
        parts.append(code_block(view.lines, "diff"))
    return "\n\n".join([*parts, *(_problem(each) for each in problems)])


def _problem(problem: Problem) -> str:
    first, *others = (escape(text) for text in problem_texts(problem))
    return "  \n".join([f"> ✖ **{first}**", *(f"> {text}" for text in others)])


def escape(text: str) -> str:
    """Write a text so that nothing in it is taken for markup."""
    return text.translate(_SPECIAL)


def code(text: str) -> str:
    """Write a text as code within a line."""
    inner = one_line(text)
    fence = "`" * (_longest_run(inner) + 1)
    pad = " " if inner.startswith("`") or inner.endswith("`") or not inner.strip() else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def code_block(lines: Iterable[str], language: str = "") -> str:
    """Write lines as a block of code."""
    inner = "\n".join(lines)
    fence = "`" * max(3, _longest_run(inner) + 1)
    return f"{fence}{language}\n{inner}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
