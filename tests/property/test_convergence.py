"""Whatever is there and whatever is wanted."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import event, given, settings

from pipe.models.changes import Delete, DeleteReason, Keep, Refuse, RewriteSecured, Update
from pipe.models.counting import count_environments, count_plan, count_variables, is_impossible
from pipe.models.declaration import FINGERPRINTS_KEY as OURS
from pipe.models.declaration import Desired, State
from pipe.models.results import RepositoryResult
from simulator.http import Json
from simulator.state.journal import EventKind
from tests.property.strategies import (
    REFUSALS,
    SECRETS,
    Account,
    Experiment,
    experiments,
    is_settled,
)

ITSELF = ""
"""Stands for the name of an environment where variables of the repository itself are meant."""

pytestmark = pytest.mark.promise("P1", "P7", "P8", "P9", "P10", "P13")


def _result(account: Account) -> RepositoryResult:
    assert account.result is not None
    return account.result


@pytest.mark.promise("P1")
@given(experiments())
def test_a_second_run_has_nothing_to_do(experiment: Experiment) -> None:
    account = experiment.run()
    failed = [each for each in _result(account).problems if each.key not in REFUSALS]
    event("something failed" if failed else "all went well")
    assert failed == []
    # What was too much of what there was can be little of what is there after the same run.
    reconsidered = "too-many-deletions" in {each.key for each in _result(account).problems}
    again = account.plan()
    assert all(isinstance(each, RewriteSecured) for each in again.changes) or reconsidered
    for plan in again.environments:
        pruned = isinstance(plan, Delete) and plan.reason is DeleteReason.PRUNED
        assert is_settled(plan) or (pruned and reconsidered), plan


@pytest.mark.promise("P8", "P10")
@given(experiments())
def test_what_is_not_mentioned_is_never_changed(experiment: Experiment) -> None:
    """Every change of Bitbucket's state is one that was asked for."""
    account = experiment.run()
    known = dict(_beginning(account))
    for each in account.events:
        if each.kind is EventKind.PIPELINES_ENABLED:
            assert experiment.declaration.enable_pipelines
            continue
        uuid = str(each.details["environment"])
        if each.kind is EventKind.ENVIRONMENT_CREATED:
            wanted = [
                one
                for one in experiment.declaration.environments
                if one.name == each.subject and one.state is State.PRESENT
            ]
            assert wanted
            assert {one.type for one in wanted} == {each.details["type"]}
            known[uuid] = (each.subject, str(each.details["type"]))
            continue
        name, kind = known.get(uuid, (ITSELF, ""))
        candidates = list(experiment.wanted_of(name, kind))
        if name == ITSELF:
            candidates = [(State.PRESENT, experiment.declaration.repository)]
        _is_asked_for(account, each.kind, dict(each.details), name, candidates)


def _beginning(account: Account) -> list[tuple[str, tuple[str, str]]]:
    created = [
        each
        for each in account.world.simulator.events
        if each.kind is EventKind.ENVIRONMENT_CREATED and each.request is None
    ]
    return [
        (str(each.details["environment"]), (each.subject, str(each.details["type"])))
        for each in created
    ]


def _is_asked_for(
    account: Account,
    kind: EventKind,
    details: dict[str, Json],
    name: str,
    wanted: list[tuple[State, Desired]],
) -> None:
    declaration = account.experiment.declaration
    present = [one for state, one in wanted if state is State.PRESENT]
    match kind:
        case EventKind.ENVIRONMENT_RENAMED:
            assert [
                one
                for one in declaration.environments
                if (one.rename_from, one.name) == (name, details["name"])
            ]
        case EventKind.ENVIRONMENT_RESTRICTED:
            assert True in {one.admin_only for one in present}
        case EventKind.ENVIRONMENT_LOOSENED:
            assert False in {one.admin_only for one in present}
        case EventKind.ENVIRONMENT_DELETED:
            absent = any(state is State.ABSENT for state, _ in wanted)
            assert absent or (declaration.prune_environments and not wanted)
        case EventKind.BRANCH_ADDED:
            assert [one for one in present if details["pattern"] in (one.branches or ())]
        case EventKind.BRANCH_REMOVED:
            assert [
                one
                for one in present
                if one.branches is not None and details["pattern"] not in one.branches
            ]
        case EventKind.VARIABLE_CREATED | EventKind.VARIABLE_UPDATED:
            keys = {each.key for one in present for each in one.variables or ()}
            assert details["key"] in keys | {OURS}
        case EventKind.VARIABLE_DELETED:
            keys = {each.key for one in present for each in one.variables or ()}
            assert details["key"] in keys | {OURS} or [
                one for one in present if one.prune_variables
            ]
        case _:
            raise AssertionError(kind)


