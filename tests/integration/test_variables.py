"""Variables of one environment."""

import json

import pytest

from pipe.apply.outcomes import ChangeOutcomes
from pipe.apply.variable_writes import VariableStore
from pipe.models.declaration import PlainVariable
from pipe.models.existing import ExistingVariable, VariableOwner
from pipe.models.results import Outcome
from simulator.simulator import Simulator
from simulator.state.journal import EventKind
from tests.support.variables import (
    KEY,
    LIVE,
    declare_plain,
    live_of,
    live_world,
    values_of,
)
from tests.support.world import SHOP, World, listed, run_with


@pytest.mark.promise("P4", "P16")
def test_an_environment_with_everything_from_nothing_then_nothing_then_one_change() -> None:
    """With nothing to do it costs 3 requests and no write."""
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
    live = live_of(world)
    assert (live.type, live.admin_only, set(live.branches)) == (
        "Production",
        True,
        {"main", "release/*"},
    )
    assert {key: value for key, (value, hidden) in values_of(world).items() if hidden} == secret
    assert created.report["summary"]["variables"]["created"] == 60
    # The list, the creation, two branches and their confirmation, the variables, and fingerprints
    # that are marked first, read back and written last.
    assert len(created.requests) == 1 + 1 + 2 + 1 + 60 + 3
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


@pytest.mark.promise("P8")
@pytest.mark.parametrize("secured", [False, True])
def test_values_arrive_byte_for_byte(*, secured: bool) -> None:
    world = live_world()
    name = "SECURED_VARIABLES" if secured else "VARIABLES"
    items = listed(name, *(f"{key}={value}" for key, value in HARD.items()))
    assert run_with(world, LIVE | items).exit_code == 0
    assert values_of(world) == {key: (value, secured) for key, value in HARD.items()}
    if not secured:
        again = run_with(world, LIVE | items)
        assert (again.exit_code, again.methods) == (0, ["GET", "GET"])


@pytest.mark.promise("P8", "P10")
def test_what_is_not_declared_stays_byte_for_byte() -> None:
    world = live_world()
    live_of(world).set_variable("OTHER", "keep  me")
    live_of(world).set_variable("SECRET", "keep me too", secured=True)
    ran = run_with(world, declare_plain(A="1"))
    assert values_of(world) == {
        "OTHER": ("keep  me", False),
        "SECRET": ("keep me too", True),
        "A": ("1", False),
    }
    assert [each.details["key"] for each in ran.events] == ["A"]
    assert live_of(world).admin_only


def _delete_once_read(world: World) -> None:
    """Let somebody delete the environment once its variables were read."""
    live = live_of(world)

    def delete(simulator: Simulator) -> None:
        if live.uuid in world.shop.environments and simulator.requests[-1].path.endswith(
            "/variables"
        ):
            world.shop.delete_environment(live)

    world.simulator.observers.append(delete)


def test_an_environment_deleted_meanwhile_gets_no_variables() -> None:
    """Variables of an environment that does not exist can be created; that is no proof."""
    world = live_world()
    live_of(world).set_variable("A", "old")
    _delete_once_read(world)
    ran = run_with(world, LIVE | listed("VARIABLES", "A=new", "B=new"))
    assert (ran.exit_code, set(ran.problems)) == (5, {"environment-disappeared"})
    assert ran.count(EventKind.VARIABLE_CREATED) == 0
    assert ran.report["summary"]["variables"]["created"] == 0


def test_new_variables_of_an_environment_deleted_meanwhile_are_written_by_the_next_run() -> None:
    """Bitbucket answers 201: only one more request could show it; docs/reliability.md says so."""
    world = live_world()
    _delete_once_read(world)
    declared = {**LIVE, "ENVIRONMENT_TYPE": "Production", **listed("VARIABLES", "A=1", "B=2")}
    ran = run_with(world, declared)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "POST", "POST"])
    assert world.shop.names() == []
    assert run_with(world, declared).exit_code == 0
    assert {key: each.value for key, each in live_of(world).variables.items()} == {
        "A": "1",
        "B": "2",
    }


@pytest.mark.parametrize(
    "more",
    [{"ADMIN_ONLY": "false"}, {"BRANCHES": "main"}, {"PRUNE": "variables", "FORCE": "true"}],
    ids=str,
)
def test_new_variables_are_not_written_for_nothing_where_more_is_read(more: dict[str, str]) -> None:
    world = live_world()
    live_of(world).restrict(admin_only=True)
    live_of(world).set_variable("OLD", "1")
    _delete_once_read(world)
    ran = run_with(world, {**LIVE, **listed("VARIABLES", "A=1"), **more})
    assert ran.exit_code == 5


def test_a_variable_of_a_repository_deleted_meanwhile_is_created_again() -> None:
    world = World()
    gone = ExistingVariable(
        uuid="{00000000-0000-4000-8000-000000000000}", key="A", value="old", secured=False
    )
    store = VariableStore(world.service(), VariableOwner(SHOP), None, ChangeOutcomes(()).add_step)
    assert store.upsert(PlainVariable("A", "new"), gone) is Outcome.APPLIED
    assert world.shop.variables["A"].value == "new"


@pytest.mark.promise("P1")
def test_contents_are_read_where_bitbucket_does_not_state_the_type() -> None:
    """Otherwise all that it holds would seem to be missing, at every run."""
    world = live_world(environment_keys="minimal")
    live_of(world).set_variable("A", "1")
    live_of(world).add_branch("main")
    wanted = declare_plain(A="1") | {"ENVIRONMENT_TYPE": "Production", "BRANCHES": '["main"]'}
    ran = run_with(world, wanted)
    assert (ran.exit_code, ran.methods) == (0, ["GET", "GET", "GET"])


def test_what_changed_meanwhile_by_anothers_hand_is_adopted_with_its_variables() -> None:
    world = World()

    def somebody_else() -> None:
        world.shop.add_environment("Live", "Test").set_variable("A", "theirs")

    world.after(1, somebody_else)
    ran = run_with(world, declare_plain(A="ours") | {"ENVIRONMENT_TYPE": "Test"})
    assert (ran.exit_code, values_of(world)) == (0, {"A": ("ours", False)})
    assert ran.outcomes == {"variables.A": "applied"}


def test_an_adopted_environment_whose_variables_can_not_be_read_is_reported() -> None:
    world = World()

    def somebody_else() -> None:
        world.shop.add_environment("Live", "Test").variable_refusals = 999

    world.after(1, somebody_else)
    ran = run_with(world, declare_plain(A="ours") | {"ENVIRONMENT_TYPE": "Test"})
    assert (ran.exit_code, set(ran.problems)) == (5, {"variables-unavailable"})
    assert ran.outcomes == {"type": "skipped", "variables.A": "skipped"}
