"""P24: nothing that can be observed depends on a part of a secret.

The attacker may edit the configuration and read the log and the report, but not the secret. So the
same configuration of guesses is run with two different secrets: what can be observed is the same.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

import pytest

from simulator.faults import Answer
from tests.support.world import Ran, World, listed, run_with
from tests.unit.bitbucket.test_error_responses import DISGUISES

# Hundreds of runs, through code that other tests reach: coverage would triple the time.
pytestmark = [pytest.mark.promise("P24"), pytest.mark.no_cover]

TOKEN: Final = "ATCTT3xFfGF0aBcDeFgHiJkLmNoPqRsTuVwXyZ=1A2B3C4D"
OTHER: Final = "ATCTT3xFfGF09876543210zyxwvutsrqponmlk=5E6F7A8B"
PREFIXES: Final = [TOKEN[:length] for length in range(1, len(TOKEN))]
GUESSES: Final = [
    *PREFIXES,
    *(TOKEN[length:] for length in range(1, len(TOKEN))),
    *(f"{prefix}~" for prefix in PREFIXES),
    *(prefix.upper() for prefix in PREFIXES),
    TOKEN[4:24],
]


def observed(environ: Mapping[str, str], files: Mapping[str, str], token: str) -> list[object]:
    world = World()
    world.simulator.credentials.add_access_token(token)
    world.files.update(files)
    world.shop.add_environment("Test", "Test")
    ran = run_with(world, {"BITBUCKET_ACCESS_TOKEN": token, **environ})
    return [
        ran.exit_code,
        ran.log,
        ran.out,
        ran.report,
        [(each.method, each.path, each.query, each.body) for each in ran.requests],
        world.snapshot(),
    ]


@pytest.mark.parametrize("mode", ["plan", "check", "apply"])
def test_a_file_of_guesses_learns_nothing(mode: str) -> None:
    variables = {f"GUESS_{index}": guess for index, guess in enumerate(GUESSES)}
    config = {"version": 1, "environments": [{"name": "Test", "variables": variables}]}
    environ, files = {"CONFIG_FILE": "e.yml", "MODE": mode}, {"e.yml": json.dumps(config)}

    right, wrong = (observed(environ, files, token) for token in (TOKEN, OTHER))

    assert right == wrong
    assert right[0] in (0, 4)


def test_guesses_in_names_and_patterns_learn_nothing() -> None:
    environments = [
        {"name": f"env {guess}", "type": "Test", "branches": [f"b/{index}"]}
        for index, guess in enumerate(PREFIXES)
    ]
    files = {"e.yml": json.dumps({"version": 1, "environments": environments})}

    right, wrong = (
        observed({"CONFIG_FILE": "e.yml", "MODE": "plan"}, files, token) for token in (TOKEN, OTHER)
    )

    assert right == wrong


@pytest.mark.parametrize(
    "name",
    ["ENVIRONMENT_TYPE", "MODE", "STATE", "ADMIN_ONLY", "WORKERS", "SECURED_UPDATE", "PRUNE"],
)
@pytest.mark.parametrize("guess", PREFIXES[3::6])
def test_configuration_errors_learn_nothing(name: str, guess: str) -> None:
    environ = {"ENVIRONMENT_NAME": "Test", name: guess}

    right, wrong = (observed(environ, {}, token) for token in (TOKEN, OTHER))

    assert right == wrong
    assert right[0] == 2


@pytest.mark.parametrize("name", ["ENVIRONMENT_TYPE", "MODE", "WORKERS", "PRUNE"])
def test_a_whole_secret_in_the_wrong_variable_is_not_shown(name: str) -> None:
    environ = {"ENVIRONMENT_NAME": "Test", name: f"is {TOKEN} here {'x' * 100}"}

    code, log, out, report, requests, _ = observed(environ, {}, TOKEN)

    assert (code, requests) == (2, [])
    assert not [piece for piece in PREFIXES[5:] if piece in f"{log}{out}{report}"]


@pytest.mark.parametrize("mode", ["plan", "apply"])
def test_a_short_secret_can_not_be_found_by_trying(mode: str) -> None:
    guesses = [f"VARIABLE_{number}={number:05}" for number in range(47100, 47120)]
    environ = {"ENVIRONMENT_NAME": "Test", "MODE": mode, **listed("VARIABLES", *guesses)}

    def visible(secret: str) -> tuple[int, str]:
        world = World()
        world.shop.add_environment("Test", "Test")
        ran = run_with(world, environ | listed("SECURED_VARIABLES", f"PIN={secret}"))
        return ran.exit_code, f"{ran.log}{json.dumps(ran.report)}"

    assert visible("47110") == visible("99999")


SECRET: Final = "hunter2/Canary&value+'77BA1C%41' x9"


def echoed(disguise: str, *, status: int) -> Ran:
    world = World()
    world.shop.add_environment("Test", "Test")
    body = {"key": disguise, "message": disguise, "error": {"message": f"Bad value {disguise}"}}
    fault = Answer(status=status, body=json.dumps(body).encode())
    world.simulator.faults.add(fault, method="POST", times=99)
    environ = {"ENVIRONMENT_NAME": "Test", "MAX_ATTEMPTS": "2", "DEBUG": "true"}
    return run_with(world, environ | listed("SECURED_VARIABLES", f"PASSWORD={SECRET}"))


@pytest.mark.parametrize("status", [400, 409, 503])
def test_no_disguise_of_an_echo_is_shown(status: int) -> None:
    plain = echoed("qqqq", status=status)
    assert plain.exit_code in (5, 6)
    for disguise in DISGUISES:
        ran = echoed(disguise(SECRET), status=status)
        assert without_seconds(ran) == without_seconds(plain)


def without_seconds(ran: Ran) -> str:
    """Return log and report without durations, and without the lines of progress they cause."""
    log = re.sub(r"INFO: In progress: .*\n", "", ran.log)
    return re.sub(r'(?:\d+ ms|\d+\.\d s|"seconds": [\d.]+)', "…", f"{log}{json.dumps(ran.report)}")
