"""One environment, while others change it, answers are lost, and Bitbucket lags or refuses."""

from collections.abc import Callable

import pytest

from simulator.behaviour.switches import SWITCHES, SwitchValue
from simulator.faults import Answer, DropConnection, Fault, empty_page, passing_400
from simulator.state.journal import EventKind
from tests.support.world import Ran, World, only_environment, run_pipe


@pytest.mark.promise("P5")
@pytest.mark.parametrize("status", SWITCHES["duplicate_status"].choices)
@pytest.mark.parametrize("shape", SWITCHES["duplicate_shape"].choices)
def test_an_environment_that_appears_meanwhile_is_adopted(status: str, shape: str) -> None:
    """A name that is taken leads to another look, in whatever words Bitbucket says so."""
    world = World(duplicate_status=status, duplicate_shape=shape)

    def somebody_else_is_quicker() -> None:
        world.shop.add_environment("Test-Env", "Test")

    ran = _run_while(world, somebody_else_is_quicker, ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert world.shop.names() == ["Test-Env"]
    assert world.shop.environment("Test-Env").admin_only
    assert ran.report["summary"]["environments"]["created"] == 0
    assert ran.report["summary"]["environments"]["updated"] == 1


@pytest.mark.promise("P5")
def test_a_name_that_is_taken_and_not_listed_yet_is_waited_for() -> None:
    """Bitbucket has said that it exists, so nothing is sent again."""
    world = World(duplicate_status="409")
    world.shop.add_environment("Test-Env", "Test")
    world.simulator.faults.add(empty_page(), method="GET", times=4)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert [path for _, path, _ in ran.writes] == ["environments", "environments/{}/changes"]
    assert world.shop.environment("Test-Env").admin_only


def test_a_list_that_wavers_does_not_hide_what_is_to_be_renamed() -> None:
    """Otherwise both names would exist, which no further run could put right."""
    world = World()
    live = world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(empty_page(), method="GET", times=2)
    ran = run_pipe(
        world, ENVIRONMENT_NAME="Production", RENAME_FROM="Live", ENVIRONMENT_TYPE="Production"
    )
    assert (ran.exit_code, world.shop.names()) == (0, ["Production"])
    assert world.shop.environment("Production").uuid == live.uuid
    assert ran.report["summary"]["environments"]["updated"] == 1


def test_an_environment_of_another_type_that_appears_meanwhile_is_refused() -> None:
    world = World()
    ran = _run_while(world, lambda: world.shop.add_environment("Test-Env", "Production"))
    assert (ran.exit_code, ran.problems) == (7, ["type-cannot-change"])


def test_an_environment_that_appears_meanwhile_as_declared_is_left_alone() -> None:
    world = World()
    ran = _run_while(world, lambda: world.shop.add_environment("Test-Env", "Test"))
    assert ran.exit_code == 0
    assert ran.report["summary"]["environments"]["unchanged"] == 1
    assert ran.count(EventKind.ENVIRONMENT_CREATED) == 1


def test_two_environments_that_appear_meanwhile_in_other_cases_are_ambiguous() -> None:
    world = World(name_clash="casefold")

    def both() -> None:
        world.shop.add_environment("TEST-ENV", "Test")
        world.shop.add_environment("test-env", "Test")

    ran = _run_while(world, both)
    assert (ran.exit_code, ran.problems) == (7, ["ambiguous-name"] * 2)


@pytest.mark.promise("P5")
def test_a_creation_whose_answer_is_lost_is_found_and_never_repeated() -> None:
    world = World()
    world.simulator.faults.add(DropConnection(after_effect=True), method="POST")
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test", ADMIN_ONLY="true")
    assert ran.exit_code == 0
    assert ran.methods == ["GET", "POST", "GET"]
    assert ran.count(EventKind.ENVIRONMENT_CREATED) == 1
    assert ran.report["summary"]["environments"]["created"] == 1


@pytest.mark.promise("P13")
def test_a_creation_whose_answer_is_lost_and_whose_contents_are_unreadable_is_unverified() -> None:
    world = World()
    world.simulator.faults.add(DropConnection(after_effect=True), method="POST")
    unreadable = Answer(status=400, body=b"{}")
    world.simulator.faults.add(unreadable, method="GET", path="*/variables*", times=9)
    ran = run_pipe(
        world,
        ENVIRONMENT_NAME="Live",
        ENVIRONMENT_TYPE="Test",
        ADMIN_ONLY="true",
        VARIABLES="A=1",
    )
    assert ran.exit_code == 5
    assert ran.outcomes == {
        "type": "unverified",
        "admin_only": "unverified",
        "variables.A": "skipped",
    }


def test_what_stands_there_after_a_lost_answer_is_ours_only_if_it_is_what_was_asked_for() -> None:
    world = World()

    def other_type() -> None:
        world.shop.add_environment("Test-Env", "Staging")

    world.simulator.faults.add(DropConnection(after_effect=False), method="POST")
    ran = _run_while(world, other_type, ADMIN_ONLY="true")
    assert (ran.exit_code, ran.problems) == (7, ["type-cannot-change"])
    assert ran.report["summary"]["environments"]["created"] == 0
    assert not world.shop.environment("Test-Env").admin_only


@pytest.mark.promise("P5")
def test_a_creation_that_never_reached_bitbucket_is_sent_again_after_a_look() -> None:
    world = World()
    world.simulator.faults.add(DropConnection(after_effect=False), method="POST", times=2)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert ran.exit_code == 0
    assert ran.methods == ["GET", "POST", "GET", "POST", "GET", "POST"]
    assert world.shop.names() == ["Test-Env"]


@pytest.mark.parametrize(
    ("switches", "name", "words"),
    [
        ({"environment_limit": 1}, "Test-Env", "The limit of 1 environments"),
        ({"slug_clash": "refused"}, "Some  Other", "An environment with the same slug"),
        ({"environment_names": "web"}, "n" * 31, "The name of an environment is invalid"),
    ],
    ids=["limit", "slug", "name"],
)
def test_a_creation_that_a_service_refuses_is_not_sent_again(
    switches: dict[str, SwitchValue], name: str, words: str
) -> None:
    world = World()
    world.set_switches(**switches)
    world.shop.add_environment("Some Other")
    ran = run_pipe(world, ENVIRONMENT_NAME=name, ENVIRONMENT_TYPE="Test")
    assert (ran.exit_code, set(ran.problems)) == (5, {"not-created"})
    assert words in ran.words
    assert ran.methods == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    ("fault", "code", "key"),
    [(passing_400(), 5, "not-created"), (DropConnection(), 6, "service-unavailable")],
    ids=["refused without a reason", "lost"],
)
def test_a_creation_that_never_takes_effect_is_sent_again_and_given_up(
    fault: Fault, code: int, key: str
) -> None:
    world = World()
    world.simulator.faults.add(fault, method="POST", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert (ran.exit_code, set(ran.problems)) == (code, {key})
    assert ran.methods.count("POST") == 5


def test_creations_that_are_refused_in_passing_succeed() -> None:
    world = World(passing_400_creates=2)
    world.shop.last_creation = world.clock.time()
    ran = run_pipe(world, ENVIRONMENT_NAME="Test-Env", ENVIRONMENT_TYPE="Test")
    assert ran.exit_code == 0
    assert world.shop.names() == ["Test-Env"]


def test_a_change_that_turns_out_to_be_made_is_not_a_failure() -> None:
    """A change that changes nothing may be refused: what counts is what shows."""
    world = World(noop_change="refused")
    live = world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: live.restrict(admin_only=True),
        ENVIRONMENT_NAME="Live",
        ENVIRONMENT_TYPE="",
        ADMIN_ONLY="true",
    )
    assert ran.exit_code == 0


