"""An environment and what it holds; every method that changes something writes an event."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

from simulator.http import Json
from simulator.state.journal import EventKind, Journal
from simulator.state.lagging_list import LaggingList

TYPE_RANKS: Final[Mapping[str, int]] = {"Test": 0, "Staging": 1, "Production": 2}
"""The closed set of environment types, with the rank of each."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What state needs from outside: where to write events, and what to draw uuids from."""

    journal: Journal
    random: Random

    def new_uuid(self) -> str:
        """Return a uuid as Bitbucket writes it, in braces."""
        return f"{{{uuid.UUID(int=self.random.getrandbits(128), version=4)}}}"


@dataclass(slots=True, eq=False)
class Variable:
    """A deployment variable; `value` is the real one even when `secured` hides it."""

    uuid: str
    key: str
    value: str
    secured: bool


@dataclass(slots=True, eq=False)
class Environment:
    """A deployment environment.

    Attributes:
        repository: `workspace/slug`.
        rank: Its place in the repository.
        created: When, in seconds of the simulator's clock.
        other: Fields that only some sites let anyone change.
        variables: By key.
        branches: Uuid of each branch pattern that may deploy, by pattern.
        variable_list: What the list of variables shows.
        variable_refusals: How many requests for its variables still answer 404.
        variables_from: Time until which its variables answer 404.
    """

    around: Surroundings
    repository: str
    uuid: str
    name: str
    type: str
    admin_only: bool
    rank: int
    created: float
    other: dict[str, Json] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    variable_list: LaggingList = field(default_factory=LaggingList)
    variable_refusals: int = 0
    variables_from: float = 0.0

    def _record(self, kind: EventKind, subject: str, **details: Json) -> None:
        details["environment"] = self.uuid
        self.around.journal.record(kind, self.repository, subject, details)

    def rename(self, name: str) -> None:
        """Give it another name; nothing happens when it has it already."""
        if name != self.name:
            before, self.name = self.name, name
            self._record(EventKind.ENVIRONMENT_RENAMED, before, name=name)

    def restrict(self, *, admin_only: bool) -> None:
        """Say whether only administrators may deploy."""
        if admin_only != self.admin_only:
            self.admin_only = admin_only
            restricted, loosened = EventKind.ENVIRONMENT_RESTRICTED, EventKind.ENVIRONMENT_LOOSENED
            self._record(restricted if admin_only else loosened, self.name)

    def change_other(self, name: str, value: Json) -> None:
        """Change a field that only some sites let anyone change."""
        if name == "environment_type":
            self.type = str(value)
        else:
            self.other[name] = value
        self._record(EventKind.ENVIRONMENT_CHANGED, self.name, field=name, value=value)

    def variable(self, uuid_: str) -> Variable | None:
        """Return the variable with this uuid, if there is one."""
        return next((each for each in self.variables.values() if each.uuid == uuid_), None)

    def set_variable(self, key: str, value: str, *, secured: bool = False) -> Variable:
        """Create a variable, or give it another value."""
        present = self.variables.get(key)
        if present is not None:
            self.update_variable(present, key=key, value=value, secured=secured)
            return present
        variable = Variable(self.around.new_uuid(), key, value, secured)
        self.variables[key] = variable
        self._record(EventKind.VARIABLE_CREATED, self.name, key=key, value=value, secured=secured)
        return variable

    def update_variable(self, variable: Variable, *, key: str, value: str, secured: bool) -> None:
        """Change a variable; its place among the others stays."""
        before = variable.key
        variable.key, variable.value, variable.secured = key, value, secured
        if key != before:
            self.variables = {each.key: each for each in self.variables.values()}
        self._record(EventKind.VARIABLE_UPDATED, self.name, key=key, value=value, secured=secured)

    def remove_variable(self, key: str) -> None:
        """Delete a variable.

        Raises:
            KeyError: There is none with this key.
        """
        del self.variables[key]
        self._record(EventKind.VARIABLE_DELETED, self.name, key=key)

    def add_branch(self, pattern: str) -> str:
        """Let branches of this pattern deploy; return the uuid of the restriction."""
        if pattern not in self.branches:
            self.branches[pattern] = self.around.new_uuid()
            self._record(EventKind.BRANCH_ADDED, self.name, pattern=pattern)
        return self.branches[pattern]

    def remove_branch(self, pattern: str) -> None:
        """Take a branch pattern away.

        Raises:
            KeyError: There is none like this.
        """
        del self.branches[pattern]
        self._record(EventKind.BRANCH_REMOVED, self.name, pattern=pattern)
