"""What each mode does, and every exit code."""

from typing import Any

import pytest

from pipe.bitbucket import api
from pipe.bitbucket.transport import Transport, WriteRefusedError
from pipe.fleet import orchestrator
from pipe.models.existing import VariableOwner
from pipe.models.results import Mode
from simulator.faults import Answer, server_error
from tests.support.values import SHOP, plain
from tests.support.world import World, run_pipe

GOOD = {"ENVIRONMENT_NAME": "Live", "ENVIRONMENT_TYPE": "Test", "ADMIN_ONLY": "true"}


@pytest.mark.promise("P2")
@pytest.mark.parametrize("mode", ["plan", "check", "export"])
def test_modes_that_only_read(mode: str) -> None:
    world = World()
    world.shop.add_environment("Live", "Test").set_variable("A", "1")
    world.shop.add_environment("Old", "Test")
    before = world.snapshot()
    ran = run_pipe(
        world,
        **GOOD,
        VARIABLES='["A=2"]',
        BRANCHES='["main"]',
        PRUNE="environments",
        ENABLE_PIPELINES="true",
        FORCE="true",
        MODE=mode,
    )
    assert set(ran.methods) == {"GET"}
    assert world.snapshot() == before
    assert ran.exit_code == {"plan": 0, "check": 4, "export": 0}[mode]


@pytest.mark.promise("P13")
def test_a_plan_says_what_apply_then_does() -> None:
    """A plan counts nothing as done."""
    world = World()
    planned = run_pipe(world, **GOOD, MODE="plan")
    assert (planned.exit_code, planned.report["outcome"]) == (0, "planned")
    assert planned.report["summary"]["environments"]["created"] == 0
    assert planned.report["plan_checksum"] in planned.log
    (environment,) = planned.report["repositories"][0]["environments"]
    applied = run_pipe(world, **GOOD)
    (done,) = applied.report["repositories"][0]["environments"]
    assert [each["field"] for each in environment["changes"]] == [
        each["field"] for each in done["changes"]
    ]
    after = run_pipe(world, **GOOD, MODE="plan")
    assert (after.exit_code, after.report["outcome"]) == (0, "unchanged")


WRITES = {
    "create_environment": lambda it: it.create_environment(SHOP, "x", "Test", admin_only=None),
    "change_environment": lambda it: it.change_environment(SHOP, "{1}", name="y"),
    "delete_environment": lambda it: it.delete_environment(SHOP, "{1}"),
    "create_variable": lambda it: it.create_variable(VariableOwner(SHOP, "{1}"), plain("A")),
    "update_variable": lambda it: it.update_variable(VariableOwner(SHOP, "{1}"), "{2}", plain("A")),
    "delete_variable": lambda it: it.delete_variable(VariableOwner(SHOP, "{1}"), "{2}"),
    "add_branch_restriction": lambda it: it.add_branch_restriction(SHOP, "{1}", "main"),
    "remove_branch_restriction": lambda it: it.remove_branch_restriction(SHOP, "{1}", "{2}"),
    "enable_pipelines": lambda it: it.enable_pipelines(SHOP),
}
READS = {
    "environments",
    "environment",
    "variables",
    "branch_restrictions",
    "pipelines_enabled",
    "repositories",
}
LOCAL = {"attempts"}
"""Sends nothing."""


@pytest.mark.promise("P2")
@pytest.mark.parametrize("name", sorted(WRITES))
def test_every_write_is_refused_by_a_transport_that_only_reads(name: str) -> None:
    """It is the transport that refuses, whatever calls it."""
    world = World()
    with pytest.raises(WriteRefusedError):
        WRITES[name](world.service(read_only=True).api)
    assert world.simulator.requests == []
    WRITES[name](world.service().api)
    assert [each.method for each in world.simulator.requests] != ["GET"]


@pytest.mark.promise("P2")
def test_no_call_of_bitbucket_is_missing_above() -> None:
    methods = {name for name, value in vars(api.Bitbucket).items() if callable(value)}
    calls = {name for name in methods if not name.startswith("_")}
    assert calls == WRITES.keys() | READS | LOCAL


