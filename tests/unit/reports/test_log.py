"""Lines of the log that whole runs do not bring about easily."""

import io
import re

import pytest
from msgspec.structs import replace

from pipe.models.changes import (
    CreateVariable,
    MissingSecret,
    SetAdminOnly,
    SetBranches,
    SetName,
    Update,
)
from pipe.models.declaration import ManagedSecret, Repository
from pipe.models.errors import Problem
from pipe.models.results import (
    ChangeResult,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    planned,
)
from pipe.models.selection import Exclusion, Glob, Project, Selection
from pipe.planning import problems
from pipe.redaction import Redactor
from pipe.reports.console import Line, Log, Style, problem_lines, wrap
from pipe.reports.log import RepositoryLog, plan_line, summary_lines, target
from tests.support.values import FAILURE, SHOP, env, plain
from tests.unit.reports.samples import DELETION, NOTHING, RUN

ADMIN = SetAdminOnly(before=False, after=True)


def result(
    outcome: Outcome, *changes: ChangeResult, problem: Problem | None = None
) -> EnvironmentResult:
    plan = Update(existing=env("Test"), changes=tuple(each.change for each in changes))
    return EnvironmentResult(plan=plan, outcome=outcome, changes=changes, problem=problem)


def lines(*environments: EnvironmentResult, mode: Mode = Mode.APPLY) -> list[Line]:
    repository = RepositoryResult(repository=SHOP, environments=environments)
    return list(RepositoryLog(mode=mode, is_fleet=False).result_lines(repository))


def test_a_note_does_not_make_a_line_too_long() -> None:
    steps = tuple(f"release/{number}.0 added" for number in range(25))
    branches = SetBranches(existing=(), after=tuple(f"release/{number}.0" for number in range(30)))
    value = CreateVariable(plain("API_URL", "x" * 300))
    for change in (
        ChangeResult(change=branches, outcome=Outcome.FAILED, problem=FAILURE, steps=steps),
        ChangeResult(change=value, outcome=Outcome.UNVERIFIED, problem=FAILURE),
    ):
        text = lines(result(Outcome.FAILED, change, problem=FAILURE))[1].text
        assert len(text) <= 160
        assert re.search(r"\w….*   \(.*\)$", text)


@pytest.mark.parametrize(
    ("outcome", "style", "note"),
    [
        (Outcome.APPLIED, Style.PLAIN, "   (done)"),
        (Outcome.PLANNED, Style.PLAIN, ""),
        (Outcome.UNCHANGED, Style.FAINT, "   (already in place)"),
        (Outcome.FAILED, Style.BAD, "   (failed)"),
        (Outcome.UNVERIFIED, Style.BAD, "   (accepted, but did not take effect)"),
        (Outcome.SKIPPED, Style.BAD, "   (skipped)"),
        (Outcome.REFUSED, Style.BAD, "   (refused)"),
    ],
)
def test_colour_and_note_show_the_outcome_of_a_change(
    outcome: Outcome, style: Style, note: str
) -> None:
    found = lines(result(Outcome.FAILED, ChangeResult(change=ADMIN, outcome=outcome)))
    assert found[1] == Line(style, f"    ~ admin_only  false → true{note}")


@pytest.mark.parametrize(
    ("outcome", "first"),
    [
        (Outcome.APPLIED, Line(Style.GOOD, "✔ Test updated:")),
        (Outcome.UNCHANGED, Line(Style.GOOD, "✔ Test unchanged:")),
        (Outcome.UNVERIFIED, Line(Style.BAD, "✖ Test not verified:")),
        (Outcome.FAILED, Line(Style.BAD, "✖ Test failed:")),
        (Outcome.SKIPPED, Line(Style.BAD, "✖ Test not started:")),
        (Outcome.REFUSED, Line(Style.BAD, "✖ Test refused, nothing was written to it:")),
    ],
)
def test_a_block_begins_with_the_verdict(outcome: Outcome, first: Line) -> None:
    assert lines(result(outcome, ChangeResult(change=ADMIN, outcome=outcome)))[0] == first


def test_what_was_announced_is_not_repeated() -> None:
    log = RepositoryLog(mode=Mode.APPLY, is_fleet=False)
    pending = planned(Update(existing=env("Test"), changes=(ADMIN,)))
    announced = log.plan_lines(RepositoryResult(repository=SHOP, environments=(pending,)))
    assert [line.text for line in announced] == [
        "~ Test will be updated:",
        "    ~ admin_only  false → true",
    ]
    done = result(Outcome.APPLIED, ChangeResult(change=ADMIN, outcome=Outcome.APPLIED))
    applied = log.result_lines(RepositoryResult(repository=SHOP, environments=(done,)))
    assert list(applied) == [Line(Style.GOOD, "✔ Test: updated")]


