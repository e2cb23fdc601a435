"""No moment is less protected than both the beginning and the end."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.models.changes import SetBranches
from pipe.planning.order import AddBranch, BranchStep, branch_steps
from tests.support.values import branch

pytestmark = pytest.mark.promise("P7")

patterns = st.sampled_from(["main", "dev", "release/*", "hotfix/*", "*", "a", "b"])
sets = st.lists(patterns, max_size=6, unique=True)


def _changes() -> st.SearchStrategy[SetBranches]:
    return st.builds(
        SetBranches,
        sets.map(lambda names: tuple(branch(name) for name in names)),
        sets.map(tuple),
    )


def _after(present: frozenset[str], step: BranchStep) -> frozenset[str]:
    if isinstance(step, AddBranch):
        assert step.pattern not in present
        return present | {step.pattern}
    assert step.restriction.pattern in present
    return present - {step.restriction.pattern}


@given(_changes())
def test_on_the_way_no_branch_may_deploy_that_may_neither_before_nor_after(
    change: SetBranches,
) -> None:
    before, after = frozenset(change.before), frozenset(change.after)
    tighten, loosen = branch_steps(change)
    moments = list(accumulate([*tighten, *loosen], _after, initial=before))
    assert moments[-1] == after
    for moment in moments:
        assert moment <= before | after
        assert moment or not before or not after


@given(_changes())
def test_what_loosens_comes_only_when_no_more_branches_may_deploy_than_declared(
    change: SetBranches,
) -> None:
    before, after = frozenset(change.before), frozenset(change.after)
    tighten, loosen = branch_steps(change)
    moments = list(accumulate(tighten, _after, initial=before))
    if after:
        assert moments[-1] <= after
        assert moments[-1]
    else:
        assert moments[-1] == before
    for step in loosen:
        assert not after or isinstance(step, AddBranch)


@given(_changes())
def test_nothing_is_added_or_removed_without_need(change: SetBranches) -> None:
    steps = [step for part in branch_steps(change) for step in part]
    added = {step.pattern for step in steps if isinstance(step, AddBranch)}
    assert added == set(change.after) - set(change.before)
    assert len(steps) == len(set(change.before) ^ set(change.after))
