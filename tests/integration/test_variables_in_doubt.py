"""Variables whose list lags, whose answers are lost, or which others change meanwhile."""

import json

import pytest

from simulator.behaviour.switches import SWITCHES
from simulator.faults import Answer, DropConnection, empty_page
from simulator.state.journal import EventKind
from tests.support.variables import declare_plain, declare_secured, live_of, live_world, values_of
from tests.support.world import World, run_with


@pytest.mark.promise("P5", "P10")
@pytest.mark.parametrize("shape", SWITCHES["duplicate_shape"].choices)
def test_a_list_that_is_empty_while_variables_exist_leads_to_put(shape: str) -> None:
    """Seen in August 2026."""
    world = live_world(duplicate_variable_shape=shape)
    live_of(world).set_variable("A", "old")
    live_of(world).set_variable("B", "same")
    live_of(world).set_variable("S", "secret", secured=True)
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=3)
    wanted = declare_plain(A="new", B="same") | {"SECURED_VARIABLES": '["S=another"]'}
    ran = run_with(world, wanted)
    assert ran.exit_code == 0
    assert values_of(world) == {
        "A": ("new", False),
        "B": ("same", False),
        "S": ("another", True),
    }
    assert ran.count(EventKind.VARIABLE_CREATED, EventKind.VARIABLE_DELETED) == 0


def test_a_variable_that_a_409_names_is_written_without_waiting_for_the_list() -> None:
    world = live_world()
    live_of(world).set_variable("A", "old")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("new", False)})
    assert ran.methods == ["GET", "GET", "POST", "GET", "PUT"]


def test_a_uuid_that_belongs_to_another_listed_variable_is_not_written_to() -> None:
    world = live_world()
    other = live_of(world).set_variable("OTHER", "stays")
    data = {"key": "variable-service.variable.duplicate", "arguments": {"externalId": other.uuid}}
    body = json.dumps({"error": {"message": "Conflict", "data": data}}).encode()
    world.simulator.faults.add(Answer(status=409, body=body), method="POST", times=99)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, values_of(world)) == (5, {"OTHER": ("stays", False)})


def test_a_variable_that_bitbucket_claims_and_never_lists_is_given_up() -> None:
    world = live_world(duplicate_variable_external_id=False)
    live_of(world).set_variable("A", "old")
    world.simulator.faults.add(empty_page(), path="*/variables", method="GET", times=99)
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-not-listed"})
    assert ran.methods.count("POST") == 1


@pytest.mark.parametrize(("requests", "seconds"), [(1, 0.0), (3, 0.0), (0, 3.0)])
def test_variables_that_answer_404_just_after_creation(requests: int, seconds: float) -> None:
    world = World(variables_404_requests=requests, variables_404_seconds=seconds)
    ran = run_with(world, declare_plain(A="1", B="2") | {"ENVIRONMENT_TYPE": "Test"})
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("1", False), "B": ("2", False)}


def test_variables_that_answer_404_for_ever_are_given_up() -> None:
    world = live_world()
    live_of(world).variable_refusals = 999
    ran = run_with(world, declare_plain(A="1"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variables-unavailable"})
    fresh = World(variables_404_requests=999)
    created = run_with(fresh, declare_plain(A="1") | {"ENVIRONMENT_TYPE": "Test"})
    assert (created.exit_code, set(created.problems)) == (5, {"variables-unavailable"})
    assert created.report["summary"]["environments"]["created"] == 1


@pytest.mark.promise("P5")
def test_a_creation_whose_answers_are_all_lost_is_given_up_after_as_many_reads_as_any() -> None:
    world = live_world()
    world.simulator.faults.add(DropConnection(), path="*/variables", method="POST", times=99)
    ran = run_with(world, declare_plain(A="1") | {"MAX_ATTEMPTS": "50"})
    assert (ran.exit_code, values_of(world)) == (6, {})
    assert set(ran.problems) == {"service-unavailable"}


def test_variables_that_may_not_be_read_are_a_matter_of_permission() -> None:
    world = live_world()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="*/variables", method="GET", times=9
    )
    ran = run_with(world, declare_plain(A="1"))
    assert (ran.exit_code, ran.writes) == (3, [])


def test_a_list_that_may_not_be_read_any_more_ends_the_environment() -> None:
    world = live_world()
    world.simulator.faults.add(
        Answer(status=403, body=b"{}"), path="*/variables", method="GET", skip=1, times=9
    )
    world.simulator.faults.add(Answer(status=409, body=b"{}"), method="POST")
    ran = run_with(world, declare_plain(A="1"))
    assert ran.exit_code == 3


@pytest.mark.promise("P5")
@pytest.mark.parametrize("after_effect", [True, False])
@pytest.mark.parametrize("secured", [True, False])
def test_a_variable_whose_answer_is_lost_is_written_once(
    *, after_effect: bool, secured: bool
) -> None:
    world = live_world()
    world.simulator.faults.add(DropConnection(after_effect=after_effect), method="POST")
    ran = run_with(world, declare_secured(A="value") if secured else declare_plain(A="value"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("value", secured)}
    assert ran.count(EventKind.VARIABLE_CREATED) == 1


def test_keys_that_bitbucket_takes_for_the_same_are_reported() -> None:
    world = live_world(variable_key_clash="casefold")
    live_of(world).set_variable("api_url", "kept")
    ran = run_with(world, declare_plain(API_URL="x"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"variable-key-differs-by-case"})
    assert values_of(world) == {"api_url": ("kept", False)}


def test_a_value_that_bitbucket_refuses_is_reported_and_the_others_are_written() -> None:
    world = live_world(empty_value="refused")
    live_of(world).set_variable("B", "old")
    ran = run_with(world, declare_plain(A="", B="", C="written"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"write-rejected"})
    assert values_of(world) == {"B": ("old", False), "C": ("written", False)}
    assert "must not be empty" in ran.log


def test_a_variable_that_was_replaced_meanwhile_is_written_all_the_same() -> None:
    world = live_world()
    live = live_of(world)
    live.set_variable("A", "old")

    def replace() -> None:
        live.remove_variable("A")
        live.set_variable("A", "somebody else's")

    world.after(2, replace)
    ran = run_with(world, declare_plain(A="new"))
    assert ran.exit_code == 0
    assert values_of(world) == {"A": ("new", False)}


def test_a_variable_that_was_deleted_meanwhile_is_created() -> None:
    world = live_world()
    live = live_of(world)
    live.set_variable("A", "old")
    world.after(2, lambda: live.remove_variable("A"))
    ran = run_with(world, declare_plain(A="new"))
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("new", False)})
