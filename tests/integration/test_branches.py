"""The branches that may deploy, and the order in which protection and secrets change."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator.faults import Answer, DropConnection, server_error
from simulator.state.environment import Environment
from simulator.state.journal import EventKind
from tests.support.world import World, listed, run_with

LIVE = {"ENVIRONMENT_NAME": "Live"}
SECRET = {"SECURED_VARIABLES": '["TOKEN=s3cret-s3cret"]'}


def _world(*branches: str, admin_only: bool = False, **switches: Any) -> World:
    world = World(**switches)
    live = world.shop.add_environment("Live", "Production", admin_only=admin_only)
    for each in branches:
        live.add_branch(each)
    return world


def _live(world: World) -> Environment:
    return world.shop.environment("Live")


@pytest.mark.promise("P4")
def test_the_exact_set_is_reached_and_then_left_alone() -> None:
    """One more GET, and no write."""
    world = _world("main", "old")
    wanted = LIVE | listed("BRANCHES", "main", "release/*")
    ran = run_with(world, wanted)
    assert ran.exit_code == 0
    assert set(_live(world).branches) == {"main", "release/*"}
    assert [method for method, _, _ in ran.writes] == ["DELETE", "POST"]
    assert run_with(world, wanted).methods == ["GET", "GET"]
    other_order = LIVE | listed("BRANCHES", "release/*", "main")
    assert run_with(world, other_order).writes == []


@pytest.mark.promise("P8")
def test_branches_that_are_not_mentioned_stay() -> None:
    world = _world("main")
    ran = run_with(world, LIVE | {"ADMIN_ONLY": "true"})
    assert (ran.exit_code, set(_live(world).branches)) == (0, {"main"})
    assert not [each for each in ran.requests if "internal" in each.path]


@pytest.mark.parametrize("internal", ["401", "404"])
def test_without_the_internal_endpoint_everything_else_is_done(internal: str) -> None:
    world = _world(branch_endpoint=internal)
    wanted = LIVE | SECRET | {"ADMIN_ONLY": "true", "BRANCHES": '["main"]'}
    ran = run_with(world, wanted)
    assert (ran.exit_code, set(ran.problems)) == (5, {"branches-unsupported"})
    assert _live(world).admin_only
    assert set(_live(world).variables) == {"TOKEN"}
    assert ran.outcomes == {
        "admin_only": "applied",
        "branches": "failed",
        "variables.TOKEN": "applied",
    }
    assert "BCLOUD-21703" in ran.log


@pytest.mark.parametrize(
    ("status", "code", "key"),
    [
        (401, 3, "not-authenticated"),
        (403, 3, "not-permitted"),
        (404, 5, "branches-unsupported"),
    ],
)
def test_an_endpoint_that_only_reads_is_reported_too(status: int, code: int, key: str) -> None:
    world = _world("old")
    world.simulator.faults.add(
        Answer(status=status, body=b"{}"), path="/internal/*", method="POST", times=9
    )
    ran = run_with(world, LIVE | {"BRANCHES": '["main"]'})
    assert (ran.exit_code, set(ran.problems)) == (code, {key})
    assert set(_live(world).branches) == {"old"}
    world.simulator.faults.clear()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="/internal/*", method="DELETE", times=9
    )
    ran = run_with(world, LIVE | {"BRANCHES": "[]"})
    assert (ran.exit_code, set(ran.problems)) == (3, {"not-permitted"})


@pytest.mark.parametrize("existing", [True, False], ids=["existing", "new"])
@pytest.mark.parametrize(
    ("message", "code", "key"),
    [
        (b"Access denied", 3, "not-permitted"),
        (b"This feature requires Premium.", 5, "payment-required"),
    ],
)
def test_a_first_write_that_is_forbidden_where_reading_is_not_is_no_missing_endpoint(
    message: bytes, code: int, key: str, *, existing: bool
) -> None:
    world = _world() if existing else World()
    body = b'{"error": {"message": "%s"}}' % message
    world.simulator.faults.add(
        Answer(status=403, body=body), path="/internal/*", method="POST", times=9
    )
    wanted = SECRET | {"ENVIRONMENT_TYPE": "Production", "BRANCHES": '["main"]'}
    ran = run_with(world, LIVE | wanted)
    assert (ran.exit_code, set(ran.problems)) == (code, {key})
    assert "TOKEN" not in _live(world).variables  # it is less protected than declared


def test_a_new_environment_whose_endpoint_is_forbidden_altogether_gets_everything_else() -> None:
    world = World()
    world.simulator.faults.add(Answer(status=403, body=b"{}"), path="/internal/*", times=9)
    wanted = SECRET | {"ENVIRONMENT_TYPE": "Production", "BRANCHES": '["main"]'}
    ran = run_with(world, LIVE | wanted)
    assert (ran.exit_code, set(ran.problems)) == (5, {"branches-unsupported"})
    assert set(_live(world).variables) == {"TOKEN"}


def test_a_list_of_branches_that_fails_ends_the_repository() -> None:
    world = _world()
    world.simulator.faults.add(server_error(), path="/internal/*", times=99)
    ran = run_with(world, LIVE | SECRET | {"BRANCHES": '["main"]'})
    assert (ran.exit_code, ran.writes) == (6, [])
    world.simulator.faults.clear()
    world.simulator.faults.add(Answer(status=400, body=b"{}"), path="/internal/*", times=99)
    ran = run_with(world, LIVE | SECRET | {"BRANCHES": '["main"]'})
    assert (ran.exit_code, ran.writes) == (5, [])


@pytest.mark.promise("P5")
@pytest.mark.parametrize("after_effect", [True, False])
def test_a_pattern_whose_answer_is_lost_is_added_once(*, after_effect: bool) -> None:
    world = _world()
    world.simulator.faults.add(
        DropConnection(after_effect=after_effect), path="/internal/*", method="POST"
    )
    ran = run_with(world, LIVE | {"BRANCHES": '["main"]'})
    assert (ran.exit_code, set(_live(world).branches)) == (0, {"main"})
    assert ran.count(EventKind.BRANCH_ADDED) == 1


def test_a_pattern_that_never_arrives_is_given_up() -> None:
    world = _world()
    world.simulator.faults.add(DropConnection(), path="/internal/*", method="POST", times=99)
    ran = run_with(world, LIVE | {"BRANCHES": '["main"]'})
    assert (ran.exit_code, set(ran.problems)) == (6, {"service-unavailable"})


@pytest.mark.parametrize(
    ("existing", "change"),
    [
        (["old"], lambda live: live.add_branch("main")),
        (["old", "main"], lambda live: live.branches.pop("old", None)),
    ],
    ids=["added", "removed"],
)
def test_a_pattern_that_somebody_else_changed_meanwhile_is_no_failure(
    existing: list[str], change: Callable[[Environment], object]
) -> None:
    world = _world(*existing)
    world.after(2, lambda: change(_live(world)))
    ran = run_with(world, LIVE | {"BRANCHES": '["main"]'})
    assert (ran.exit_code, set(_live(world).branches)) == (0, {"main"})


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_pattern_that_bitbucket_refuses_is_reported(method: str) -> None:
    world = _world("old", "main")
    world.simulator.faults.add(
        Answer(status=400, body=b'{"error": {"message": "Not like this."}}'),
        path="/internal/*",
        method=method,
        times=9,
    )
    ran = run_with(world, LIVE | {"BRANCHES": '["main", "new"]', "ADMIN_ONLY": "false"})
    assert (ran.exit_code, set(ran.problems)) == (5, {"write-rejected"})
    assert "Not like this" in ran.log


def _story(world: World, wanted: dict[str, str]) -> list[str]:
    """Return what happened in Bitbucket, in order, while the pipe ran."""
    ran = run_with(world, LIVE | wanted)
    assert ran.exit_code == 0
    return [
        f"{each.kind} {each.details.get('pattern', each.details.get('key', ''))}".strip()
        for each in ran.events
    ]


@pytest.mark.promise("P7")
def test_tighten_then_write_then_loosen() -> None:
    """A secret never stands in an environment less protected than declared."""
    tight = _world("old", "dev")
    assert _story(
        tight, SECRET | {"ADMIN_ONLY": "true", "BRANCHES": json.dumps(["main", "dev"])}
    ) == [
        "environment-restricted",
        "branch-removed old",
        "variable-created TOKEN",
        "branch-added main",
    ]
    loose = _world("old", admin_only=True)
    assert _story(loose, SECRET | {"ADMIN_ONLY": "false", "BRANCHES": "[]"}) == [
        "variable-created TOKEN",
        "environment-loosened",
        "branch-removed old",
    ]
    swapped = _world("old")
    assert _story(swapped, SECRET | {"BRANCHES": '["new", "newer"]'}) == [
        "branch-added new",
        "branch-removed old",
        "variable-created TOKEN",
        "branch-added newer",
    ]


@pytest.mark.promise("P7")
def test_a_new_environment_is_restricted_before_a_secret_stands_in_it() -> None:
    world = World(admin_only_at_creation="ignored")
    assert _story(
        world,
        SECRET
        | {"ENVIRONMENT_TYPE": "Production", "ADMIN_ONLY": "true", "BRANCHES": '["main", "dev"]'},
    ) == [
        "environment-created",
        "environment-restricted",
        "branch-added main",
        "branch-added dev",
        "variable-created TOKEN",
    ]


@pytest.mark.promise("P7")
def test_no_secret_is_written_where_the_restriction_did_not_come_about() -> None:
    world = _world(plan="ignored")
    wanted = SECRET | {"ADMIN_ONLY": "true", "VARIABLES": '["PLAIN=1"]'}
    ran = run_with(world, LIVE | wanted)
    assert ran.exit_code == 5
    assert set(_live(world).variables) == {"PLAIN"}
    assert ran.outcomes == {
        "admin_only": "unverified",
        "variables.PLAIN": "applied",
        "variables.TOKEN": "skipped",
    }


@pytest.mark.promise("P7")
def test_nothing_is_loosened_while_something_before_it_failed() -> None:
    world = _world("old", admin_only=True)
    world.simulator.faults.add(
        Answer(status=400, body=b"{}"), method="POST", path="*/variables", times=9
    )
    ran = run_with(world, LIVE | SECRET | {"ADMIN_ONLY": "false", "BRANCHES": "[]"})
    assert ran.exit_code == 5
    assert _live(world).admin_only
    assert set(_live(world).branches) == {"old"}
    assert ran.outcomes == {
        "variables.TOKEN": "failed",
        "admin_only": "skipped",
        "branches": "skipped",
    }


@pytest.mark.promise("P7")
def test_a_restriction_is_not_lifted_where_the_declared_branches_could_not_be_set() -> None:
    """Otherwise everyone could deploy from every branch."""
    world = _world(admin_only=True, branch_endpoint="404")
    ran = run_with(world, LIVE | {"ADMIN_ONLY": "false", "BRANCHES": '["main"]'})
    assert (ran.exit_code, _live(world).admin_only) == (5, True)
    lifted = run_with(world, LIVE | {"ADMIN_ONLY": "false", "BRANCHES": "[]"})
    assert (lifted.exit_code, _live(world).admin_only) == (5, False)


def test_branches_that_another_run_changed_meanwhile_are_not_called_applied() -> None:
    world = _world("main")
    world.after(3, lambda: _live(world).add_branch("theirs"))
    ran = run_with(world, LIVE | listed("BRANCHES", "main", "ours"))
    assert (ran.exit_code, ran.problems) == (5, ["branches-differ"] * len(ran.problems))
    assert ran.outcomes == {"branches": "unverified"}
    assert "theirs" in ran.log


def test_branches_that_can_not_be_read_back_are_not_called_applied() -> None:
    world = _world()
    denied = Answer(status=403, body=b"{}")
    world.simulator.faults.add(
        denied, method="GET", path="*/branch-restrictions/", skip=1, times=99
    )
    ran = run_with(world, LIVE | listed("BRANCHES", "main"))
    assert (ran.exit_code, set(ran.problems)) == (3, {"not-permitted"})
    assert ran.outcomes == {"branches": "unverified"}
    assert "(not verified)" in ran.log


@pytest.mark.promise("P13")
def test_branches_that_are_changed_in_part_are_reported_as_such() -> None:
    world = _world("main", "old")
    expired = Answer(status=401, body=b"{}")
    world.simulator.faults.add(expired, method="POST", path="*/branch-restrictions/", skip=1)
    ran = run_with(world, LIVE | listed("BRANCHES", "main", "dev", "qa"))
    assert (ran.exit_code, set(ran.problems)) == (3, {"not-authenticated"})
    assert set(_live(world).branches) == {"main", "dev"}
    assert "(failed, changed in part: old removed, dev added)" in ran.log
    assert "✖ Failed: 1 environment failed (1 changed in part);" in ran.log
    assert ran.report["summary"]["environments"]["updated"] == 1


def test_branches_that_could_not_be_loosened_are_not_called_tightened() -> None:
    """The outcome recorded between the two phases does not outlive the second one."""
    world = _world("main", "old")
    expired = Answer(status=401, body=b"{}")
    world.simulator.faults.add(expired, method="GET", path="*/branch-restrictions/", skip=1)
    ran = run_with(world, LIVE | listed("BRANCHES", "main", "dev"))
    assert (ran.exit_code, ran.outcomes) == (3, {"branches": "unverified"})


@pytest.mark.parametrize(("after_effect", "code"), [(True, 0), (False, 5)])
def test_a_removal_whose_repeat_answers_404_is_believed_by_the_list(
    code: int, *, after_effect: bool
) -> None:
    world = _world("main", "old")
    faults = world.simulator.faults
    faults.add(DropConnection(after_effect=after_effect), path="/internal/*", method="DELETE")
    if not after_effect:
        faults.add(Answer(status=404, body=b"{}"), path="/internal/*", method="DELETE", skip=1)
    ran = run_with(world, LIVE | listed("BRANCHES", "main"))
    assert ran.exit_code == code
    assert set(_live(world).branches) == ({"main"} if after_effect else {"main", "old"})
