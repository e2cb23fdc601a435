import pytest
from msgspec.structs import replace

from pipe.apply.outcomes import ChangeOutcomes
from pipe.models.changes import (
    BranchesUnavailable,
    Create,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    Keep,
    MissingSecret,
    Refuse,
    RewriteSecured,
    SetAdminOnly,
    SetType,
    Update,
    UpdateVariable,
    WriteFingerprints,
)
from pipe.models.counting import (
    EnvironmentCounts,
    VariableCounts,
    count_environments,
    count_variables,
)
from pipe.models.declaration import FINGERPRINTS_KEY, ManagedSecret
from pipe.models.errors import ConfigError, ExitCode
from pipe.models.results import (
    ChangeResult,
    Counts,
    EnvironmentResult,
    Mode,
    Outcome,
    RepositoryResult,
    RunOutcome,
    RunResult,
    deletion_result,
    planned,
)
from pipe.planning.problems import secret_missing
from tests.support.values import FAILURE, SHOP, TEST, declared, env, plain, secret, var

REFUSED = replace(FAILURE, key="refused", code=ExitCode.REFUSED)
CHANGES = (
    CreateVariable(plain("C")),
    UpdateVariable(var("U", "1"), plain("U")),
    RewriteSecured(var("R"), secret("R")),
    DeleteVariable(var("D", "1")),
    WriteFingerprints(None, (), ()),
    WriteFingerprints(var("F", "1"), (), ()),
    SetAdminOnly(before=False, after=True),
)
UPDATE = Update(existing=env("Live"), changes=CHANGES, unchanged_variables=7)
CREATE = Create(declared=declared("New", TEST), type=TEST, changes=(SetType(TEST),))
DELETE = Delete(existing=env("Old"), reason=DeleteReason.DECLARED)


def _run(
    *environments: EnvironmentResult, mode: Mode = Mode.APPLY, pipelines: Outcome | None = None
) -> RunResult:
    one = RepositoryResult(repository=SHOP, environments=environments, pipelines=pipelines)
    return RunResult(mode=mode, repositories=(one,), counts=Counts(), seconds=1)


@pytest.mark.promise("P13")
def test_what_happened_is_counted() -> None:
    outcomes = ChangeOutcomes(CHANGES)
    for change in CHANGES:
        outcomes.set_applied(change)
    done = outcomes.result(UPDATE, "{Live}")
    assert count_variables(_run(done).repositories) == VariableCounts(
        created=1, updated=2, unchanged=7, deleted=1, failed=0
    )
    assert count_environments([done]) == EnvironmentCounts(updated=1)


@pytest.mark.promise("P13")
def test_variables_go_with_their_environment_and_the_pipe_s_own_is_not_counted() -> None:
    lost = (var("A", "1"), var("S"), var(FINGERPRINTS_KEY, "{}"))
    gone = deletion_result(replace(DELETE, variables=lost), Outcome.APPLIED)
    assert [each.change.field for each in gone.changes] == [
        "variables.A",
        "variables.S",
        f"variables.{FINGERPRINTS_KEY}",
    ]
    assert count_variables(_run(gone).repositories) == VariableCounts(deleted=2)
    unknown = deletion_result(replace(DELETE, variables=lost), Outcome.UNVERIFIED, FAILURE)
    assert {each.outcome for each in unknown.changes} == {Outcome.UNVERIFIED}
    assert count_variables(_run(unknown).repositories) == VariableCounts(failed=2)
    assert unknown.problems == (FAILURE,)


@pytest.mark.promise("P13")
def test_what_was_only_planned_is_not_counted() -> None:
    results = [planned(UPDATE), planned(CREATE), planned(DELETE)]
    assert count_variables(_run(*results).repositories) == VariableCounts(unchanged=7)
    assert count_environments(results) == EnvironmentCounts()


@pytest.mark.promise("P13")
def test_what_happened_before_a_failure_is_counted_too() -> None:
    """Both happened."""
    outcomes = ChangeOutcomes(CHANGES)
    outcomes.set_applied(CHANGES[0])
    outcomes.set_failed(CHANGES[1], FAILURE)
    outcomes.set_unverified(CHANGES[6], FAILURE)
    ended = outcomes.result(UPDATE, "{Live}")
    assert ended.outcome is Outcome.FAILED
    assert count_variables(_run(ended).repositories) == VariableCounts(
        created=1, failed=1, unchanged=7
    )
    assert count_environments([ended]) == EnvironmentCounts(updated=1, failed=1)
    assert ended.problems == (FAILURE,)
    made = ChangeOutcomes(CREATE.changes)
    made.set_applied(SetType(TEST))
    broken = made.result(CREATE, "{New}", FAILURE)
    assert count_environments([broken]) == EnvironmentCounts(created=1, failed=1)
    lost = ChangeOutcomes(CREATE.changes).result(CREATE, None, FAILURE)
    assert count_environments([lost]) == EnvironmentCounts(failed=1)


def test_each_way_to_end_is_counted_once() -> None:
    results = [
        EnvironmentResult(plan=DELETE, outcome=Outcome.APPLIED),
        EnvironmentResult(plan=DELETE, outcome=Outcome.UNCHANGED),
        EnvironmentResult(plan=Keep(name="a", existing=None), outcome=Outcome.UNCHANGED),
        planned(Refuse(name="b", existing=None, problem=REFUSED)),
        EnvironmentResult(plan=DELETE, outcome=Outcome.UNVERIFIED, problem=FAILURE),
    ]
    assert count_environments(results) == EnvironmentCounts(
        deleted=1, unchanged=2, refused=1, failed=1
    )


