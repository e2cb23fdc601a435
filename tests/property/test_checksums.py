"""A checksum identifies exactly what a reviewer saw, and contains no secret."""

import re
from collections.abc import Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipe.models.changes import (
    Change,
    Create,
    CreateVariable,
    Delete,
    DeleteReason,
    DeleteVariable,
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    RewriteSecured,
    SetAdminOnly,
    SetBranches,
    SetName,
    SetType,
    Update,
    UpdateVariable,
)
from pipe.models.declaration import EnvironmentType, Repository
from pipe.planning.plan_checksum import checksum
from tests.support.values import FAILURE, SHOP, TEST, branch, declared, env, plain, secret, var

pytestmark = pytest.mark.promise("P18")

T = TypeVar("T")

names = st.sampled_from(["Live", "Test", "a b", "ü"])
keys = st.sampled_from(["A", "B", "C"])
values = st.sampled_from(["", "1", "2", "A", "true"])
types = st.sampled_from(list(EnvironmentType))
patterns = st.lists(st.sampled_from(["main", "dev", "a,b"]), unique=True, max_size=3)
changes = st.one_of(
    st.builds(SetName, names, names),
    st.builds(SetAdminOnly, st.sampled_from([None, True, False]), st.booleans()),
    st.builds(
        SetBranches,
        patterns.map(lambda found: tuple(branch(each) for each in found)),
        patterns.map(tuple),
    ),
    st.builds(CreateVariable, st.builds(plain, keys, values)),
    st.builds(CreateVariable, st.builds(secret, keys, values)),
    keys.flatmap(
        lambda key: st.builds(
            UpdateVariable,
            st.builds(var, st.just(key), values),
            st.builds(plain, st.just(key), values),
        )
    ),
    keys.flatmap(
        lambda key: st.builds(
            RewriteSecured, st.just(var(key)), st.builds(secret, st.just(key), values)
        )
    ),
    st.builds(DeleteVariable, st.builds(var, keys, values)),
)
several = st.lists(changes, min_size=1, max_size=4).map(tuple)
existing = st.builds(env, names, types)
plans: st.SearchStrategy[EnvironmentPlan] = st.one_of(
    st.builds(Update, existing=existing, changes=several, unchanged_variables=st.integers(0, 3)),
    st.builds(
        lambda name, kind, more: Create(
            declared=declared(name, kind), type=kind, changes=(SetType(kind), *more)
        ),
        names,
        types,
        several,
    ),
    st.builds(Delete, existing=existing, reason=st.sampled_from(list(DeleteReason))),
    st.builds(Keep, name=names, existing=existing),
    st.builds(lambda name: Refuse(name=name, existing=None, problem=FAILURE), names),
)
repositories = st.builds(Repository, st.just("acme"), st.sampled_from(["shop", "api", "web"]))
repository_plans = st.builds(
    RepositoryPlan,
    repository=repositories,
    enable_pipelines=st.booleans(),
    environments=st.lists(plans, max_size=4).map(tuple),
)


def _views(change: Change) -> tuple[object, ...]:
    """Return what a reviewer sees of a change."""
    return type(change), change.field, change.secured, change.before, change.after


def _of(*found: EnvironmentPlan, pipelines: bool = False) -> str:
    plan = RepositoryPlan(repository=SHOP, enable_pipelines=pipelines, environments=found)
    return checksum([plan])


@given(st.lists(repository_plans, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_lists_does_not_count(fleet: list[RepositoryPlan], chance: Random) -> None:
    mixed = [
        replace(
            one,
            environments=tuple(
                replace(each, changes=_mixed(each.changes, chance))
                if isinstance(each, Update | Create)
                else each
                for each in _mixed(one.environments, chance)
            ),
        )
        for one in _mixed(fleet, chance)
    ]
    assert checksum(mixed) == checksum(fleet)


def _mixed(items: Sequence[T], chance: Random) -> tuple[T, ...]:
    return tuple(chance.sample(list(items), len(items)))


@given(changes, changes)
def test_another_change_has_another_checksum(one: Change, other: Change) -> None:
    live = env("Live")
    same = _of(Update(existing=live, changes=(one,))) == _of(
        Update(existing=live, changes=(other,))
    )
    assert same is (_views(one) == _views(other))


@given(several, changes)
def test_one_more_change_has_another_checksum(some: tuple[Change, ...], more: Change) -> None:
    live = env("Live")
    assert _of(Update(existing=live, changes=some)) != _of(
        Update(existing=live, changes=(*some, more))
    )


def test_what_is_done_where_and_to_what_has_its_own_checksum() -> None:
    change = (SetAdminOnly(before=False, after=True),)
    live = env("Live")
    update = Update(existing=live, changes=change)
    wanted = declared("Live", TEST)
    found = {
        _of(),
        _of(pipelines=True),
        _of(update),
        _of(replace(update, existing=env("live"))),
        _of(replace(update, existing=env("Live", uuid="{another of that name}"))),
        _of(Create(declared=wanted, type=TEST, changes=(SetType(TEST),))),
        _of(Delete(existing=live, reason=DeleteReason.DECLARED)),
        _of(Refuse(name="Live", existing=live, problem=FAILURE)),
        _of(Refuse(name="Live", existing=live, problem=replace(FAILURE, key="other"))),
        checksum([RepositoryPlan(repository=Repository("acme", "api"), environments=(update,))]),
        checksum([RepositoryPlan(repository=Repository("other", "shop"), environments=(update,))]),
    }
    assert len(found) == 11
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in found)


def test_the_order_in_which_branches_are_added_counts() -> None:
    one, other = (
        Update(existing=env("Live"), changes=(SetBranches((), after),))
        for after in (("main", "dev"), ("dev", "main"))
    )
    assert _of(one) != _of(other)


def test_how_a_variable_is_stored_and_what_is_lost_count() -> None:
    """A reviewer who sees two secrets rotated has not agreed to store one of them plain."""
    rotate = (UpdateVariable(var("A"), secret("A")), UpdateVariable(var("B"), secret("B")))
    reveal = (rotate[0], UpdateVariable(var("B"), plain("B", "s3cret")))
    other_value = (rotate[0], UpdateVariable(var("B"), plain("B", "other")))
    hide = (rotate[0], UpdateVariable(var("B", "s3cret"), secret("B")))
    live = env("Live")
    lost = [(), (var("A", "1"),), (var("A", "2"),), (var("A"),), (var("B", "1"),)]
    sums = [
        *(_of(Update(existing=live, changes=each)) for each in (rotate, reveal, other_value, hide)),
        *(
            _of(Delete(existing=live, reason=DeleteReason.DECLARED, variables=each))
            for each in lost
        ),
        *(
            checksum([RepositoryPlan(repository=SHOP, changes=each)])
            for each in (rotate, reveal, other_value, hide)
        ),
    ]
    assert len(set(sums)) == len(sums)


def test_what_stays_as_it_is_has_no_part_in_it() -> None:
    kept = Keep(name="Live", existing=env("Live"))
    assert _of(kept) == _of()
    change = (SetAdminOnly(before=False, after=True),)
    one = Update(existing=env("Live"), changes=change, unchanged_variables=1)
    assert _of(one) == _of(replace(one, unchanged_variables=2))


@pytest.mark.promise("P9")
@given(st.text(), st.text())
def test_a_checksum_is_nothing_to_guess_a_secret_against(one: str, other: str) -> None:

    def of(value: str) -> str:
        changes = (CreateVariable(secret("A", value)), UpdateVariable(var("B"), secret("B", value)))
        return _of(Update(existing=env("Live"), changes=changes))

    assert of(one) == of(other)
