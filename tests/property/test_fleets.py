"""Many repositories, some broken, whatever the number of workers."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.faults import Answer, DropConnection, Fault, garbage, server_error
from simulator.state.journal import EventKind
from tests.support.world import Ran, World, run_with

pytestmark = pytest.mark.promise("P18", "P21", "P23")

SLUGS = tuple(f"repo-{letter}" for letter in "abcdefgh")
BROKEN: dict[str, tuple[Fault | None, int]] = {
    "gone": (None, 3),
    "forbidden": (Answer(status=403, body=b'{"error": {"message": "No."}}'), 3),
    "html": (garbage(b"<html>Log in</html>"), 5),
    "down": (server_error(), 6),
    "silent": (DropConnection(), 6),
    "half a list": (Answer(status=200, body=b'{"size": 7, "values": []}'), 5),
}
"""Every way in which a repository fails, and the exit code of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Repositories by slug: whether Live exists and is restricted, and how they are broken."""

    live: dict[str, bool | None]
    broken: dict[str, str]
    wanted: dict[str, str]

    def world(self) -> World:
        world = World()
        for slug, admin_only in self.live.items():
            broken = self.broken.get(slug)
            made = world.simulator.add_repository("acme", slug, visible=broken != "gone")
            if admin_only is not None:
                live = made.add_environment("Live", "Production", admin_only=admin_only)
                live.set_variable("A", "1")
            fault = BROKEN[broken][0] if broken else None
            if fault is not None:
                world.simulator.faults.add(fault, path=f"*/{slug}/*", times=10**6)
        return world

    def run(self, world: World, **variables: str) -> Ran:
        return run_with(
            world,
            {
                "ENVIRONMENT_NAME": "Live",
                "ENVIRONMENT_TYPE": "Production",
                "REPOSITORIES": json.dumps(sorted(self.live)),
                # Whether one repository spends what others need is shown elsewhere.
                "MAX_ATTEMPTS": "2",
                "FORCE": "true",
            }
            | self.wanted
            | variables,
        )


fleets = st.builds(
    Fleet,
    live=st.dictionaries(st.sampled_from(SLUGS), st.sampled_from([None, True, False]), min_size=1),
    broken=st.dictionaries(st.sampled_from(SLUGS), st.sampled_from(sorted(BROKEN)), max_size=2),
    wanted=st.fixed_dictionaries(
        {},
        optional={
            "ADMIN_ONLY": st.sampled_from(["true", "false"]),
            "VARIABLES": st.sampled_from(['["A=1"]', '["A=2", "B=3", "C=4", "D=5"]']),
            "BRANCHES": st.just('["main"]'),
        },
    ),
)


def _without_time(text: str) -> str:
    """Remove the duration: waits of several workers add up on one clock here."""
    return re.sub(r"[0-9.]+ s$", "… s", text, flags=re.MULTILINE)


def _comparable(report: Any) -> Any:
    """Remove what is random: the duration and uuids."""
    if isinstance(report, dict):
        return {
            key: _comparable(value)
            for key, value in report.items()
            if key not in ("seconds", "uuid", "plan_checksum")
        }
    return [_comparable(each) for each in report] if isinstance(report, list) else report


@pytest.mark.promise("P21")
@given(fleets, st.integers(2, 8), st.sampled_from(["apply", "plan", "check"]))
def test_the_number_of_workers_changes_neither_result_nor_log(
    fleet: Fleet, workers: int, mode: str
) -> None:
    alone, together = fleet.world(), fleet.world()
    one = fleet.run(alone, MODE=mode, WORKERS="1")
    many = fleet.run(together, MODE=mode, WORKERS=str(workers))
    assert many.exit_code == one.exit_code
    assert _without_time(many.log) == _without_time(one.log)
    assert _comparable(many.report) == _comparable(one.report)
    assert _state(together) == _state(alone)


def _state(world: World) -> object:
    return {
        slug: [
            (
                each.name,
                each.type,
                each.admin_only,
                sorted(each.branches),
                sorted((one.key, one.value) for one in each.variables.values()),
            )
            for each in repository.environments.values()
        ]
        for slug, repository in world.simulator.world.workspaces["acme"].repositories.items()
    }


@pytest.mark.promise("P23")
@given(fleets)
def test_a_broken_repository_is_reported_and_stops_no_other(fleet: Fleet) -> None:
    world = fleet.world()
    ran = fleet.run(world)
    broken = {slug: kind for slug, kind in fleet.broken.items() if slug in fleet.live}
    reported = {each["slug"]: each for each in ran.report["repositories"]}
    assert sorted(reported) == sorted(fleet.live)
    for slug in fleet.live:
        assert (reported[slug]["error"] is not None) is (slug in broken)
        if slug in broken:
            assert f"acme/{slug}" in ran.log
            continue
        live = world.simulator.repository(f"acme/{slug}").environment("Live")
        if "ADMIN_ONLY" in fleet.wanted:
            assert live.admin_only is (fleet.wanted["ADMIN_ONLY"] == "true")
        for text in json.loads(fleet.wanted.get("VARIABLES", "[]")):
            key, _, value = text.partition("=")
            assert live.variables[key].value == value
    codes = {BROKEN[kind][1] for kind in broken.values()}
    assert ran.exit_code == next((code for code in (3, 6, 5) if code in codes), 0)


changes = st.sampled_from(["restrict", "loosen", "variable", "add", "remove", "rename", "nothing"])


@pytest.mark.promise("P18")
@given(fleets, st.lists(st.tuples(st.sampled_from(SLUGS), changes), max_size=2))
def test_what_was_reviewed_is_applied_or_nothing_is(
    fleet: Fleet, meanwhile: list[tuple[str, str]]
) -> None:
    world = fleet.world()
    before = fleet.run(world, MODE="plan").report
    for slug, change in meanwhile:
        if slug in fleet.live:
            _let(world, slug, change)
    now = fleet.run(world, MODE="plan").report
    ran = fleet.run(world, PLAN_CHECKSUM=before["plan_checksum"] or "")
    if _planned(before) == _planned(now):
        assert "plan-changed" not in ran.problems
        assert ran.report["plan_checksum"] == before["plan_checksum"]
    else:
        assert ran.writes == []
        assert "plan-changed" in ran.problems
        assert ran.exit_code in (3, 6, 7)


def _planned(report: dict[str, Any]) -> list[object]:
    """Return the changes that the reviewer saw."""
    return [
        (each["slug"], one["name"], one["uuid"], one["action"], one["changes"])
        for each in report["repositories"]
        for one in each["environments"]
        if one["action"] != "none"
    ]


def _let(world: World, slug: str, change: str) -> None:
    repository = world.simulator.repository(f"acme/{slug}")
    present = next(iter(repository.environments.values()), None)
    if change == "add" and "Live" not in repository.names():
        repository.add_environment("Live", "Production")
    elif present is None or change in ("nothing", "add"):
        return
    elif change == "variable":
        present.set_variable("A", "another")
    elif change == "remove":
        repository.delete_environment(present)
    elif change == "rename":
        present.rename("Other")
    else:
        present.restrict(admin_only=change == "restrict")


def test_a_fleet_without_faults_is_updated() -> None:
    fleet = Fleet(
        live={slug: [None, True, False][index % 3] for index, slug in enumerate(SLUGS)},
        broken={},
        wanted={"ADMIN_ONLY": "true"},
    )
    world = fleet.world()
    ran = fleet.run(world)
    assert ran.exit_code == 0
    assert ran.count(EventKind.ENVIRONMENT_CREATED, EventKind.ENVIRONMENT_RESTRICTED) == 5
    again = fleet.run(world)
    assert again.methods == ["GET"] * len(SLUGS)