def test_a_plan_that_is_only_shown() -> None:
    assert planned(UPDATE).outcome is Outcome.PLANNED
    assert planned(UPDATE).uuid == "{Live}"
    assert planned(CREATE).uuid is None
    assert planned(Keep(name="x", existing=env("x"))).outcome is Outcome.UNCHANGED
    refused = planned(Refuse(name="x", existing=None, problem=REFUSED))
    assert (refused.outcome, refused.problem) == (Outcome.REFUSED, REFUSED)
    unavailable = Update(existing=env("Live"), changes=(BranchesUnavailable(("main",), FAILURE),))
    assert (planned(unavailable).outcome, planned(unavailable).problem) == (
        Outcome.FAILED,
        FAILURE,
    )


def test_a_missing_secret_is_drift_in_check_and_a_failure_elsewhere() -> None:
    missing = ManagedSecret("A")
    change = MissingSecret(missing, secret_missing(missing, None))
    result = planned(Update(existing=env("Live"), changes=(change,)))
    assert result.outcome is Outcome.PLANNED
    for mode, code in ((Mode.CHECK, ExitCode.DRIFT), (Mode.PLAN, ExitCode.INCOMPLETE)):
        for one in (
            RepositoryResult(repository=SHOP, environments=(result,)),
            RepositoryResult(repository=SHOP, changes=result.changes),
        ):
            run = RunResult(mode=mode, repositories=(one,), counts=Counts(), seconds=0)
            assert run.exit_code is code


@pytest.mark.promise("P12")
@pytest.mark.parametrize(
    ("outcome", "mode", "code", "word"),
    [
        (planned(UPDATE), Mode.PLAN, ExitCode.OK, RunOutcome.PLANNED),
        (planned(UPDATE), Mode.CHECK, ExitCode.DRIFT, RunOutcome.DRIFT),
        (planned(DELETE), Mode.CHECK, ExitCode.DRIFT, RunOutcome.DRIFT),
        (planned(Keep(name="x", existing=None)), Mode.CHECK, ExitCode.OK, RunOutcome.UNCHANGED),
        (
            planned(Update(existing=env("x"), changes=(CHANGES[2],))),
            Mode.CHECK,
            ExitCode.OK,
            RunOutcome.PLANNED,
        ),
        (
            planned(Refuse(name="x", existing=None, problem=REFUSED)),
            Mode.APPLY,
            ExitCode.REFUSED,
            RunOutcome.REFUSED,
        ),
        (
            EnvironmentResult(plan=DELETE, outcome=Outcome.FAILED, problem=FAILURE),
            Mode.APPLY,
            ExitCode.INCOMPLETE,
            RunOutcome.FAILED,
        ),
        (
            EnvironmentResult(plan=DELETE, outcome=Outcome.APPLIED),
            Mode.APPLY,
            ExitCode.OK,
            RunOutcome.CHANGED,
        ),
    ],
)
def test_exit_code_and_word_of_a_run(
    outcome: EnvironmentResult, mode: Mode, code: ExitCode, word: RunOutcome
) -> None:
    result = _run(outcome, mode=mode)
    assert (result.exit_code, result.outcome) == (code, word)


@pytest.mark.promise("P12")
def test_the_most_important_code_wins() -> None:
    refused = planned(Refuse(name="x", existing=None, problem=REFUSED))
    run = _run(refused, planned(UPDATE), mode=Mode.CHECK)
    assert run.exit_code is ExitCode.REFUSED
    gave_up = replace(FAILURE, code=ExitCode.GAVE_UP)
    assert replace(run, problems=(gave_up,)).exit_code is ExitCode.GAVE_UP
    denied = RepositoryResult(repository=SHOP, problem=replace(FAILURE, code=ExitCode.PERMISSION))
    assert denied.problems == (replace(FAILURE, code=ExitCode.PERMISSION),)
    assert replace(run, repositories=(*run.repositories, denied)).exit_code is ExitCode.PERMISSION
    faulty = replace(run, config_errors=(ConfigError("X", "is wrong"),))
    assert faulty.exit_code is ExitCode.CONFIGURATION


@pytest.mark.promise("P12", "P23")
@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_is_as_declared_ends_with_0_even_without_a_problem(outcome: Outcome) -> None:
    """A failure whose problem was forgotten is not silent."""
    change = ChangeResult(change=CHANGES[0], outcome=outcome)
    everywhere = (
        RepositoryResult(repository=SHOP, pipelines=outcome),
        RepositoryResult(repository=SHOP, changes=(change,)),
        RepositoryResult(
            repository=SHOP, environments=(EnvironmentResult(plan=UPDATE, outcome=outcome),)
        ),
        RepositoryResult(
            repository=SHOP,
            environments=(
                EnvironmentResult(plan=UPDATE, outcome=Outcome.APPLIED, changes=(change,)),
            ),
        ),
    )
    for mode in (Mode.APPLY, Mode.PLAN):
        is_good = outcome in (Outcome.APPLIED, Outcome.UNCHANGED) or (
            outcome is Outcome.PLANNED and mode is Mode.PLAN
        )
        for one in everywhere:
            run = RunResult(mode=mode, repositories=(one,), counts=Counts(), seconds=0)
            assert run.exit_code is (ExitCode.OK if is_good else ExitCode.INCOMPLETE)


@pytest.mark.promise("P12", "P23")
def test_a_repository_that_was_not_started_is_not_silent() -> None:
    assert replace(_run(), remaining=(SHOP,)).exit_code is ExitCode.INCOMPLETE


def test_turning_pipelines_on_is_a_change() -> None:
    assert _run(pipelines=Outcome.APPLIED).outcome is RunOutcome.CHANGED
    assert _run(pipelines=Outcome.PLANNED, mode=Mode.CHECK).exit_code is ExitCode.DRIFT