def test_what_was_decided_anew_is_shown() -> None:
    log = RepositoryLog(mode=Mode.APPLY, is_fleet=False)
    pending = planned(Update(existing=env("Test"), changes=(ADMIN,)))
    list(log.plan_lines(RepositoryResult(repository=SHOP, environments=(pending,))))
    change = CreateVariable(plain("A", "1"))
    done = result(Outcome.APPLIED, ChangeResult(change=change, outcome=Outcome.APPLIED))
    applied = log.result_lines(RepositoryResult(repository=SHOP, environments=(done,)))
    assert [line.text for line in applied] == ["✔ Test updated:", "    + variables.A  1"]


def test_the_same_problem_is_explained_once() -> None:
    failed = result(
        Outcome.FAILED, ChangeResult(change=ADMIN, outcome=Outcome.FAILED, problem=FAILURE)
    )
    texts = [line.text for line in lines(failed, failed)]
    assert sum("ERROR" in text for text in texts) == 1
    assert texts[-2] == "✖ Test failed, see above:"


def test_long_names_leave_the_line_short() -> None:
    rename = SetName("n" * 100, "m" * 100)
    plan = Update(existing=env("n" * 100), changes=(rename,))
    repository = RepositoryResult(
        repository=Repository("w" * 30, "s" * 62), environments=(planned(plan),)
    )
    log = RepositoryLog(mode=Mode.CHECK, is_fleet=True)
    first = next(log.result_lines(repository)).text
    assert len(first) <= 160
    assert first.endswith("… drifted, would be updated:")


def test_a_long_key_and_a_long_value_leave_the_line_short() -> None:
    change = CreateVariable(plain("K" * 200, "v" * 500))
    found = lines(result(Outcome.FAILED, ChangeResult(change=change, outcome=Outcome.FAILED)))
    assert len(found[1].text) <= 165
    assert found[1].text.endswith("…   (failed)")


@pytest.mark.parametrize(
    ("outcome", "mode", "line"),
    [
        (Outcome.APPLIED, Mode.APPLY, Line(Style.GOOD, "✔ Pipelines: enabled")),
        (Outcome.PLANNED, Mode.PLAN, Line(Style.INFO, "~ Pipelines would be enabled")),
        (Outcome.PLANNED, Mode.CHECK, Line(Style.BAD, "✖ Pipelines: drifted, would be enabled")),
        (Outcome.FAILED, Mode.APPLY, Line(Style.BAD, "✖ Pipelines: failed")),
    ],
)
def test_pipelines_have_a_line(outcome: Outcome, mode: Mode, line: Line) -> None:
    repository = RepositoryResult(repository=SHOP, pipelines=outcome)
    assert list(RepositoryLog(mode=mode, is_fleet=False).result_lines(repository)) == [line]


def test_pipelines_are_announced() -> None:
    repository = RepositoryResult(repository=SHOP, pipelines=Outcome.PLANNED)
    log = RepositoryLog(mode=Mode.APPLY, is_fleet=True)
    assert [line.text for line in log.plan_lines(repository)] == [
        "~ acme/shop · Pipelines will be enabled"
    ]


def test_deletions_are_red() -> None:
    run = replace(RUN, mode=Mode.PLAN, repositories=(DELETION,))
    log = RepositoryLog(mode=Mode.PLAN, is_fleet=False)
    assert list(log.result_lines(DELETION)) == [
        Line(Style.BAD, "- Old would be deleted (declared absent):"),
        Line(Style.BAD, "    - variables.API_URL      https://api.acme.example"),
        Line(Style.BAD, "    - variables.DB_PASSWORD  secured value"),
    ]
    assert next(summary_lines(run)) == Line(
        Style.INFO, "Plan: 0 to create, 0 to change, 1 to delete, 0 unchanged", "1 to delete"
    )


def test_only_deletions_raise_an_alarm() -> None:
    assert plan_line([]).alarm == ""


def test_repositories_that_were_not_started_are_counted() -> None:
    run = replace(RUN, repositories=(), remaining=(SHOP, Repository("acme", "api")))
    assert [line.text for line in summary_lines(run)] == [
        "✖ Failed: 2 repositories not started; 3 requests, no retries, 1.2 s"
    ]


def test_an_empty_plan_has_no_checksum_to_copy() -> None:
    read = (RepositoryResult(repository=SHOP),)
    run = replace(NOTHING, mode=Mode.PLAN, repositories=read, plan_checksum="sha256:0")
    assert [line.text for line in summary_lines(run)] == [
        "Plan: 0 to create, 0 to change, 0 to delete, 0 unchanged",
        "✔ Unchanged: nothing was written; no requests, 0.0 s",
    ]


def test_a_plan_of_which_nothing_could_be_read_is_not_summed_up() -> None:
    unread = (RepositoryResult(repository=SHOP, problem=FAILURE),)
    run = replace(NOTHING, mode=Mode.PLAN, repositories=unread)
    assert [line.text for line in summary_lines(run)] == [
        "✖ Failed: 1 repository failed; no requests, 0.0 s"
    ]


