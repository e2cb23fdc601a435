"""One scenario: a world, a declaration, and the world that must come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar, overload

from simulator.behaviour.switches import Switches
from simulator.state.world import Repository
from tests.faults.repository_state import ITSELF, Env, State, itself
from tests.support.world import World

W = TypeVar("W", bound=World)


BYSTANDER: Final = Env(
    type="Production",
    admin_only=True,
    branches=frozenset({"main"}),
    variables={"KEEP": ("as it is", False), "HIDDEN": ("0ther", True)},
    formerly="Bystander",
)
"""Stands in every world, is declared in none, and must never change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is there, what is declared, what must be there in the end.

    Attributes:
        name: For people.
        declared: The variables of the pipe.
        before: What is there, by name.
        after: What must be there.
        rewrites: Whether every run writes secured values again.
        is_disabled: Whether Pipelines was enabled once and then disabled.
        mentioned: What the declaration mentions of each environment, by the name it has in the end:
            `name`, `admin_only`, `branches`, and keys of variables. Nothing else may be touched.
    """

    name: str
    declared: Mapping[str, str]
    before: Mapping[str, Env]
    after: Mapping[str, Env]
    mentioned: Mapping[str, frozenset[str]]
    rewrites: bool = False
    is_disabled: bool = False

    @overload
    def world(self, profile: Switches) -> World: ...

    @overload
    def world(self, profile: Switches, kind: type[W]) -> W: ...

    def world(self, profile: Switches, kind: type[World] = World) -> World:
        """Return a new world in which everything is as it was before."""
        world = kind(profile)
        for name, environment in self.before.items():
            plant(world.shop, name, environment)
        if self.is_disabled:
            world.shop.pipelines_enabled = False
        world.simulator.journal.events.clear()
        return world

    @property
    def expected(self) -> State:
        return dict(self.after)

    @property
    def secrets(self) -> frozenset[str]:
        """The secured values that this declaration brings into the world."""
        old = {value for each in self.before.values() for value, _ in each.variables.values()}
        new = {
            value
            for each in self.after.values()
            for value, secured in each.variables.values()
            if secured
        }
        return frozenset(new - old)


def plant(repository: Repository, name: str, environment: Env) -> None:
    if name == ITSELF:
        for key, (value, secured) in environment.variables.items():
            repository.set_variable(key, value, secured=secured)
        return
    there = repository.add_environment(name, environment.type, admin_only=environment.admin_only)
    for pattern in sorted(environment.branches):
        there.add_branch(pattern)
    for key, (value, secured) in environment.variables.items():
        there.set_variable(key, value, secured=secured)


def scenario(
    name: str,
    declared: Mapping[str, str],
    *,
    before: Mapping[str, Env],
    after: Mapping[str, Env],
    own: tuple[Mapping[str, tuple[str, bool]], Mapping[str, tuple[str, bool]]] = ({}, {}),
    rewrites: bool = False,
    is_disabled: bool = False,
) -> Scenario:
    """Add the bystander, say who was who before, and find what is mentioned.

    `own` are the variables of the repository itself, before and after.
    """
    was = {each: replace(env, formerly=each) for each, env in before.items()} | itself(own[0])
    after = {**after, **itself(own[1])}
    return Scenario(
        name=name,
        declared=declared,
        before={"Bystander": BYSTANDER, **was},
        after={"Bystander": BYSTANDER, **after},
        mentioned={
            each: frozenset(_mentioned(was.get(env.formerly or ""), env))
            for each, env in after.items()
        },
        rewrites=rewrites,
        is_disabled=is_disabled,
    )


def _mentioned(before: Env | None, after: Env) -> set[str]:
    before = before or Env()
    keys = {
        key
        for key in before.variables.keys() | after.variables.keys()
        if before.variables.get(key) != after.variables.get(key) or key.startswith("DECLARED")
    }
    fields = {
        "admin_only": before.admin_only != after.admin_only,
        "branches": before.branches != after.branches,
    }
    return keys | {name for name, changed in fields.items() if changed}
