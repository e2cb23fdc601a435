"""Secrets of one environment: when they are written, and how they become secured or plain."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipe.models.declaration import FINGERPRINTS_KEY as OURS
from pipe.planning.fingerprints import dump, load
from simulator.behaviour.switches import SWITCHES
from simulator.faults import Answer, empty_page
from simulator.state.environment import Environment
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
from tests.support.world import run_with


@pytest.mark.promise("P1")
def test_secured_values_are_written_every_run_and_the_log_says_why() -> None:
    """The one exception."""
    world = live_world()
    assert run_with(world, declare_secured(A="s3cret-s3cret")).exit_code == 0
    again = run_with(world, declare_secured(A="s3cret-s3cret"))
    assert (again.exit_code, again.methods) == (0, ["GET", "GET", "PUT"])
    assert "read back" in again.log
    assert again.count(EventKind.VARIABLE_UPDATED) == 1


@pytest.mark.promise("P9")
@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
@pytest.mark.parametrize(
    "ending",
    [{"STATE": "absent", "FORCE": "true"}, {"VARIABLES": "[]", "PRUNE": "variables"}],
    ids=["environment deleted", "variables pruned"],
)
def test_fingerprints_that_are_deleted_are_not_shown(
    tmp_path: Path, mode: str, ending: dict[str, str]
) -> None:
    """They are derived from secrets: neither the log nor any report holds one."""
    world = live_world()
    run_with(world, declare_secured(A="first-s3cret") | {"FINGERPRINT_KEY": KEY})
    (stored,) = load(values_of(world)[OURS][0]).values()
    reports = {each: tmp_path / f"report.{each}" for each in ("json", "xml", "md", "html")}
    files = {"REPORT_FILES": json.dumps([str(each) for each in reports.values()])}
    ran = run_with(world, LIVE | ending | files | {"MODE": mode})
    shown = [ran.log, *(each.read_text("utf-8") for each in reports.values())]
    assert all(OURS in each for each in shown)
    assert not any(stored in each for each in shown)
    assert "fingerprints of the secured values" in ran.log


def test_a_checksum_is_not_made_of_fingerprints() -> None:
    """They are derived from secrets, and no part of what is reviewed."""
    checksums = set()
    for value in ("first-s3cret", "second-s3cret"):
        world = live_world()
        run_with(world, declare_secured(A=value) | {"FINGERPRINT_KEY": KEY})
        ran = run_with(world, LIVE | {"STATE": "absent", "FORCE": "true", "MODE": "plan"})
        checksums.add(ran.report["plan_checksum"])
    assert len(checksums) == 1


def test_a_missing_secret_whose_variable_is_not_defined_names_it() -> None:
    world = live_world()
    world.files["envs.yml"] = (
        "version: 1\nenvironments:\n  - name: Live\n    variables:\n"
        "      API_KEY: {secured: true, from_env: PROD_API_KEY}\n"
    )
    ran = run_with(world, {"CONFIG_FILE": "envs.yml", "SECURED_UPDATE": "if-missing"})
    assert (ran.exit_code, ran.writes) == (5, [])
    log = ran.words
    assert "from_env: PROD_API_KEY, and PROD_API_KEY is not defined in this run" in log
    assert "Define PROD_API_KEY where MODE=apply runs" in log
    assert "managed elsewhere" not in log


@pytest.mark.promise("P16")
def test_on_change_writes_a_rotated_value_and_nothing_else() -> None:
    world = live_world()
    key = {"FINGERPRINT_KEY": KEY}
    run_with(world, declare_secured(A="first", B="same") | key)
    assert run_with(world, declare_secured(A="first", B="same") | key).writes == []
    rotated = run_with(world, declare_secured(A="second", B="same") | key)
    assert [body["key"] for body in rotated.bodies] == [OURS, "A", OURS]
    assert values_of(world)["A"] == ("second", True)
    assert run_with(world, declare_secured(A="second", B="same") | key).writes == []


@pytest.mark.no_cover  # long runs, through code that other tests reach
@pytest.mark.promise("P16")
@pytest.mark.parametrize(
    "damage",
    [
        lambda live: live.remove_variable(OURS),
        lambda live: live.set_variable(OURS, "{"),
        lambda live: live.set_variable(OURS, '{"version": 99}'),
        lambda live: live.set_variable(OURS, dump({"A": "0" * 32, "B": "1" * 32})),
        lambda live: live.set_variable(OURS, live.variables[OURS].value, secured=True),
    ],
)
@pytest.mark.parametrize("secured_change", SWITCHES["secured_change"].choices)
def test_damaged_fingerprints_only_cost_another_write(
    damage: Callable[[Environment], object], secured_change: str
) -> None:
    world = live_world(secured_change=secured_change)
    wanted = declare_secured(A="s3cret-a", B="s3cret-b") | {"FINGERPRINT_KEY": KEY}
    run_with(world, wanted)
    damage(live_of(world))
    healed = run_with(world, wanted)
    assert healed.exit_code == 0
    assert [body["key"] for body in healed.bodies if body and body["key"] != OURS] == ["A", "B"]
    assert run_with(world, wanted).writes == []


@pytest.mark.promise("P16")
def test_a_fingerprint_is_written_after_the_value_it_vouches_for() -> None:
    """A run that ends in between writes again rather than believes."""
    world = live_world()
    wanted = declare_secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY}
    world.simulator.faults.add(Answer(status=403, body=b"{}"), method="POST", skip=2, times=99)
    ended = run_with(world, wanted)
    assert ended.exit_code == 3
    assert load(values_of(world)[OURS][0]) == {}
    world.simulator.faults.clear()
    again = run_with(world, wanted)
    assert [body["key"] for body in again.bodies] == [OURS, "A", "B", OURS]


@pytest.mark.promise("P16")
def test_fingerprints_that_were_only_removed_are_not_called_written() -> None:
    world = live_world()
    world.simulator.faults.add(Answer(status=401, body=b"{}"), method="PUT")
    ended = run_with(world, declare_secured(A="one") | {"FINGERPRINT_KEY": KEY})
    assert ended.exit_code == 3
    assert ended.outcomes == {"variables.A": "applied", f"variables.{OURS}": "failed"}


@pytest.mark.promise("P16")
def test_a_value_that_was_refused_gets_no_fingerprint() -> None:
    world = live_world()
    wanted = declare_secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY}
    world.simulator.faults.add(Answer(status=400, body=b"{}"), method="POST", skip=1)
    ended = run_with(world, wanted)
    assert ended.exit_code == 5
    assert ended.outcomes["variables.A"] == "failed"
    again = run_with(world, wanted)
    assert [body["key"] for body in again.bodies] == [OURS, "A", OURS]


@pytest.mark.promise("P16")
def test_no_secret_is_written_whose_fingerprint_can_not_be_removed_first() -> None:
    world = live_world()
    wanted = declare_secured(A="one") | {"FINGERPRINT_KEY": KEY}
    run_with(world, wanted)
    world.simulator.faults.add(Answer(status=400, body=b"{}"), method="PUT")
    ended = run_with(world, declare_secured(A="two") | {"FINGERPRINT_KEY": KEY})
    assert (ended.exit_code, ended.outcomes["variables.A"]) == (5, "skipped")
    assert values_of(world)["A"] == ("one", True)


@pytest.mark.promise("P16")
def test_a_lagging_list_does_not_hide_the_mark_of_a_run() -> None:
    world = live_world(variable_list_lag_seconds=5)
    wanted = declare_secured(A="one") | {"FINGERPRINT_KEY": KEY}
    assert run_with(world, wanted).exit_code == 0
    world.clock.seconds += 60
    assert run_with(world, wanted).writes == []


@pytest.mark.promise("P7", "P9")
@pytest.mark.parametrize("secured_change", SWITCHES["secured_change"].choices)
@pytest.mark.parametrize("lag", [0, 2])
def test_plain_becomes_secured_and_the_secret_is_never_stored_plain(
    secured_change: str, lag: int
) -> None:
    world = live_world(secured_change=secured_change, variable_list_lag_reads=lag)
    live_of(world).set_variable("A", "was public")
    ran = run_with(world, declare_secured(A="now-a-secret"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("now-a-secret", True)}
    assert [
        each
        for each in ran.events
        if each.details.get("value") == "now-a-secret" and not each.details["secured"]
    ] == []
    for record in ran.requests:
        if b"now-a-secret" in record.body:
            assert json.loads(record.body)["secured"] is True
    sticks = secured_change == "sticks"
    assert (ran.count(EventKind.VARIABLE_DELETED) == 0) is sticks
    assert "created again" in ran.log


@pytest.mark.promise("P16")
@pytest.mark.parametrize("secured_change", SWITCHES["secured_change"].choices)
def test_where_what_exists_is_believed_a_variable_is_secured_by_replacing_it(
    secured_change: str,
) -> None:
    """A run that ends in between leaves nothing that the next would take for the secret."""
    world = live_world(secured_change=secured_change)
    live_of(world).set_variable("A", "was public")
    ran = run_with(world, declare_secured(A="now-a-secret") | {"SECURED_UPDATE": "if-missing"})
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("now-a-secret", True)})
    assert [method for method, _, _ in ran.writes] == ["DELETE", "POST"]


@pytest.mark.promise("P9")
def test_a_secret_is_sent_only_when_it_is_seen_that_it_will_be_stored_secured() -> None:
    """An answer that claims what the list denies is not believed."""
    world = live_world(secured_change="ignored")
    live_of(world).set_variable("A", "was public")
    uuid = live_of(world).variables["A"].uuid
    lie = json.dumps({"uuid": uuid, "key": "A", "secured": True}).encode()
    world.simulator.faults.add(Answer(status=200, body=lie), method="PUT")
    ran = run_with(world, declare_secured(A="now-a-secret"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("now-a-secret", True)}
    assert ran.count(EventKind.VARIABLE_DELETED) == 1


@pytest.mark.promise("P9")
@pytest.mark.parametrize("secured_change", SWITCHES["secured_change"].choices)
@pytest.mark.parametrize("was_secured", [True, False])
def test_a_secret_goes_to_an_unlisted_variable_only_once_that_is_stored_secured(
    secured_change: str, *, was_secured: bool
) -> None:
    world = live_world(secured_change=secured_change)
    live_of(world).set_variable("A", "old", secured=was_secured)
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, declare_secured(A="a-secret"))
    if secured_change == "refused" and not was_secured:
        assert (ran.exit_code, values_of(world)) == (5, {"A": ("old", False)})
    else:
        assert (ran.exit_code, values_of(world)) == (0, {"A": ("a-secret", True)})
    first = next(body for method, _, body in ran.writes if method == "PUT")
    assert first["value"] == "pending"


def test_if_missing_leaves_an_unlisted_secret_alone() -> None:
    world = live_world()
    live_of(world).set_variable("A", "old", secured=True)
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, declare_secured(A="new") | {"SECURED_UPDATE": "if-missing"})
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("old", True)})
    assert [method for method, _, _ in ran.writes] == ["POST"]


@pytest.mark.parametrize("secured_change", SWITCHES["secured_change"].choices)
def test_secured_becomes_plain(secured_change: str) -> None:
    world = live_world(secured_change=secured_change)
    live_of(world).set_variable("A", "a secret", secured=True)
    ran = run_with(world, declare_plain(A="public"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("public", False)}
    assert run_with(world, declare_plain(A="public")).writes == []


def test_a_replacement_that_ends_halfway_says_that_the_variable_is_deleted() -> None:
    world = live_world()
    live_of(world).set_variable("A", "was public")
    world.simulator.faults.add(Answer(status=401, body=b"{}"), method="POST")
    ran = run_with(world, declare_secured(A="now-a-secret") | {"SECURED_UPDATE": "if-missing"})
    assert (ran.exit_code, values_of(world)) == (3, {})
    assert "(failed, changed in part: deleted)" in ran.log
    assert "1 environment failed (1 changed in part)" in ran.log


@pytest.mark.promise("P3", "P13")
@pytest.mark.parametrize("gone", [False, True])
def test_a_404_does_not_prove_that_a_variable_that_is_replaced_is_gone(*, gone: bool) -> None:
    world = live_world()
    live_of(world).set_variable("A", "plain")
    answer = Answer(status=404, body=b"{}", after_effect=gone)
    world.simulator.faults.add(answer, method="DELETE")
    ran = run_with(world, declare_secured(A="now-a-secret") | {"SECURED_UPDATE": "if-missing"})
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("now-a-secret", True)})
    assert ran.methods.count("DELETE") == (1 if gone else 2)


def test_a_replacement_that_can_not_begin_is_reported() -> None:
    world = live_world(secured_change="refused")
    live_of(world).set_variable("A", "was public")
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="DELETE", times=9)
    ran = run_with(world, declare_secured(A="now-a-secret"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"write-rejected"})
    assert values_of(world) == {"A": ("was public", False)}


def test_a_change_of_storage_without_permission_ends_there() -> None:
    world = live_world()
    live_of(world).set_variable("A", "was public")
    world.simulator.faults.add(Answer(status=403, body=b"{}"), method="PUT", times=9)
    ran = run_with(world, declare_secured(A="now-a-secret"))
    assert (ran.exit_code, len(ran.writes)) == (3, 1)


def test_a_secret_that_bitbucket_says_it_stored_plain_is_an_alarm() -> None:
    world = live_world()
    said = json.dumps({"uuid": "{1}", "key": "A", "value": "", "secured": False}).encode()
    world.simulator.faults.add(Answer(status=201, body=said), method="POST")
    ran = run_with(world, declare_secured(A="now-a-secret"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"secured-stored-plain"})


@pytest.mark.promise("P16")
def test_fingerprints_that_can_not_be_set_or_read_back_are_not_believed() -> None:
    wanted = declare_secured(A="one-one-one") | {"FINGERPRINT_KEY": KEY}
    refused = live_world()
    refused.simulator.faults.add(Answer(status=400, body=b"{}"), method="PUT")
    assert run_with(refused, wanted).exit_code == 5
    unlisted = live_world()
    unlisted.simulator.faults.add(empty_page(), method="GET", path="*/variables", skip=1, times=99)
    assert run_with(unlisted, wanted).exit_code == 0
    for world in (refused, unlisted):
        world.simulator.faults.clear()
        assert load(values_of(world)[OURS][0]) == {}
        assert len(run_with(world, wanted).writes) == 3