@pytest.mark.parametrize(
    ("clash", "key", "words"),
    [
        ("ignored", "rename-does-not-show", ""),
        ("400", "change-not-supported", "already exists"),
        ("409", "change-not-supported", "already exists"),
    ],
)
def test_a_rename_onto_a_name_taken_meanwhile_is_reported(clash: str, key: str, words: str) -> None:
    world = World(rename_clash=clash)
    world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: world.shop.add_environment("Production", "Production"),
        ENVIRONMENT_NAME="Production",
        ENVIRONMENT_TYPE="",
        RENAME_FROM="Live",
    )
    assert (ran.exit_code, set(ran.problems)) == (5, {key})
    assert words in ran.log


def test_an_environment_that_goes_before_it_is_changed_is_reported() -> None:
    world = World()
    live = world.shop.add_environment("Live", "Production")
    ran = _run_while(
        world,
        lambda: world.shop.delete_environment(live),
        ENVIRONMENT_NAME="Live",
        ENVIRONMENT_TYPE="",
        ADMIN_ONLY="true",
    )
    assert (ran.exit_code, set(ran.problems)) == (5, {"environment-disappeared"})


def test_an_environment_that_goes_after_it_was_changed_is_reported() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(
        Answer(status=404, body=b"{}"), method="GET", path="*/environments/*", times=99
    )
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, set(ran.problems)) == (5, {"environment-disappeared"})
    assert only_environment(ran)["outcome"] == "unverified"


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("status", [401, 403])
def test_an_environment_that_can_not_be_read_back_did_not_disappear(
    status: int, *, lost: bool
) -> None:
    """Such as with a token that expires: the run ends at once and says so."""
    world = World()
    world.shop.add_environment("Live", "Production")
    faults = world.simulator.faults
    if lost:
        faults.add(DropConnection(after_effect=True), method="POST")
    faults.add(Answer(status=status, body=b"{}"), method="GET", path="*/environments/*", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 3
    assert "(not verified)" in ran.log
    assert ran.methods == ["GET", "POST", "GET"]
    assert only_environment(ran)["changes"][0]["outcome"] == "unverified"


@pytest.mark.promise("P5")
def test_a_change_whose_answer_is_lost_is_looked_for() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(DropConnection(after_effect=True), method="POST")
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, len(ran.writes)) == (0, 1)


def test_a_change_whose_answers_are_all_lost_without_effect_is_given_up() -> None:
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(DropConnection(), method="POST", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert (ran.exit_code, set(ran.problems)) == (6, {"service-unavailable"})
    assert "Whether it took effect is unknown." in ran.words


def test_a_change_that_can_not_be_read_back_is_not_verified() -> None:
    """The order was taken: whether it was carried out is what is not known."""
    world = World()
    world.shop.add_environment("Live", "Production")
    world.simulator.faults.add(DropConnection(), method="GET", path="*/environments/*", times=99)
    ran = run_pipe(world, ENVIRONMENT_NAME="Live", ADMIN_ONLY="true")
    assert ran.exit_code == 6
    assert only_environment(ran)["changes"][0]["outcome"] == "unverified"


def _run_while(world: World, happens: Callable[[], object], **variables: str) -> Ran:
    """Run, and let something happen in Bitbucket after the first request was answered."""
    world.after(1, happens)
    return run_pipe(
        world, **({"ENVIRONMENT_NAME": "Test-Env", "ENVIRONMENT_TYPE": "Test"} | variables)
    )
