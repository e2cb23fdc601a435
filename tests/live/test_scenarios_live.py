"""The main scenarios, on the real Bitbucket."""

import pytest

from tests.live.workspace import Ran, Workspace

KEY = {"FINGERPRINT_KEY": "live-tests-only-0123456789"}


def assert_ended(ran: Ran, exit_code: int, writes: int) -> None:
    assert (ran.exit_code, ran.writes) == (exit_code, writes), ran.log


def test_an_environment_is_created_left_alone_renamed_and_deleted(place: Workspace) -> None:
    first, second = place.name("story"), place.name("story-42")

    assert_ended(place.run(ENVIRONMENT_NAME=first, ENVIRONMENT_TYPE="Test"), 0, 1)
    assert_ended(place.run(ENVIRONMENT_NAME=first, ENVIRONMENT_TYPE="Test"), 0, 0)
    assert_ended(place.run(ENVIRONMENT_NAME=second, RENAME_FROM=first), 0, 1)
    assert_ended(place.run(ENVIRONMENT_NAME=second, RENAME_FROM=first), 0, 0)
    assert_ended(place.run(ENVIRONMENT_NAME=second, STATE="absent"), 0, 1)
    assert_ended(place.run(ENVIRONMENT_NAME=second, STATE="absent"), 0, 0)
    assert place.find(second) is None


def test_restrictions_are_set_and_lifted(place: Workspace) -> None:
    """Where the plan lacks deployment permissions, the pipe says so and ends with 5."""
    name = place.name("restricted")
    assert_ended(place.run(ENVIRONMENT_NAME=name, ENVIRONMENT_TYPE="Staging"), 0, 1)

    restricted = place.run(ENVIRONMENT_NAME=name, ADMIN_ONLY="true")
    if restricted.exit_code == 5:
        assert "deployment permissions" in restricted.log or "plan" in restricted.log
        return
    assert_ended(restricted, 0, 1)
    assert_ended(place.run(ENVIRONMENT_NAME=name, ADMIN_ONLY="true"), 0, 0)
    assert_ended(place.run(ENVIRONMENT_NAME=name, ADMIN_ONLY="false"), 0, 1)
    environment = place.find(name)
    assert environment is not None
    assert environment["restrictions"]["admin_only"] is False


def test_variables_are_kept_as_declared(place: Workspace) -> None:
    wanted = {
        "ENVIRONMENT_NAME": place.name("variables"),
        "ENVIRONMENT_TYPE": "Test",
        "VARIABLES": '{"COUNTRY": "Kenya", "LINES": "one\\ntwo"}',
        "SECURED_VARIABLES": '{"PASSWORD": "of-a-live-test"}',
        **KEY,
    }
    # The environment, three variables, and the fingerprints: marked invalid first, set last.
    assert_ended(place.run(**wanted), 0, 6)
    assert_ended(place.run(**wanted), 0, 0)
    changed = {**wanted, "VARIABLES": '{"COUNTRY": "Ghana"}', "PRUNE": "variables"}
    assert_ended(place.run(**changed), 0, 2)
    assert_ended(place.run(**changed), 0, 0)


def test_a_plan_and_a_check_change_nothing(place: Workspace) -> None:
    wanted = {"ENVIRONMENT_NAME": place.name("planned"), "ENVIRONMENT_TYPE": "Test"}

    assert_ended(place.run(**wanted, MODE="plan"), 0, 0)
    assert_ended(place.run(**wanted, MODE="check"), 4, 0)
    assert place.find(wanted["ENVIRONMENT_NAME"]) is None


def test_branches_are_restricted_where_the_internal_endpoint_answers(place: Workspace) -> None:
    wanted = {
        "ENVIRONMENT_NAME": place.name("branches"),
        "ENVIRONMENT_TYPE": "Test",
        "BRANCHES": '["main", "release/*"]',
    }
    ran = place.run(**wanted)
    if ran.exit_code == 0:
        assert_ended(place.run(**wanted), 0, 0)
    else:
        assert ran.exit_code == 5, ran.log


@pytest.mark.parametrize("slug", ["pipe-live-no-such-repository"])
def test_a_missing_repository_is_reported_as_such(place: Workspace, slug: str) -> None:
    ran = place.run(REPO_SLUG=slug, ENVIRONMENT_NAME="Test", ENVIRONMENT_TYPE="Test")

    assert_ended(ran, 3, 0)
