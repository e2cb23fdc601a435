"""Variables that are not declared, where they are to be deleted."""

import json
from itertools import product

import pytest

from simulator.faults import Answer, DropConnection, empty_page
from simulator.state.journal import EventKind
from tests.support.variables import (
    KEY,
    LIVE,
    declare_plain,
    declare_secured,
    live_of,
    live_world,
    values_of,
)
from tests.support.world import World, run_with

PRUNE = {"PRUNE": "variables"}


@pytest.mark.promise("P10")
def test_pruning_deletes_what_is_not_declared_and_looks_twice() -> None:
    world = live_world()
    for key in ("A", "B", "C", "D", "E", "F", "G"):
        live_of(world).set_variable(key, "1")
    ran = run_with(world, declare_plain(A="1", B="1", C="1", D="1", E="1", F="1") | PRUNE)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "GET", "DELETE"])
    assert "G" not in values_of(world)
    assert ran.report["summary"]["variables"]["deleted"] == 1


@pytest.mark.promise("P10", "P16")
def test_fingerprints_are_pruned_only_when_they_are_not_used() -> None:
    world = live_world()
    wanted = declare_secured(A="secret") | PRUNE
    run_with(world, wanted | {"FINGERPRINT_KEY": KEY})
    again = run_with(world, wanted | {"FINGERPRINT_KEY": KEY})
    assert again.writes == []
    without = run_with(world, wanted)
    assert without.count(EventKind.VARIABLE_DELETED) == 1
    assert set(values_of(world)) == {"A"}


@pytest.mark.promise("P10")
def test_what_the_second_look_does_not_show_is_not_deleted() -> None:
    """A deletion never rests on one list."""
    world = live_world()
    live_of(world).set_variable("A", "1")
    live_of(world).set_variable("B", "1")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", skip=1, times=99)
    ran = run_with(world, declare_plain(A="1") | PRUNE)
    assert (ran.exit_code, ran.writes) == (0, [])
    assert ran.outcomes == {"variables.B": "unchanged"}


@pytest.mark.promise("P1", "P10")
def test_a_second_look_that_wavers_is_taken_again() -> None:
    """A list that is empty for a moment does not end in something left undone."""
    world = live_world(empty_variable_lists=2)
    live_of(world).set_variable("A", "old")
    live_of(world).set_variable("B", "1")
    ran = run_with(world, declare_plain(A="new") | PRUNE)
    assert (ran.exit_code, set(values_of(world))) == (0, {"A"})
    assert ran.outcomes == {"variables.A": "applied", "variables.B": "applied"}


def test_what_somebody_else_deleted_is_no_failure() -> None:
    world = live_world()
    live_of(world).set_variable("A", "1")
    live_of(world).set_variable("B", "1")
    world.after(3, lambda: live_of(world).remove_variable("B"))
    ran = run_with(world, declare_plain(A="1") | PRUNE)
    assert "DELETE" in ran.methods
    assert (ran.exit_code, ran.outcomes) == (0, {"variables.B": "unchanged"})


@pytest.mark.promise("P10", "P13")
@pytest.mark.parametrize(
    ("status", "empty_lists"), [(404, 0), (404, 1), (409, 0)], ids=["found", "wavers", "refused"]
)
def test_a_deletion_that_is_not_done_is_reported(status: int, empty_lists: int) -> None:
    """What is reported as gone was missing from two lists."""
    world = live_world()
    live_of(world).set_variable("A", "1")
    live_of(world).set_variable("B", "1")
    world.simulator.faults.add(Answer(status=status, body=b"{}"), method="DELETE", times=9)
    world.simulator.faults.add(
        empty_page(), path="*/variables", method="GET", skip=2, times=empty_lists
    )
    ran = run_with(world, declare_plain(A="1") | PRUNE)
    assert (ran.exit_code, ran.outcomes) == (5, {"variables.B": "failed"})
    assert set(values_of(world)) == {"A", "B"}


