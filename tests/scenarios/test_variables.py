"""Variables, secrets and fingerprints of one environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipe.fingerprint import VARIABLE as OURS
from pipe.fingerprint import dump
from simulator import choices as c
from simulator.faults import Answer, DropConnection, empty_page
from simulator.journal import EventKind
from simulator.wire import Cut
from tests.kit.world import Ran, World, listed, run_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulator.state import Environment

KEY = "a key that nobody guesses"
LIVE = {"ENVIRONMENT_NAME": "Live"}


def _world(**switches: Any) -> World:  # noqa: ANN401 - the simulator's own switches
    world = World(**switches)
    world.shop.add_environment("Live", "Production", admin_only=True)
    return world


def _live(world: World) -> Environment:
    return world.shop.environment("Live")


def _values(world: World) -> dict[str, tuple[str, bool]]:
    return {each.key: (each.value, each.secured) for each in _live(world).variables.values()}


def _plain(**values: str) -> dict[str, str]:
    return LIVE | {"VARIABLES": json.dumps(_entries(values.items()))}


def _secured(**values: str) -> dict[str, str]:
    return LIVE | {"SECURED_VARIABLES": json.dumps(values)}


def _entries(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]


def _changes(ran: Ran) -> dict[str, str]:
    (repository,) = ran.report["repositories"]
    (environment,) = repository["environments"]
    return {each["field"]: each["outcome"] for each in environment["changes"]}


def test_an_environment_with_everything_from_nothing_then_nothing_then_one_change() -> None:
    """P4, P16: with nothing to do it costs 3 requests and no write."""
    world = World()
    plain = {f"PLAIN_{number}": f"value {number}" for number in range(40)}
    secret = {f"SECRET_{number}": f"s3cret {number}" for number in range(20)}
    wanted = {
        "ENVIRONMENT_NAME": "Live",
        "ENVIRONMENT_TYPE": "Production",
        "ADMIN_ONLY": "true",
        "FINGERPRINT_KEY": KEY,
        "SECURED_VARIABLES": json.dumps(secret),
        **listed("BRANCHES", "main", "release/*"),
    }
    created = run_with(world, wanted | {"VARIABLES": json.dumps(plain)} | _as_object(plain))
    assert created.exit_code == 0
    live = _live(world)
    assert (live.type, live.admin_only, set(live.branches)) == (
        "Production", True, {"main", "release/*"},
    )  # fmt: skip
    assert {key: value for key, (value, hidden) in _values(world).items() if hidden} == secret
    assert created.report["summary"]["variables"]["created"] == 61
    assert len(created.requests) == 1 + 1 + 2 + 61
    again = run_with(world, wanted | _as_object(plain))
    assert (again.exit_code, again.methods) == (0, ["GET", "GET", "GET"])
    assert again.report["summary"]["variables"]["unchanged"] == 60
    plain["PLAIN_7"] = "another"
    changed = run_with(world, wanted | _as_object(plain))
    assert (changed.exit_code, changed.methods) == (0, ["GET", "GET", "GET", "PUT"])
    assert changed.bodies[0]["value"] == "another"


def _as_object(values: dict[str, str]) -> dict[str, str]:
    return {"VARIABLES": json.dumps([{"key": k, "value": v} for k, v in values.items()])}


HARD = {
    "EQUALS": "a=b==c",
    "LINES": "one\ntwo\r\nthree\n",
    "QUOTES": "\"double\" 'single' `back`",
    "DOLLAR": "$HOME ${HOME} $(id) %PATH%",
    "UNICODE": "Zürich 東京 🚀 \u202e e\u0301",
    "SPACES": "  kept  ",
    "BACKSLASHES": r"\n \\ \u0041 C:\temp",
    "LONG": "0123456789" * 1000,
    "JSON": '{"a": [1, null]}',
    "NUL_FREE": "\t\x01\x7f",
}


@pytest.mark.parametrize("secured", [False, True])
def test_values_arrive_byte_for_byte(*, secured: bool) -> None:
    """P8."""
    world = _world()
    name = "SECURED_VARIABLES" if secured else "VARIABLES"
    items = listed(name, *(f"{key}={value}" for key, value in HARD.items()))
    assert run_with(world, LIVE | items).exit_code == 0
    assert _values(world) == {key: (value, secured) for key, value in HARD.items()}
    if not secured:
        again = run_with(world, LIVE | items)
        assert (again.exit_code, again.methods) == (0, ["GET", "GET"])


def test_what_is_not_declared_stays_byte_for_byte() -> None:
    """P8, P10."""
    world = _world()
    _live(world).set_variable("OTHER", "keep  me")
    _live(world).set_variable("SECRET", "keep me too", secured=True)
    ran = run_with(world, _plain(A="1"))
    assert _values(world) == {
        "OTHER": ("keep  me", False),
        "SECRET": ("keep me too", True),
        "A": ("1", False),
    }
    assert [each.details["key"] for each in ran.events] == ["A"]
    assert _live(world).admin_only


def test_only_the_value_that_differs_is_written() -> None:
    world = _world()
    _live(world).set_variable("A", "1")
    _live(world).set_variable("B", "old")
    ran = run_with(world, _plain(A="1", B="new"))
    assert ran.methods == ["GET", "GET", "PUT"]
    assert ran.bodies == [
        {"type": "pipeline_variable", "key": "B", "value": "new", "secured": False}
    ]


@pytest.mark.parametrize("links", list(c.NextLink))
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("size", [0, 10, 50])
def test_250_variables_under_every_kind_of_broken_page(
    links: c.NextLink, size: int, *, told: bool
) -> None:
    """P14."""
    world = _world(
        next_links=links,
        max_page_size=size,
        page_has_size=told,
        page_has_pagelen=told,
        page_has_number=told,
        list_order=c.Order.STABLE if told else c.Order.SHUFFLED,
    )
    wanted = {f"V{number}": str(number) for number in range(250)}
    for key, value in wanted.items():
        _live(world).set_variable(key, value)
    ran = run_with(world, LIVE | _as_object(wanted | {"V17": "another"}))
    assert ran.exit_code == 0
    assert ran.report["summary"]["variables"]["unchanged"] == 249
    assert [body["key"] for body in ran.bodies] == ["V17"]


def test_secured_values_are_written_every_run_and_the_log_says_why() -> None:
    """P1: the one exception."""
    world = _world()
    assert run_with(world, _secured(A="s3cret-s3cret")).exit_code == 0
    again = run_with(world, _secured(A="s3cret-s3cret"))
    assert (again.exit_code, again.methods) == (0, ["GET", "GET", "PUT"])
    assert "be compared" in again.log
    assert again.count(EventKind.VARIABLE_UPDATED) == 1


def test_if_missing_never_writes_what_exists() -> None:
    world = _world()
    policy = {"SECURED_UPDATE": "if-missing"}
    run_with(world, _secured(A="first") | policy)
    again = run_with(world, _secured(A="second", B="new") | policy)
    assert [body["key"] for body in again.bodies] == ["B"]
    assert _values(world)["A"] == ("first", True)


def test_on_change_writes_a_rotated_value_and_nothing_else() -> None:
    """P16."""
    world = _world()
    key = {"FINGERPRINT_KEY": KEY}
    run_with(world, _secured(A="first", B="same") | key)
    assert run_with(world, _secured(A="first", B="same") | key).writes == []
    rotated = run_with(world, _secured(A="second", B="same") | key)
    assert [body["key"] for body in rotated.bodies] == ["A", OURS]
    assert _values(world)["A"] == ("second", True)
    assert run_with(world, _secured(A="second", B="same") | key).writes == []


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
@pytest.mark.parametrize("secured_change", list(c.SecuredChange))
def test_damaged_fingerprints_only_cost_another_write(
    damage: Callable[[Environment], object], secured_change: c.SecuredChange
) -> None:
    """P16."""
    world = _world(secured_change=secured_change)
    wanted = _secured(A="s3cret-a", B="s3cret-b") | {"FINGERPRINT_KEY": KEY}
    run_with(world, wanted)
    damage(_live(world))
    healed = run_with(world, wanted)
    assert healed.exit_code == 0
    assert [body["key"] for body in healed.bodies if body][:2] == ["A", "B"]
    assert run_with(world, wanted).writes == []


def test_a_rotated_key_writes_all_values_again() -> None:
    """P16."""
    world = _world()
    run_with(world, _secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY})
    other = run_with(world, _secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY[::-1]})
    assert [body["key"] for body in other.bodies] == ["A", "B", OURS]


def test_a_fingerprint_is_written_after_the_value_it_vouches_for() -> None:
    """P16: a run that ends in between writes again rather than believes."""
    world = _world()
    wanted = _secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY}
    world.simulator.faults.add(Answer(status=403, body=b"{}"), method="POST", skip=1, times=99)
    ended = run_with(world, wanted)
    assert ended.exit_code == 3
    assert OURS not in _values(world)
    world.simulator.faults.clear()
    again = run_with(world, wanted)
    assert [body["key"] for body in again.bodies] == ["A", "B", OURS]


def test_a_value_that_was_refused_gets_no_fingerprint() -> None:
    """P16."""
    world = _world()
    wanted = _secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY}
    world.simulator.faults.add(Answer(status=400, body=b"{}"), method="POST")
    ended = run_with(world, wanted)
    assert ended.exit_code == 5
    assert _changes(ended)["variables.A"] == "failed"
    again = run_with(world, wanted)
    assert [body["key"] for body in again.bodies] == ["A", OURS]


def test_without_a_key_fingerprints_that_became_untrue_are_forgotten() -> None:
    """P16: otherwise a later run would believe a value that is not there any more."""
    world = _world()
    run_with(world, _secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY})
    run_with(world, _secured(A="changed"))
    back = run_with(world, _secured(A="one", B="two") | {"FINGERPRINT_KEY": KEY})
    assert [body["key"] for body in back.bodies] == ["A", "B", OURS]
    assert _values(world)["A"] == ("one", True)


@pytest.mark.parametrize("secured_change", list(c.SecuredChange))
@pytest.mark.parametrize("lag", [0, 2])
def test_plain_becomes_secured_and_the_secret_is_never_stored_plain(
    secured_change: c.SecuredChange, lag: int
) -> None:
    """P7, P9."""
    world = _world(secured_change=secured_change, variable_list_lag_reads=lag)
    _live(world).set_variable("A", "was public")
    ran = run_with(world, _secured(A="now-a-secret"))
    assert ran.exit_code == 0
    assert _values(world) == {"A": ("now-a-secret", True)}
    assert [
        each for each in ran.events
        if each.details.get("value") == "now-a-secret" and not each.details["secured"]
    ] == []  # fmt: skip
    for record in ran.requests:
        if b"now-a-secret" in record.body:
            assert json.loads(record.body)["secured"] is True
    sticks = secured_change is c.SecuredChange.STICKS
    assert (ran.count(EventKind.VARIABLE_DELETED) == 0) is sticks
    assert "created anew" in ran.log


@pytest.mark.parametrize("secured_change", list(c.SecuredChange))
def test_where_what_exists_is_believed_a_variable_is_secured_by_replacing_it(
    secured_change: c.SecuredChange,
) -> None:
    """P16: a run that ends in between leaves nothing that the next would take for the secret."""
    world = _world(secured_change=secured_change)
    _live(world).set_variable("A", "was public")
    ran = run_with(world, _secured(A="now-a-secret") | {"SECURED_UPDATE": "if-missing"})
    assert (ran.exit_code, _values(world)) == (0, {"A": ("now-a-secret", True)})
    assert [method for method, _, _ in ran.writes] == ["DELETE", "POST"]


def test_a_secret_is_sent_only_when_it_is_seen_that_it_will_be_stored_secured() -> None:
    """P9: an answer that claims what the list denies is not believed."""
    world = _world(secured_change=c.SecuredChange.IGNORED)
    _live(world).set_variable("A", "was public")
    uuid = _live(world).variables["A"].uuid
    lie = json.dumps({"uuid": uuid, "key": "A", "secured": True}).encode()
    world.simulator.faults.add(Answer(status=200, body=lie), method="PUT")
    ran = run_with(world, _secured(A="now-a-secret"))
    assert ran.exit_code == 0
    assert _values(world) == {"A": ("now-a-secret", True)}
    assert ran.count(EventKind.VARIABLE_DELETED) == 1


@pytest.mark.parametrize("secured_change", list(c.SecuredChange))
def test_secured_becomes_plain(secured_change: c.SecuredChange) -> None:
    world = _world(secured_change=secured_change)
    _live(world).set_variable("A", "a secret", secured=True)
    ran = run_with(world, _plain(A="public"))
    assert ran.exit_code == 0
    assert _values(world) == {"A": ("public", False)}
    assert run_with(world, _plain(A="public")).writes == []


def test_a_replacement_that_can_not_begin_is_told() -> None:
    world = _world(secured_change=c.SecuredChange.REFUSED)
    _live(world).set_variable("A", "was public")
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="DELETE", times=9)
    ran = run_with(world, _secured(A="now-a-secret"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"write-rejected"})
    assert _values(world) == {"A": ("was public", False)}


def test_a_change_of_storage_without_permission_ends_there() -> None:
    world = _world()
    _live(world).set_variable("A", "was public")
    world.simulator.faults.add(Answer(status=403, body=b"{}"), method="PUT", times=9)
    ran = run_with(world, _secured(A="now-a-secret"))
    assert (ran.exit_code, len(ran.writes)) == (3, 1)


def test_a_secret_that_bitbucket_says_it_stored_plain_is_an_alarm() -> None:
    world = _world()
    said = json.dumps({"uuid": "{1}", "key": "A", "value": "", "secured": False}).encode()
    world.simulator.faults.add(Answer(status=201, body=said), method="POST")
    ran = run_with(world, _secured(A="now-a-secret"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"secured-stored-plain"})


@pytest.mark.parametrize("shape", list(c.ErrorShape))
def test_a_list_that_is_empty_while_variables_exist_leads_to_put(shape: c.ErrorShape) -> None:
    """P5, P10: seen in August 2026."""
    world = _world(duplicate_variable_shape=shape)
    _live(world).set_variable("A", "old")
    _live(world).set_variable("B", "same")
    _live(world).set_variable("S", "secret", secured=True)
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=3)
    wanted = _plain(A="new", B="same") | {"SECURED_VARIABLES": '["S=another"]'}
    ran = run_with(world, wanted)
    assert ran.exit_code == 0
    assert _values(world) == {
        "A": ("new", False), "B": ("same", False), "S": ("another", True),
    }  # fmt: skip
    assert ran.count(EventKind.VARIABLE_CREATED, EventKind.VARIABLE_DELETED) == 0


def test_a_variable_that_bitbucket_claims_and_never_lists_is_given_up() -> None:
    world = _world()
    _live(world).set_variable("A", "old")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, _plain(A="new"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-not-listed"})
    assert ran.methods.count("POST") == 1


@pytest.mark.parametrize(("requests", "seconds"), [(1, 0.0), (3, 0.0), (0, 3.0)])
def test_variables_that_answer_404_just_after_creation(requests: int, seconds: float) -> None:
    world = World(variables_404_requests=requests, variables_404_seconds=seconds)
    ran = run_with(world, _plain(A="1", B="2") | {"ENVIRONMENT_TYPE": "Test"})
    assert ran.exit_code == 0
    assert _values(world) == {"A": ("1", False), "B": ("2", False)}


def test_variables_that_answer_404_for_ever_are_given_up() -> None:
    world = _world()
    _live(world).variable_refusals = 999
    ran = run_with(world, _plain(A="1"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variables-unavailable"})
    fresh = World(variables_404_requests=999)
    created = run_with(fresh, _plain(A="1") | {"ENVIRONMENT_TYPE": "Test"})
    assert (created.exit_code, set(created.problems)) == (5, {"variables-unavailable"})
    assert created.report["summary"]["environments"]["created"] == 1


def test_variables_that_may_not_be_read_are_a_matter_of_permission() -> None:
    world = _world()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="*/variables", method="GET", times=9
    )
    ran = run_with(world, _plain(A="1"))
    assert (ran.exit_code, ran.writes) == (3, [])


def test_a_list_that_may_not_be_read_any_more_ends_the_environment() -> None:
    world = _world()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="*/variables", method="GET", skip=1, times=9
    )
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="POST")
    ran = run_with(world, _plain(A="1"))
    assert ran.exit_code == 3


@pytest.mark.parametrize("after_effect", [True, False])
@pytest.mark.parametrize("secured", [True, False])
def test_a_variable_whose_answer_is_lost_is_written_once(
    *, after_effect: bool, secured: bool
) -> None:
    """P5."""
    world = _world()
    world.simulator.faults.add(DropConnection(after_effect=after_effect), method="POST")
    ran = run_with(world, _secured(A="value") if secured else _plain(A="value"))
    assert ran.exit_code == 0
    assert _values(world) == {"A": ("value", secured)}
    assert ran.count(EventKind.VARIABLE_CREATED) == 1


def test_a_variable_whose_answers_are_all_lost_is_given_up() -> None:
    world = _world()
    world.simulator.faults.add(DropConnection(), method="POST", times=99)
    ran = run_with(world, _plain(A="value"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-fate-unknown"})
    assert all(each.dropped is Cut.CLOSED for each in ran.requests if each.method == "POST")


def test_keys_that_bitbucket_takes_for_the_same_are_told() -> None:
    world = _world(variable_key_clash=c.Comparison.CASEFOLD)
    _live(world).set_variable("api_url", "kept")
    ran = run_with(world, _plain(API_URL="x"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-key-differs-by-case"})
    assert _values(world) == {"api_url": ("kept", False)}


def test_a_value_that_bitbucket_refuses_is_told_and_the_others_are_written() -> None:
    world = _world(empty_value=c.Verdict.REFUSED)
    _live(world).set_variable("B", "old")
    ran = run_with(world, _plain(A="", B="", C="written"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"write-rejected"})
    assert _values(world) == {"B": ("old", False), "C": ("written", False)}
    assert "must not be empty" in ran.log


def test_a_variable_that_was_replaced_meanwhile_is_written_all_the_same() -> None:
    world = _world()
    live = _live(world)
    live.set_variable("A", "old")
    replaced: list[bool] = []

    def replace(_: object) -> None:
        if len(world.simulator.requests) == 2 and not replaced:
            replaced.append(True)
            live.remove_variable("A")
            live.set_variable("A", "somebody else's")

    world.simulator.observers.append(replace)
    ran = run_with(world, _plain(A="new"))
    assert ran.exit_code == 0
    assert _values(world) == {"A": ("new", False)}


def test_a_variable_that_was_deleted_meanwhile_is_created() -> None:
    world = _world()
    live = _live(world)
    live.set_variable("A", "old")

    def delete(_: object) -> None:
        if len(world.simulator.requests) == 2:
            live.variables.pop("A", None)

    world.simulator.observers.append(delete)
    ran = run_with(world, _plain(A="new"))
    assert (ran.exit_code, _values(world)) == (0, {"A": ("new", False)})


PRUNE = {"PRUNE": "variables"}


def test_pruning_deletes_what_is_not_declared_and_looks_twice() -> None:
    """P10."""
    world = _world()
    for key in ("A", "B", "C", "D", "E", "F", "G"):
        _live(world).set_variable(key, "1")
    ran = run_with(world, _plain(A="1", B="1", C="1", D="1", E="1", F="1") | PRUNE)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "GET", "DELETE"])
    assert "G" not in _values(world)
    assert ran.report["summary"]["variables"]["deleted"] == 1


def test_pruning_too_much_is_refused_unless_forced() -> None:
    """P10."""
    world = _world()
    for key in ("A", "B", "C", "D", "E"):
        _live(world).set_variable(key, "1")
    wanted = _plain(A="1", B="1", C="2") | PRUNE
    refused = run_with(world, wanted)
    assert (refused.exit_code, refused.writes) == (7, [])
    assert "2 of 5" in refused.log
    assert "30 %" in refused.log
    forced = run_with(world, wanted | {"FORCE": "true"})
    assert (forced.exit_code, set(_values(world))) == (0, {"A", "B", "C"})


def test_fingerprints_are_pruned_only_when_they_are_not_used() -> None:
    """P10, P16."""
    world = _world()
    wanted = _secured(A="secret") | PRUNE
    run_with(world, wanted | {"FINGERPRINT_KEY": KEY})
    again = run_with(world, wanted | {"FINGERPRINT_KEY": KEY})
    assert again.writes == []
    without = run_with(world, wanted)
    assert without.count(EventKind.VARIABLE_DELETED) == 1
    assert set(_values(world)) == {"A"}


def test_what_the_second_look_does_not_show_is_not_deleted() -> None:
    """P10: a deletion never rests on one list."""
    world = _world()
    _live(world).set_variable("A", "1")
    _live(world).set_variable("B", "1")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", skip=1, times=99)
    ran = run_with(world, _plain(A="1") | PRUNE)
    assert (ran.exit_code, ran.writes) == (0, [])
    assert _changes(ran) == {"variables.B": "unchanged"}


def test_a_second_look_that_wavers_is_taken_again() -> None:
    """P1, P10: a list that is empty for a moment does not end in something left undone."""
    world = _world(empty_variable_lists=2)
    _live(world).set_variable("A", "old")
    _live(world).set_variable("B", "1")
    ran = run_with(world, _plain(A="new") | PRUNE)
    assert (ran.exit_code, set(_values(world))) == (0, {"A"})
    assert _changes(ran) == {"variables.A": "applied", "variables.B": "applied"}


def test_what_somebody_else_deleted_is_no_failure() -> None:
    world = _world()
    _live(world).set_variable("A", "1")
    _live(world).set_variable("B", "1")

    def delete(_: object) -> None:
        if len(world.simulator.requests) == 3:
            _live(world).variables.pop("B", None)

    world.simulator.observers.append(delete)
    ran = run_with(world, _plain(A="1") | PRUNE)
    assert "DELETE" in ran.methods
    assert (ran.exit_code, _changes(ran)) == (0, {"variables.B": "unchanged"})


def test_a_deletion_that_finds_nothing_while_the_list_shows_it_is_told() -> None:
    world = _world()
    _live(world).set_variable("A", "1")
    _live(world).set_variable("B", "1")
    world.simulator.faults.add(Answer(status=404, body=b"{}"), method="DELETE", times=9)
    ran = run_with(world, _plain(A="1") | PRUNE)
    assert (ran.exit_code, _changes(ran)) == (5, {"variables.B": "failed"})
    assert set(_values(world)) == {"A", "B"}


def test_one_list_that_wavers_does_not_confirm_a_deletion_that_found_nothing() -> None:
    """P10, P13: what is told as gone was missing twice."""
    world = _world()
    _live(world).set_variable("A", "1")
    _live(world).set_variable("B", "1")
    world.simulator.faults.add(Answer(status=404, body=b"{}"), method="DELETE", times=9)
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", skip=2)
    ran = run_with(world, _plain(A="1") | PRUNE)
    assert (ran.exit_code, _changes(ran)) == (5, {"variables.B": "failed"})


def test_contents_are_read_where_bitbucket_does_not_tell_the_type() -> None:
    """P1: otherwise all that it holds would seem to be missing, at every run."""
    world = _world(environment_keys=c.EnvironmentKeys.MINIMAL)
    _live(world).set_variable("A", "1")
    _live(world).add_branch("main")
    wanted = _plain(A="1") | {"ENVIRONMENT_TYPE": "Production", "BRANCHES": '["main"]'}
    ran = run_with(world, wanted)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "GET"])


def test_a_deletion_that_is_refused_is_told() -> None:
    world = _world()
    _live(world).set_variable("A", "1")
    _live(world).set_variable("B", "1")
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="DELETE")
    ran = run_with(world, _plain(A="1") | PRUNE)
    assert (ran.exit_code, _changes(ran)) == (5, {"variables.B": "failed"})


def test_what_changed_meanwhile_by_anothers_hand_is_adopted_with_its_variables() -> None:
    world = World()

    def somebody_else(_: object) -> None:
        if len(world.simulator.requests) == 1 and not world.shop.environments:
            live = world.shop.add_environment("Live", "Test")
            live.set_variable("A", "theirs")

    world.simulator.observers.append(somebody_else)
    ran = run_with(world, _plain(A="ours") | {"ENVIRONMENT_TYPE": "Test"})
    assert (ran.exit_code, _values(world)) == (0, {"A": ("ours", False)})
    assert _changes(ran) == {"variables.A": "applied"}


def test_an_adopted_environment_whose_variables_can_not_be_read_is_told() -> None:
    world = World()

    def somebody_else(_: object) -> None:
        if len(world.simulator.requests) == 1 and not world.shop.environments:
            world.shop.add_environment("Live", "Test").variable_refusals = 999

    world.simulator.observers.append(somebody_else)
    ran = run_with(world, _plain(A="ours") | {"ENVIRONMENT_TYPE": "Test"})
    assert (ran.exit_code, set(ran.problems)) == (5, {"variables-unavailable"})
    assert _changes(ran) == {"type": "skipped", "variables.A": "skipped"}
