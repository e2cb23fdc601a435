"""Every kind of bad input: one clear message, its exit code, nothing half done."""

import json
import re

import pytest

from simulator.faults import Answer, Fault, NoAnswer, RefuseConnection, garbage, server_error
from tests.support.world import Ran, World, run_with

GOOD = {"ENVIRONMENT_NAME": "Live", "ENVIRONMENT_TYPE": "Production", "ADMIN_ONLY": "true"}
NO_TOKEN = {"BITBUCKET_ACCESS_TOKEN": ""}


def _errors(ran: Ran) -> list[str]:
    return re.findall(r"ERROR: (.*)", ran.log)


def _assert_reported(ran: Ran, code: int) -> None:
    assert ran.exit_code == code
    assert ran.report["exit_code"] == code
    assert ran.report["requests"]["total"] == len(ran.requests)
    assert len(_errors(ran)) == 1
    assert "Traceback" not in ran.log
    assert ran.log.splitlines()[-1].startswith("✖")


@pytest.mark.promise("P17")
@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"ENVIRONMENT_TYPE": "Prodction"}, ["ENVIRONMENT_TYPE", "Production"]),
        ({"ENVIRONMENT_NAME": ""}, ["ENVIRONMENT_NAME", "required"]),
        (NO_TOKEN, ["ATLASSIAN_API_TOKEN", "BITBUCKET_ACCESS_TOKEN"]),
        ({"BITBUCKET_API_URL": "http://api.bitbucket.org"}, ["BITBUCKET_API_URL", "http"]),
        ({"VARIABLES": '["A=1", "A=2"]'}, ["VARIABLES[1]", "A"]),
        ({"VARIABLES_FILE": "missing.env"}, ["VARIABLES_FILE", "missing.env"]),
        ({"SECURED_UPDATE": "on-change"}, ["SECURED_UPDATE", "FINGERPRINT_KEY"]),
        ({"RENAME_FROM": "Live"}, ["RENAME_FROM"]),
    ],
)
def test_a_configuration_error_is_reported_and_nothing_is_sent(
    variables: dict[str, str], names: list[str]
) -> None:
    world = World()
    ran = run_with(world, GOOD | variables)
    _assert_reported(ran, 2)
    assert ran.requests == []
    (error,) = re.findall(r"ERROR: (.*(?:\n  .*)*)", ran.log)
    for name in names:
        assert name in error


@pytest.mark.promise("P17")
def test_all_configuration_errors_are_reported_together() -> None:
    ran = run_with(
        World(),
        {"ENVIRONMENT_TYPE": "x", "ADMIN_ONLY": "x", "MODE": "x", "DEADLINE": "x"} | NO_TOKEN,
    )
    assert (ran.exit_code, ran.requests) == (2, [])
    assert len(_errors(ran)) == len(ran.report["errors"]) == 6


@pytest.mark.promise("P15")
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"REPO_SLUG": "nope"}, ["acme/nope not found", "does not exist, or this credential"]),
        ({"WORKSPACE": "nowhere"}, ["nowhere", "There is no such workspace"]),
        ({"BITBUCKET_ACCESS_TOKEN": "wrong"}, ["invalid, expired", "create a new"]),
    ],
)
def test_what_is_not_there_or_not_seen_is_a_matter_of_permission(
    variables: dict[str, str], words: list[str]
) -> None:
    """A 404 is never taken for an empty list, in which everything would be created."""
    world = World()
    ran = run_with(world, GOOD | variables)
    _assert_reported(ran, 3)
    assert ran.writes == []
    for word in words:
        assert word in ran.words


@pytest.mark.promise("P17")
def test_a_misspelled_name_is_reported_beside_the_error_that_it_causes() -> None:
    ran = run_with(World(), {"ENVIRONMENT_NAM": "Tmp", "MODE": "aply", "EXPORT_FILE": "x.yml"})
    assert ran.exit_code == 2
    assert "WARNING: Unknown variable ENVIRONMENT_NAM; did you mean ENVIRONMENT_NAME?" in ran.log
    assert "EXPORT_FILE is ignored" not in ran.log
    assert "ERROR: ENVIRONMENT_NAME: required" in ran.log