@pytest.mark.parametrize(("after_effect", "code"), [(True, 0), (False, 5)])
def test_a_deletion_whose_repeat_answers_404_is_believed_by_the_list(
    code: int, *, after_effect: bool
) -> None:
    world = live_world()
    live_of(world).set_variable("OLD", "1")
    faults = world.simulator.faults
    faults.add(DropConnection(after_effect=after_effect), method="DELETE")
    if not after_effect:
        faults.add(Answer(status=404, body=b"{}"), method="DELETE", skip=1)
    ran = run_with(world, LIVE | {"VARIABLES": '[{"key": "OLD", "state": "absent"}]'})
    assert ran.exit_code == code
    assert ("OLD" in values_of(world)) is not after_effect


def _with_fingerprints(plain: int) -> World:
    """Return a world with plain variables, a secured one, and its fingerprint."""
    world = live_world()
    wanted = declare_plain(**{f"V{number}": "1" for number in range(plain)})
    ran = run_with(world, wanted | declare_secured(S="s3cret-s3cret") | {"FINGERPRINT_KEY": KEY})
    assert ran.exit_code == 0
    return world


@pytest.mark.promise("P10", "P28")
@pytest.mark.parametrize(("plain", "kept"), [(8, 6), (9, 6)])
def test_the_variable_of_fingerprints_counts_neither_as_existing_nor_as_pruned(
    plain: int, kept: int
) -> None:
    """2 of 9, and 3 of 10 variables are no more than 30 %."""
    world = _with_fingerprints(plain)
    wanted = declare_plain(**{f"V{number}": "1" for number in range(kept)})
    wanted |= declare_secured(S="s3cret-s3cret") | PRUNE
    assert run_with(world, wanted | {"MODE": "plan"}).exit_code == 0
    ran = run_with(world, wanted)
    assert ran.exit_code == 0, ran.log
    assert len(values_of(world)) == kept + 1
    assert ran.report["summary"]["variables"]["deleted"] == plain - kept


@pytest.mark.no_cover  # long runs, through code that other tests reach
@pytest.mark.promise("P10", "P28")
@pytest.mark.parametrize("has_fingerprints", [False, True])
@pytest.mark.parametrize("managed", ["secured", "plain", "missing"])
def test_what_the_plan_permits_to_prune_is_pruned(managed: str, *, has_fingerprints: bool) -> None:
    """Both looks count the same: nothing is refused after something was written."""
    for plain, pruned in product(range(3, 9), (1, 2, 3)):
        _check_pruning(plain, pruned, managed, has_fingerprints=has_fingerprints)


def _check_pruning(plain: int, pruned: int, managed: str, *, has_fingerprints: bool) -> None:
    world = _with_fingerprints(plain) if has_fingerprints else live_world()
    live = live_of(world)
    for number in range(plain):
        live.set_variable(f"V{number}", "1")
    if managed != "missing":
        live.set_variable("M", "s3cret-s3cret", secured=managed == "secured")
    kept = {f"V{number}" for number in range(plain - pruned)}
    wanted = declare_plain(NEW="1", **dict.fromkeys(kept, "1")) | PRUNE
    wanted |= {"SECURED_VARIABLES": json.dumps([{"key": "M", "secured": True}])}
    planned = run_with(world, wanted | {"MODE": "plan"})
    ran = run_with(world, wanted)
    assert ran.exit_code == planned.exit_code
    if planned.exit_code == 7:
        assert ran.writes == []
    else:
        assert set(values_of(world)) <= {"M", "NEW"} | kept


@pytest.mark.promise("P16")
def test_fingerprints_that_could_not_be_pruned_are_not_believed() -> None:
    """They became untrue when another value was written without the key."""
    world = live_world()
    with_key = declare_secured(S="s3cret-one") | {"FINGERPRINT_KEY": KEY}
    run_with(world, with_key)
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="DELETE", times=9)
    assert run_with(world, declare_secured(S="s3cret-two") | PRUNE).exit_code == 5
    assert values_of(world)["S"] == ("s3cret-two", True)
    assert run_with(world, with_key).exit_code == 0
    assert values_of(world)["S"] == ("s3cret-one", True)
