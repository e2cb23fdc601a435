"""What the plan would do, and what happened, in a sentence each."""

import pytest
from msgspec.structs import replace

from pipe.models.changes import (
    CreateVariable,
    Delete,
    DeleteReason,
    Keep,
    Refuse,
    RewriteSecured,
    SetAdminOnly,
    Update,
)
from pipe.models.counting import PlanCounts, count_plan
from pipe.models.errors import ExitCode, Problem
from pipe.models.results import (
    ChangeResult,
    Counts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    planned,
)
from pipe.reports.summary import plan_sentence, summary, summary_parts, would_change
from tests.support.values import FAILURE, SHOP, env, plain, secret, var
from tests.unit.reports.samples import NOTHING, RUN

IMPOSSIBLE = Problem("type-needed", ExitCode.INCOMPLETE, "It.", "Because.", "Do.")
REFUSED = Problem("type", ExitCode.REFUSED, "It.", "Because.", "Do.")
CHANGES = (SetAdminOnly(before=False, after=True),)
EVERYTHING = RepositoryResult(
    repository=SHOP,
    environments=(
        planned(Keep(name="A", existing=env("A"))),
        planned(Update(existing=env("B"), changes=CHANGES)),
        planned(Delete(existing=env("C"), reason=DeleteReason.DECLARED)),
        planned(Refuse(name="D", existing=env("D"), problem=REFUSED)),
        planned(Refuse(name="E", existing=None, problem=IMPOSSIBLE)),
        planned(Refuse(name="F", existing=env("F"), problem=IMPOSSIBLE)),
    ),
    pipelines=Outcome.PLANNED,
)


def test_a_plan_is_counted_by_environments() -> None:
    run = replace(RUN, repositories=(EVERYTHING, EVERYTHING))
    assert count_plan(run.environments) == PlanCounts(update=2, delete=2, unchanged=2, refuse=2)
    assert plan_sentence(run.repositories) == (
        "0 to create, 2 to change, 2 to delete, 2 unchanged, 2 refused, 4 impossible;"
        " Pipelines to enable in 2 repositories"
    )


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        (replace(EVERYTHING, pipelines=None, environments=EVERYTHING.environments[:1]), False),
        (replace(EVERYTHING, pipelines=None, environments=EVERYTHING.environments[3:]), False),
        (replace(EVERYTHING, pipelines=None, environments=EVERYTHING.environments[2:]), True),
        (replace(EVERYTHING, environments=()), True),
    ],
)
def test_a_plan_that_writes_nothing_is_empty(
    repository: RepositoryResult,
    expected: bool,
) -> None:
    assert would_change(replace(RUN, repositories=(repository,))) is expected


def test_counts_of_zero_are_left_out() -> None:
    assert summary(NOTHING) == "Unchanged: nothing was written; no requests, 0.0 s"
    one = replace(NOTHING, counts=Counts(total=2, reads=1, writes=1, retries=1))
    assert summary(one).endswith("; 2 requests, 1 retry, 0.0 s")


def test_the_last_line_fits_a_hundred_columns() -> None:
    failed = RepositoryResult(repository=SHOP, problem=FAILURE)
    run = replace(
        RUN,
        mode=Mode.APPLY,
        repositories=(EVERYTHING,) * 1000 + (failed,) * 2000,
        remaining=(SHOP,) * 3000,
        counts=Counts(total=123456, retries=12345),
        seconds=12345.6,
    )
    moved, last = summary_parts(run)
    assert len(last) <= 98
    assert (
        last
        == (
            "Failed: 2000 repositories failed; 3000 repositories not started;"
            " 123456 requests, 12345 retries, 12345.6 s"
        )
        or moved
    )
    assert "1000 environments unchanged, 2000 failed, 1000 refused" in moved


def test_an_environment_that_failed_after_a_change_is_counted_once() -> None:
    change = SetAdminOnly(before=False, after=True)
    update = Update(existing=env("A"), changes=(change,))
    done = ChangeResult(change=change, outcome=Outcome.APPLIED)
    complete = EnvironmentResult(plan=update, outcome=Outcome.APPLIED, changes=(done,))
    halfway = replace(complete, outcome=Outcome.FAILED, problem=FAILURE)
    one = RepositoryResult(repository=SHOP, environments=(complete, halfway, halfway))
    text = summary(replace(NOTHING, repositories=(one,)))
    assert "1 environment updated, 2 failed (2 changed in part); " in text
    one = replace(one, environments=(replace(halfway, changes=()),))
    assert "1 environment failed; " in summary(replace(NOTHING, repositories=(one,)))


def test_a_run_that_only_enabled_pipelines_says_so() -> None:
    one = RepositoryResult(repository=SHOP, pipelines=Outcome.APPLIED)
    text = summary(replace(NOTHING, mode=Mode.APPLY, repositories=(one,)))
    assert text == "Changed: Pipelines enabled in 1 repository; no requests, 0.0 s"


def test_a_plan_says_what_only_rewrites_secured_values() -> None:
    rewrite = RewriteSecured(var("S"), secret("S"))
    only = planned(Update(existing=env("A"), changes=(rewrite,)))
    both = planned(Update(existing=env("B"), changes=(*CHANGES, rewrite)))
    one = RepositoryResult(repository=SHOP, environments=(only, both))
    assert plan_sentence([one]) == (
        "0 to create, 2 to change (1 with secured values only), 0 to delete, 0 unchanged"
    )


def test_variables_of_repositories_are_part_of_the_plan() -> None:
    change = ChangeResult(change=CreateVariable(plain("REGION", "eu")), outcome=Outcome.PLANNED)
    run = replace(RUN, repositories=(RepositoryResult(repository=SHOP, changes=(change,)),))
    assert would_change(run)
    assert plan_sentence(run.repositories) == (
        "0 to create, 0 to change, 0 to delete, 0 unchanged; variables to change in 1 repository"
    )


def test_variables_of_repositories_that_can_not_be_written_are_no_plan() -> None:
    region = CreateVariable(plain("REGION", "eu"))
    refused = ChangeResult(change=region, outcome=Outcome.REFUSED, problem=REFUSED)
    missing = ChangeResult(change=region, outcome=Outcome.PLANNED, problem=IMPOSSIBLE)
    for changes in ((refused,), (missing,), (refused, missing)):
        run = replace(RUN, repositories=(RepositoryResult(repository=SHOP, changes=changes),))
        assert not would_change(run)
        assert plan_sentence(run.repositories).endswith(" 0 unchanged")