@pytest.mark.promise("P25")
@pytest.mark.parametrize("value", ["$PROD_PASSWORD", "${PROD_PASSWORD}"])
def test_a_secret_that_is_the_name_of_a_variable_gets_a_warning(value: str) -> None:
    world = World()
    secrets = json.dumps({"A": value, "B": f"x{value}", "C": "$ecret", "D": "$1234"})
    ran = run_with(world, GOOD | {"SECURED_VARIABLES": secrets})
    log = ran.words
    assert ran.exit_code == 0
    assert "The value of A is the name of a variable that was not replaced" in log
    assert not any(f"The value of {key} " in log for key in "BD")
    assert "PROD_PASSWORD" not in log


@pytest.mark.promise("P25")
@pytest.mark.parametrize("name", ["VARIABLES", "SECURED_VARIABLES"])
def test_values_that_are_probably_not_meant_get_a_warning(name: str) -> None:
    values = {"A": "1, B=2", "C": "host:6379,ssl=True", "D": "1,2", "E": "$HOME"}
    log = run_with(World(), GOOD | {name: json.dumps(values)}).words
    assert "WARNING: The value of E is the name of a variable that was not replaced" in log
    # No warning may depend on a part of a secret.
    several = "WARNING: The value of A looks like several variables; write a list" in log
    assert several is (name == "VARIABLES")
    assert log.count("WARNING") == 1 + several


HTML = garbage(b"<html><body>Please log in</body></html>")


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (HTML, 5, "unexpected response"),
        (garbage(b'{"hello": "world"}'), 5, "unexpected response"),
        (Answer(status=200, body=b""), 5, "unexpected response"),
        (Answer(status=302, headers=(("Location", "https://elsewhere.example/"),)), 5, "elsewhere"),
        (server_error(503), 6, "503"),
        (NoAnswer(), 6, "ReadTimeout"),
        (RefuseConnection(), 6, "refused"),
        (Answer(status=418, body=b"I am a teapot"), 5, "teapot"),
    ],
)
def test_a_server_that_is_not_itself(fault: Fault, code: int, words: str) -> None:
    world = World()
    world.simulator.faults.add(fault, times=99)
    ran = run_with(world, GOOD)
    assert ran.exit_code == code
    assert len(_errors(ran)) == 1
    assert words in ran.words
    assert ran.writes == []
    assert "<html>" not in ran.log
    assert len(ran.requests) <= 5


@pytest.mark.promise("P6")
def test_the_deadline_bounds_everything() -> None:
    world = World()
    world.latency = 29.0
    world.simulator.faults.add(server_error(), times=99)
    began = world.clock.time()
    ran = run_with(world, GOOD | {"DEADLINE": "60", "MAX_ATTEMPTS": "50"})
    assert ran.exit_code == 6
    assert world.clock.time() - began <= 60


def test_a_failure_halfway_reports_what_was_done() -> None:
    """Nothing is lost or half done without being reported."""
    world = World()
    world.simulator.faults.add(server_error(), skip=2, times=99)
    wanted = GOOD | {"VARIABLES": '["A=1", "B=2"]'}
    ran = run_with(world, wanted)
    assert ran.exit_code == 6
    assert ran.outcomes == {
        "type": "applied",
        "admin_only": "applied",
        "variables.A": "failed",
        "variables.B": "skipped",
    }
    assert ran.report["summary"]["environments"]["created"] == 1
    assert "Whether it took effect" in ran.words or "rerun to continue" in ran.words
    world.simulator.faults.clear()
    assert run_with(world, wanted).exit_code == 0
    assert set(world.shop.environment("Live").variables) == {"A", "B"}
