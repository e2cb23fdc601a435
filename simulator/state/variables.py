"""Variables, and what owns them: an environment or a repository."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from simulator.behaviour.switches import Switches
from simulator.http import Json
from simulator.state.journal import EventKind, StateContext
from simulator.state.lagging_list import LaggingList, variable_lag


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
        uuid: Its uuid, in braces.
        variables: By key.
        variable_list: What the list of variables shows.
    """

    context: StateContext
    uuid: str
    variables: dict[str, Variable] = field(default_factory=dict)
    variable_list: LaggingList[Variable] = field(default_factory=LaggingList)

    @abstractmethod
    def record_variable(self, kind: EventKind, **details: Json) -> None:
        """Record a change of a variable."""

    def variable(self, uuid: str) -> Variable | None:
        """Return the variable with this uuid, or `None`."""
        return next((each for each in self.variables.values() if each.uuid == uuid), None)

    def set_variable(self, key: str, value: str, *, secured: bool = False) -> Variable:
        """Create a variable, or update the one with this key."""
        present = self.variables.get(key)
        if present is not None:
            self.update_variable(present, key=key, value=value, secured=secured)
            return present
        variable = Variable(self.context.new_uuid(), key, value, secured)
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

    def before_variable_write(self, switches: Switches, now: float) -> None:
        """Keep what the list of variables shows now, where a switch makes it lag."""
        self.variable_list.before_write(self.variables.values(), variable_lag(switches), now)
