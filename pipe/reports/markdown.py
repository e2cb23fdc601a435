r"""The report in Markdown, as Bitbucket shows it in a pull request (pure).

Bitbucket shows raw HTML as text and treats less than other renderers as special, so what comes
from outside stands in code, or has everything that means something replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from pipe.models.errors import ExitCode, Problem
from pipe.models.results import EnvironmentResult, Mode, Outcome, RepositoryResult, RunResult
from pipe.reports.log import planned, summary
from pipe.reports.presentation import (
    About,
    State,
    change_lines,
    mark_of,
    pipelines_state,
    problem_texts,
    state_of,
    verdict,
)
from pipe.reports.text import counted, one_line

_MOST_NAMES: Final = 20
_SPECIAL: Final = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_[]|{}"}
    # Bitbucket's renderer does not know these escaped with a backslash.
    | {character: f"&#{ord(character)};" for character in "&<>@~"}
)


def render(result: RunResult, about: About, limit: int | None = None) -> str:
    """Return the report as text.

    Args:
        result: What became of the run.
        about: When, and where.
        limit: The most characters it may have, 1,000 or more; what does not fit is left out, and
            that is said.
    """
    head = "\n\n".join(_head(result)) + "\n"
    foot = f"\n{_foot(result, about)}\n"
    blocks = [f"\n{block}\n" for block in _blocks(result)]
    room = None if limit is None else limit - len(head) - len(foot) - len(_left_out(len(blocks)))
    fitting = _fitting(blocks, room)
    rest = len(blocks) - len(fitting)
    return head + "".join(fitting) + (_left_out(rest) if rest else "") + foot


def _fitting(blocks: list[str], room: int | None) -> list[str]:
    fitting: list[str] = []
    for block in blocks:
        if room is not None:
            room -= len(block)
            if room < 0:
                break
        fitting.append(block)
    return fitting


def _left_out(number: int) -> str:
    return f"\n… {counted(number, 'part')} left out for length: the log has everything.\n"


def _head(result: RunResult) -> Iterator[str]:
    mark = "✔" if result.exit_code is ExitCode.OK else "✖"
    yield f"### {mark} Bitbucket Environment: {result.outcome}"
    if result.mode in (Mode.PLAN, Mode.CHECK) and not result.faults:
        yield f"**{planned(result)}**"
    yield escape(summary(result))


def _foot(result: RunResult, about: About) -> str:
    parts = [f"`{result.mode}`"]
    if about.pipeline_url is not None:
        number = escape(about.context.build_number or "")
        parts.append(f"[Pipeline {number}]({about.pipeline_url})")
    if result.plan_checksum is not None and result.mode in (Mode.PLAN, Mode.CHECK):
        parts.append(f"plan checksum `{result.plan_checksum}`")
    return " · ".join(parts)


def _blocks(result: RunResult) -> Iterator[str]:
    for fault in result.faults:
        yield f"- {code(fault.source)}: {escape(one_line(fault.message))}"
    for problem in result.problems:
        yield _problem(problem)
    if len(result.repositories) == 1:
        yield from _one(result.repositories[0], result.mode)
    else:
        yield from _several(result)
    if result.remaining:
        yield f"Not begun: {_names(str(each) for each in result.remaining)}"


def _one(result: RepositoryResult, mode: Mode) -> Iterator[str]:
    """Tell of one repository, in the order of its plan."""
    yield from _repository(result, mode, "")
    told: set[Problem] = {*([result.problem] if result.problem else [])}
    for unchanged, group in groupby(
        result.environments, lambda each: state_of(each, mode) is State.UNCHANGED
    ):
        if unchanged:
            yield f"✔ {_names(each.plan.name for each in group)}: unchanged"
        else:
            for each in group:
                fresh = tuple(problem for problem in each.problems if problem not in told)
                told |= {*fresh}
                yield _environment(each, mode, fresh)


def _several(result: RunResult) -> Iterator[str]:
    """Tell of many: what is the same in several repositories is told once."""
    quiet = sum(_is_quiet(each) for each in result.repositories)
    if quiet:
        yield f"✔ {counted(quiet, 'repository', 'repositories')} as declared"
    alike: dict[str, list[str]] = {}
    for repository in result.repositories:
        where = str(repository.repository)
        yield from _repository(repository, result.mode, f"{code(where)}: ")
        for each in repository.environments:
            if state_of(each, result.mode) is not State.UNCHANGED:
                told = _environment(each, result.mode, each.problems)
                alike.setdefault(told, []).append(where)
    for told, repositories in alike.items():
        yield f"{told}\n\nIn {_names(repositories)}"


def _is_quiet(result: RepositoryResult) -> bool:
    return (
        result.problem is None
        and result.pipelines is None
        and all(each.outcome is Outcome.UNCHANGED for each in result.environments)
    )


def _repository(result: RepositoryResult, mode: Mode, where: str) -> Iterator[str]:
    """Tell of the repository itself; mostly there is nothing to tell."""
    if result.problem is not None:
        yield _problem(result.problem)
    if result.pipelines is not None:
        state = pipelines_state(result.pipelines, mode)
        yield f"{mark_of(state)} {where}Pipelines: {state}"


def _environment(result: EnvironmentResult, mode: Mode, problems: tuple[Problem, ...]) -> str:
    mark = mark_of(state_of(result, mode))
    parts = [f"{mark} **{code(result.plan.name)}**: {escape(verdict(result, mode))}"]
    changes = change_lines(result)
    if changes:
        parts.append(block(changes))
    return "\n\n".join([*parts, *(_problem(each) for each in problems)])


def _names(names: Iterable[str]) -> str:
    """List names, only the first of many."""
    listed = [code(name) for name in names]
    rest = len(listed) - _MOST_NAMES
    return ", ".join(listed[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


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


def block(lines: Iterable[str]) -> str:
    """Write lines as a block of code."""
    inner = "\n".join(lines)
    fence = "`" * max(3, _longest_run(inner) + 1)
    return f"{fence}\n{inner}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