@pytest.mark.promise("P2")
def test_the_refusal_of_the_transport_is_what_stops_a_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where planning goes wrong and applies, a run that only reads still writes nothing."""
    world = World()
    settings = run_pipe(world, **GOOD, MODE="plan")
    assert settings.exit_code == 0

    class Broken:
        APPLY = Mode.PLAN

    monkeypatch.setattr(orchestrator, "Mode", Broken)
    broken = run_pipe(world, **GOOD, MODE="plan")
    assert (broken.exit_code, set(broken.methods)) == (1, {"GET"})
    assert world.shop.names() == []
    send: Any = Transport.send

    def careless(self: Transport, *arguments: object) -> object:
        self.read_only = False
        return send(self, *arguments)

    monkeypatch.setattr(Transport, "send", careless)
    assert "POST" in run_pipe(world, **GOOD, MODE="plan").methods


@pytest.mark.promise("P12")
def test_every_exit_code() -> None:
    world = World()
    codes = {
        0: run_pipe(world, **GOOD),
        2: run_pipe(world, **GOOD, DEADLINE="x"),
        3: run_pipe(world, **GOOD, REPO_SLUG="nope"),
        4: run_pipe(world, **(GOOD | {"ADMIN_ONLY": "false"}), MODE="check"),
        5: run_pipe(world, ENVIRONMENT_NAME="New"),
        7: run_pipe(world, ENVIRONMENT_NAME="Live", ENVIRONMENT_TYPE="Staging"),
    }
    world.simulator.faults.add(server_error(), times=99)
    codes[6] = run_pipe(world, **GOOD)
    assert {code: ran.exit_code for code, ran in codes.items()} == {code: code for code in codes}
    assert {code: ran.report["outcome"] for code, ran in codes.items()} == {
        0: "changed",
        2: "failed",
        3: "failed",
        4: "drift",
        5: "failed",
        6: "failed",
        7: "refused",
    }


@pytest.mark.promise("P18")
def test_what_was_reviewed_is_applied_and_nothing_else() -> None:
    world = World()
    reviewed = run_pipe(world, **GOOD, MODE="plan").report["plan_checksum"]
    world.shop.add_environment("Live", "Test")
    stale = run_pipe(world, **GOOD, PLAN_CHECKSUM=reviewed)
    assert (stale.exit_code, stale.writes, stale.problems) == (7, [], ["plan-changed"])
    assert stale.report["outcome"] == "refused"
    fresh = run_pipe(world, **GOOD, MODE="plan").report["plan_checksum"]
    assert fresh != reviewed
    done = run_pipe(world, **GOOD, PLAN_CHECKSUM=fresh)
    assert (done.exit_code, len(done.writes)) == (0, 1)


@pytest.mark.parametrize(("mode", "is_named"), [("apply", True), ("plan", False), ("check", False)])
def test_a_refusal_names_the_scopes_that_the_mode_needs(mode: str, *, is_named: bool) -> None:
    world = World()
    world.simulator.faults.add(Answer(status=403, body=b"{}"), times=9)
    ran = run_pipe(world, **GOOD, MODE=mode)
    assert (ran.exit_code, set(ran.problems)) == (3, {"not-permitted"})
    assert "read:pipeline:bitbucket" in ran.log
    assert ("admin:pipeline:bitbucket" in ran.log) is is_named


@pytest.mark.parametrize("debug", ["true", "False", "0", "neither"])
def test_a_traceback_is_logged_only_with_debug(monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    """Even of a bug where the settings are not at hand."""

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("pipe.run.present", broken)
    ran = run_pipe(World(), ENVIRONMENT_NAME="Live", DEBUG=debug)
    assert ran.exit_code == 1
    assert ("Traceback" in ran.log) is (debug == "true")


@pytest.mark.parametrize("mode", ["check", "plan"])
def test_a_configuration_error_is_reported_with_the_mode(mode: str) -> None:
    ran = run_pipe(World(), ENVIRONMENT_NAME="Live", BRANCHES="a b", MODE=mode)
    assert (ran.exit_code, ran.report["mode"]) == (2, mode)
    unusable = run_pipe(World(), ENVIRONMENT_NAME="Live", BRANCHES="a b", MODE="other")
    assert (unusable.exit_code, unusable.report["mode"]) == (2, "apply")