def test_the_target_is_what_was_selected() -> None:
    items = (
        Repository("acme", "shop"),
        Glob("acme", "svc-*"),
        Project("acme", "PLAT", (Repository("acme", "old"),)),
        Exclusion(Repository("acme", "api")),
    )
    assert target(Selection(items=items[:2])) == "acme/shop, acme/svc-*"
    assert target(Selection(items=items[2:])) == "project PLAT of acme !acme/old, !acme/api"
    assert target(Selection(items=items)).endswith("…")


def test_a_text_without_words_leaves_its_prefix() -> None:
    assert list(wrap(Style.INFO, "INFO: ", " ")) == [Line(Style.INFO, "INFO:")]


def test_colour_is_added_last() -> None:
    for color, expected in ((True, "\x1b[33mWARNING: hm\x1b[0m\n"), (False, "WARNING: hm\n")):
        stream = io.StringIO()
        Log(stream, color=color, redactor=Redactor()).warning("hm")
        assert stream.getvalue() == expected


def test_a_secret_is_masked_before_its_line_is_wrapped() -> None:
    secret = "s" * 200
    stream = io.StringIO()
    log = Log(stream, color=False, redactor=Redactor([secret]))
    for write in (log.info, log.warning, log.debug):
        write(f"It is {secret}.")
    log.problem(replace(FAILURE, why=f"It is {secret}."))
    assert stream.getvalue().count("***") == 4
    assert "sss" not in stream.getvalue()


def test_an_alarm_is_red_within_its_line() -> None:
    stream = io.StringIO()
    Log(stream, color=True, redactor=Redactor()).write(
        [Line(Style.PLAIN, "Plan: 1 to delete, 0 unchanged", "1 to delete")]
    )
    assert stream.getvalue() == "Plan: \x1b[31m1 to delete\x1b[0m, 0 unchanged\n"


def test_a_problem_of_every_repository_is_explained_once() -> None:
    log = RepositoryLog(mode=Mode.APPLY, is_fleet=True)
    broken = RepositoryResult(repository=SHOP, problem=FAILURE)
    first, second = ([line.text for line in log.result_lines(broken)] for _ in range(2))
    assert first[:2] == ["✖ acme/shop: failed", "  ERROR: It."]
    assert second == ["✖ acme/shop: failed, see above"]
    log.already_logged(FAILURE)


def test_a_problem_without_a_reason_has_no_line_for_it() -> None:
    found = [line.text for line in problem_lines(replace(FAILURE, why=""))]
    assert found == ["ERROR: It.", "  What to do: Do."]


def missing(mode: Mode, *, is_next: bool = False) -> list[str]:
    """Return the lines of an environment in which a secret is missing that others manage."""
    problem = problems.secret_missing(ManagedSecret("LICENSE"), None)
    plan = Update(
        existing=env("Test"), changes=(ADMIN, MissingSecret(ManagedSecret("LICENSE"), problem))
    )
    repository = RepositoryResult(repository=SHOP, environments=(planned(plan),))
    log = RepositoryLog(mode=mode, is_fleet=False)
    found = log.plan_lines(repository) if is_next else log.result_lines(repository)
    return [line.text for line in found][:3]


def test_a_missing_secret_is_drift_in_check_and_a_failure_elsewhere() -> None:
    lines = [
        "    ~ admin_only         false → true",
        "    + variables.LICENSE  secured value, managed elsewhere   (missing)",
    ]
    assert missing(Mode.CHECK) == ["✖ Test drifted, would be updated:", *lines]
    assert missing(Mode.PLAN) == ["✖ Test can be applied in part only:", *lines]
    assert missing(Mode.APPLY, is_next=True) == ["~ Test will be updated:", *lines]


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.UNVERIFIED])
def test_what_is_refused_after_a_write_is_refused_in_part(outcome: Outcome) -> None:
    changes = tuple(
        ChangeResult(change=CreateVariable(plain(key, "v")), outcome=each)
        for key, each in (("A", outcome), ("B", Outcome.REFUSED))
    )
    repository = RepositoryResult(repository=SHOP, changes=changes)
    lines = RepositoryLog(mode=Mode.APPLY, is_fleet=False).result_lines(repository)
    assert next(iter(lines)).text == "✖ Repository variables refused in part:"


def test_variables_of_the_repository_are_an_item() -> None:
    change = ChangeResult(change=CreateVariable(plain("REGION", "eu")), outcome=Outcome.PLANNED)
    done = replace(change, outcome=Outcome.APPLIED)
    pending = RepositoryResult(repository=SHOP, changes=(change,))
    log = RepositoryLog(mode=Mode.APPLY, is_fleet=True)
    assert [line.text for line in log.plan_lines(pending)] == [
        "~ acme/shop · Repository variables will be updated:",
        "    + variables.REGION  eu",
    ]
    applied = replace(pending, changes=(done,))
    assert [line.text for line in log.result_lines(applied)] == [
        "✔ acme/shop · Repository variables: updated"
    ]
    unchanged = RepositoryResult(repository=SHOP, unchanged_variables=2)
    assert [line.text for line in log.result_lines(unchanged)] == [
        "✔ acme/shop · Repository variables: unchanged"
    ]
