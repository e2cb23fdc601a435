import pytest

from pipe.apply.outcomes import ChangeOutcomes
from pipe.models.changes import SetAdminOnly, SetName, Update
from pipe.models.errors import PipeError
from pipe.models.results import Outcome
from tests.support.values import FAILURE, env


def test_the_result_has_the_worst_outcome_and_shows_what_was_skipped() -> None:
    name, admin = SetName("Live", "New"), SetAdminOnly(before=False, after=True)
    plan = Update(existing=env("Live"), changes=(name, admin))
    outcomes = ChangeOutcomes(plan.changes)
    assert not outcomes.is_in_place(name)
    outcomes.set_unchanged(name)
    assert outcomes.is_in_place(name)
    assert not outcomes.is_applied(name)
    outcomes.set_unverified(admin, FAILURE)
    assert outcomes.result(plan, "{Live}").outcome is Outcome.UNVERIFIED
    outcomes.set_unchanged(admin)
    assert outcomes.result(plan, "{Live}").outcome is Outcome.UNCHANGED
    outcomes.set_applied(admin)
    assert outcomes.result(plan, "{Live}").outcome is Outcome.APPLIED
    half = ChangeOutcomes(plan.changes)
    half.set_applied(name)
    result = half.result(plan, "{Live}")
    assert result.outcome is Outcome.FAILED
    assert [each.outcome for each in result.changes] == [Outcome.APPLIED, Outcome.SKIPPED]


def test_an_error_fails_the_changes_that_have_no_outcome_yet() -> None:
    name, admin = SetName("Live", "New"), SetAdminOnly(before=False, after=True)
    outcomes = ChangeOutcomes((name, admin))
    outcomes.set_applied(name)
    with pytest.raises(PipeError), outcomes.fail_on_error(name, admin):
        raise PipeError(FAILURE)
    assert outcomes.is_applied(name)
    assert not outcomes.is_in_place(admin)


def test_an_error_while_verifying_leaves_changes_unverified() -> None:
    name, admin = SetName("Live", "New"), SetAdminOnly(before=False, after=True)
    outcomes = ChangeOutcomes((name, admin))
    outcomes.set_applied(name)
    with pytest.raises(PipeError), outcomes.unverified_on_error(name, admin):
        raise PipeError(FAILURE)
    result = outcomes.result(Update(existing=env("Live"), changes=(name, admin)), "{Live}")
    assert [each.outcome for each in result.changes] == [Outcome.APPLIED, Outcome.UNVERIFIED]