@pytest.mark.promise("P10")
@given(experiments())
def test_no_more_is_deleted_than_is_permitted(experiment: Experiment) -> None:
    account = experiment.run()
    if experiment.force:
        return
    gone = [each for each in account.events if each.kind is EventKind.ENVIRONMENT_DELETED]
    named = {
        one.name for one in experiment.declaration.environments if one.state is State.ABSENT
    } | {
        one.rename_from for one in experiment.declaration.environments if one.state is State.ABSENT
    }
    assert not [each for each in gone if each.details["type"] == "Production"]
    pruned = [each for each in gone if each.subject not in named]
    count = len(experiment.existing)
    assert count < 5 or len(pruned) * 100 <= count * 30
    for uuid, (name, _) in _beginning(account):
        held = experiment.existing[name].variables
        lost = _lost(account, uuid)
        assert len(held) < 5 or len(lost) * 100 <= len(held) * 30
    lost = _lost(account, None)
    assert len(experiment.own) < 5 or len(lost) * 100 <= len(experiment.own) * 30


def _lost(account: Account, uuid: str | None) -> set[str]:
    """Return the keys of variables that were deleted and not created anew."""
    lost: set[str] = set()
    for each in account.events:
        if each.details.get("environment") == uuid:
            if each.kind is EventKind.VARIABLE_DELETED:
                lost.add(str(each.details["key"]))
            elif each.kind is EventKind.VARIABLE_CREATED:
                lost.discard(str(each.details["key"]))
    return lost


@pytest.mark.promise("P7")
@given(experiments())
def test_no_moment_is_less_protected_than_the_beginning_and_the_end(
    experiment: Experiment,
) -> None:
    account = experiment.run()
    account.observe(account.world.simulator)
    first, last = account.moments[0], account.moments[-1]
    for uuid in first.admin_only.keys() & last.admin_only.keys():
        either = first.branches[uuid] | last.branches[uuid]
        for moment in account.moments:
            if first.admin_only[uuid] and last.admin_only[uuid]:
                assert moment.admin_only[uuid]
            assert moment.branches[uuid] <= either
            if first.branches[uuid] and last.branches[uuid]:
                assert moment.branches[uuid]


@pytest.mark.promise("P7", "P9")
@given(experiments())
def test_an_environment_is_as_protected_as_declared_before_a_secret_is_written(
    experiment: Experiment,
) -> None:
    account = experiment.run()
    known = dict(_beginning(account))
    admin_only = {uuid: experiment.existing[name].admin_only for uuid, (name, _) in known.items()}
    for each in account.events:
        uuid = str(each.details.get("environment"))
        match each.kind:
            case EventKind.ENVIRONMENT_CREATED:
                admin_only[uuid] = bool(each.details["admin_only"])
                known[uuid] = (each.subject, str(each.details["type"]))
            case EventKind.ENVIRONMENT_RESTRICTED:
                admin_only[uuid] = True
            case EventKind.ENVIRONMENT_LOOSENED:
                admin_only[uuid] = False
            case EventKind.VARIABLE_CREATED | EventKind.VARIABLE_UPDATED:
                if each.details["value"] in SECRETS:
                    assert each.details["secured"]
                    if uuid not in known:
                        continue  # the repository itself
                    restricted = [one.admin_only for _, one in experiment.wanted_of(*known[uuid])]
                    assert admin_only[uuid] or True not in restricted
            case _:
                pass


