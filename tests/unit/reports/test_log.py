"""Lines of the log that whole runs do not bring about easily."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace

from pipe.models.changes import CreateVariable, SetAdminOnly, Update
from pipe.models.declaration import Repository
from pipe.models.errors import Problem
from pipe.models.results import (
    ChangeResult,
    Counts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunResult,
)
from pipe.models.selection import Exclusion, Glob, Project, Selection, Slug
from pipe.reports.console import Line, Log, Style, wrapped
from pipe.reports.log import repository_lines, summary, summary_lines, target
from tests.support.values import SHOP, TROUBLE, env, plain
from tests.unit.reports.samples import RUN

ADMIN = SetAdminOnly(before=False, after=True)


def result(
    outcome: Outcome, *changes: ChangeResult, problem: Problem | None = None
) -> EnvironmentResult:
    plan = Update(existing=env("Test"), changes=tuple(each.change for each in changes))
    return EnvironmentResult(plan=plan, outcome=outcome, changes=changes, problem=problem)


def lines(*environments: EnvironmentResult, mode: Mode = Mode.APPLY) -> list[Line]:
    told = RepositoryResult(repository=SHOP, environments=environments)
    return list(repository_lines(told, mode=mode, several=False))


@pytest.mark.parametrize(
    ("outcome", "style", "aside"),
    [
        (Outcome.APPLIED, Style.PLAIN, ""),
        (Outcome.PLANNED, Style.PLAIN, ""),
        (Outcome.UNCHANGED, Style.FAINT, "   (there already)"),
        (Outcome.FAILED, Style.BAD, "   (failed)"),
        (Outcome.UNVERIFIED, Style.BAD, "   (accepted, but does not show)"),
        (Outcome.SKIPPED, Style.BAD, "   (not done)"),
        (Outcome.REFUSED, Style.BAD, "   (refused)"),
    ],
)
def test_colour_and_words_say_what_became_of_a_change(
    outcome: Outcome, style: Style, aside: str
) -> None:
    told = lines(result(Outcome.APPLIED, ChangeResult(change=ADMIN, outcome=outcome)))
    assert told[1] == Line(style, f"    admin_only  false → true{aside}")


@pytest.mark.parametrize(
    ("outcome", "last"),
    [
        (Outcome.APPLIED, Line(Style.GOOD, "✔ Test: updated")),
        (Outcome.UNCHANGED, Line(Style.GOOD, "✔ Test: unchanged")),
        (Outcome.UNVERIFIED, Line(Style.BAD, "✖ Test: not verified")),
        (Outcome.FAILED, Line(Style.BAD, "✖ Test: failed")),
        (Outcome.SKIPPED, Line(Style.BAD, "✖ Test: failed")),
        (Outcome.REFUSED, Line(Style.BAD, "✖ Test: refused, nothing was written to it")),
    ],
)
def test_the_last_line_of_a_block_is_the_verdict(outcome: Outcome, last: Line) -> None:
    assert lines(result(outcome, ChangeResult(change=ADMIN, outcome=outcome)))[-1] == last


def test_the_same_trouble_is_told_once() -> None:
    failed = result(
        Outcome.FAILED, ChangeResult(change=ADMIN, outcome=Outcome.FAILED, problem=TROUBLE)
    )
    told = [line.text for line in lines(failed, failed)]
    assert sum("ERROR" in line for line in told) == 1
    assert told[-1] == "✖ Test: failed, see above"


def test_a_long_key_and_a_long_value_leave_the_line_short() -> None:
    change = CreateVariable(plain("K" * 200, "v" * 500))
    told = lines(result(Outcome.APPLIED, ChangeResult(change=change, outcome=Outcome.FAILED)))
    assert len(told[1].text) <= 160
    assert told[1].text.endswith("…   (failed)")


@pytest.mark.parametrize(
    ("outcome", "mode", "line"),
    [
        (Outcome.APPLIED, Mode.APPLY, Line(Style.GOOD, "✔ Pipelines: turned on")),
        (Outcome.PLANNED, Mode.PLAN, Line(Style.GOOD, "✔ Pipelines: would be turned on")),
        (Outcome.PLANNED, Mode.CHECK, Line(Style.BAD, "✖ Pipelines: off, would be turned on")),
        (Outcome.FAILED, Mode.APPLY, Line(Style.BAD, "✖ Pipelines: could not be turned on")),
    ],
)
def test_pipelines_have_a_line(outcome: Outcome, mode: Mode, line: Line) -> None:
    told = RepositoryResult(repository=SHOP, pipelines=outcome)
    assert list(repository_lines(told, mode=mode, several=False)) == [line]


def test_what_was_not_begun_is_in_the_last_line() -> None:
    run = replace(RUN, repositories=(), remaining=(SHOP, Repository("acme", "api")))
    assert "2 repositories not begun" in summary(run)


def test_zeroes_that_say_nothing_are_left_out() -> None:
    nothing = RunResult(mode=Mode.APPLY, counts=Counts(), seconds=0.04)
    assert summary(nothing) == "Unchanged: nothing was written; no requests, no retries; 0.0 s"
    one = replace(nothing, counts=Counts(total=2, reads=1, writes=1, retries=1))
    assert "2 requests (1 read, 1 write), 1 retry" in summary(one)


def test_a_plan_without_environments_says_so() -> None:
    run = RunResult(mode=Mode.PLAN, counts=Counts(), seconds=0, plan_checksum="sha256:0")
    assert [line.text for line in summary_lines(run)][:2] == [
        "INFO: Plan: no environments",
        "INFO: Plan checksum: sha256:0",
    ]


def test_the_target_is_what_was_asked_for() -> None:
    items = (
        Slug("acme", "shop"),
        Glob("acme", "svc-*"),
        Project("acme", "PLAT", (Slug("acme", "old"),)),
        Exclusion(Slug("acme", "api")),
    )
    assert target(Selection(items=items[:2])) == "acme/shop, acme/svc-*"
    assert target(Selection(items=items[2:])) == "project PLAT of acme !acme/old, !acme/api"
    assert target(Selection(items=items)).endswith("…")


def test_a_text_without_words_leaves_its_prefix() -> None:
    assert list(wrapped(Style.INFO, "INFO: ", " ")) == [Line(Style.INFO, "INFO:")]


def test_colour_is_added_last() -> None:
    for color, expected in ((True, "\x1b[33mWARNING: hm\x1b[0m\n"), (False, "WARNING: hm\n")):
        stream = io.StringIO()
        Log(stream, color=color).warning("hm")
        assert stream.getvalue() == expected


def test_trouble_that_meets_every_repository_is_told_once() -> None:
    known: set[Problem] = set()
    broken = RepositoryResult(repository=SHOP, problem=TROUBLE)
    first, second = (
        [line.text for line in repository_lines(broken, mode=Mode.APPLY, several=True, told=known)]
        for _ in range(2)
    )
    assert first[0] == "ERROR: It."
    assert first[-1] == "✖ acme/shop: failed"
    assert second == ["✖ acme/shop: failed, see above"]
