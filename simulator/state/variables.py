"""Variables, and what owns them: an environment, or a repository."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from simulator.http import Json
from simulator.state.journal import EventKind
from simulator.state.lagging_list import LaggingList


@dataclass(slots=True, eq=False)
class Variable:
    """A variable; `value` is the real one even when `secured` hides it in answers."""

    uuid: str
    key: str
    value: str
    secured: bool


@dataclass(slots=True, eq=False, kw_only=True)
class VariableOwner(ABC):
    """Base of what has variables. Every method that changes something records an event.

    Attributes:
        variables: By key.
        variable_list: What the list of variables shows.
    """

    variables: dict[str, Variable] = field(default_factory=dict)
    variable_list: LaggingList = field(default_factory=LaggingList)

    @abstractmethod
    def new_uuid(self) -> str:
        """Return a uuid as Bitbucket writes it, in braces."""

    @abstractmethod
    def record_variable(self, kind: EventKind, **details: Json) -> None:
        """Record a change of a variable."""

    def variable(self, uuid_: str) -> Variable | None:
        """Return the variable with this uuid, or `None`."""
        return next((each for each in self.variables.values() if each.uuid == uuid_), None)

    def set_variable(self, key: str, value: str, *, secured: bool = False) -> Variable:
        """Create a variable, or update the one with this key."""
        present = self.variables.get(key)
        if present is not None:
            self.update_variable(present, key=key, value=value, secured=secured)
            return present
        variable = Variable(self.new_uuid(), key, value, secured)
        self.variables[key] = variable
        self.record_variable(EventKind.VARIABLE_CREATED, key=key, value=value, secured=secured)
        return variable

    def update_variable(self, variable: Variable, *, key: str, value: str, secured: bool) -> None:
        """Update a variable and keep its place among the others."""
        before = variable.key
        variable.key, variable.value, variable.secured = key, value, secured
        if key != before:
            self.variables = {each.key: each for each in self.variables.values()}
        self.record_variable(EventKind.VARIABLE_UPDATED, key=key, value=value, secured=secured)

    def remove_variable(self, key: str) -> None:
        """Delete a variable.

        Raises:
            KeyError: There is none with this key.
        """
        del self.variables[key]
        self.record_variable(EventKind.VARIABLE_DELETED, key=key)