@pytest.mark.promise("P13")
@given(experiments())
def test_the_summary_is_what_happened(experiment: Experiment) -> None:
    """Equal to the simulator's own log of writes."""
    account = experiment.run()
    result = _result(account)
    begun = {uuid for uuid, _ in _beginning(account)}
    kinds = Counter(each.kind for each in account.events)
    gone = {
        str(each.details["environment"])
        for each in account.events
        if each.kind is EventKind.ENVIRONMENT_DELETED
    }
    touched = {str(each.details.get("environment")) for each in account.events}
    environments = count_environments(result.environments)
    assert environments.created == kinds[EventKind.ENVIRONMENT_CREATED]
    assert environments.deleted == len(gone)
    assert environments.updated == len((touched & begun) - gone)
    assert environments.refused == count_plan(result.environments).refuse
    impossible = sum(is_impossible(each.plan) for each in result.environments)
    variables = count_variables([result])
    assert (variables.created, variables.updated, variables.deleted) == _variable_counts(account)
    assert (environments.failed, variables.failed) == (impossible, 0)


def _variable_counts(account: Account) -> tuple[int, int, int]:
    held = {
        (uuid, key)
        for uuid, (name, _) in _beginning(account)
        for key in account.experiment.existing[name].variables
        if key != OURS
    }
    held |= {("None", key) for key in account.experiment.own}
    now = set(held)
    written: set[tuple[str, str]] = set()
    for each in account.events:
        if each.kind is EventKind.ENVIRONMENT_DELETED:
            now = {one for one in now if one[0] != each.details["environment"]}
        if not each.kind.startswith("variable-"):
            continue
        which = str(each.details["environment"]), str(each.details["key"])
        if which[1] == OURS:
            continue
        if each.kind is EventKind.VARIABLE_DELETED:
            now.discard(which)
        else:
            now.add(which)
            written.add(which)
    return len(now - held), len(held & now & written), len(held - now)


@pytest.mark.promise("P2")
@given(experiments())
def test_a_plan_that_is_only_made_changes_nothing(experiment: Experiment) -> None:
    """And what it says is what is then done."""
    account = experiment.run()
    before, began = account.world.snapshot(), len(account.world.simulator.requests)
    account.plan()
    sent = account.world.simulator.requests[began:]
    assert {each.method for each in sent} == {"GET"}
    assert account.world.snapshot() == before


@pytest.mark.promise("P10")
@given(experiments())
def test_deletions_are_looked_at_twice(experiment: Experiment) -> None:
    """A deletion never rests on one list."""
    account = experiment.run()
    requests = account.world.simulator.requests
    for before, each in pairwise(requests):
        if each.method == "DELETE" and "/environments/" in each.path and "/var" not in each.path:
            assert (before.method, each.path.startswith(before.path)) == ("GET", True) or (
                "/internal/" in each.path
            )


def test_the_experiments_reach_every_kind_of_change() -> None:
    """A property over experiments in which nothing happens would show nothing."""
    seen: Counter[EventKind] = Counter()
    plans: Counter[type] = Counter()

    @settings(max_examples=80, derandomize=True)  # a sample of a commit may be without one
    @given(experiments())
    def look(experiment: Experiment) -> None:
        account = experiment.run()
        seen.update({each.kind for each in account.events})
        plans.update({type(each.plan) for each in _result(account).environments})

    look()
    for kind in (
        EventKind.ENVIRONMENT_CREATED,
        EventKind.ENVIRONMENT_RENAMED,
        EventKind.ENVIRONMENT_RESTRICTED,
        EventKind.ENVIRONMENT_LOOSENED,
        EventKind.ENVIRONMENT_DELETED,
        EventKind.VARIABLE_CREATED,
        EventKind.VARIABLE_UPDATED,
        EventKind.VARIABLE_DELETED,
        EventKind.BRANCH_ADDED,
        EventKind.BRANCH_REMOVED,
        EventKind.PIPELINES_ENABLED,
    ):
        assert seen[kind], kind
    assert {Delete, Refuse, Keep, Update} <= plans.keys()
