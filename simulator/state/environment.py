"""A deployment environment and what belongs to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from simulator.http import Json
from simulator.state.journal import EventKind
from simulator.state.variables import VariableOwner

TYPE_RANKS: Final[Mapping[str, int]] = {"Test": 0, "Staging": 1, "Production": 2}
"""The closed set of environment types, with the rank of each."""


def slugify(name: str) -> str:
    """Return the slug of a name: lower case, `_` and `-` kept, anything else a hyphen."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-") or "environment"


@dataclass(slots=True, eq=False, kw_only=True)
class Environment(VariableOwner):
    """A deployment environment. Every method that changes something records an event.

    Attributes:
        repository: `workspace/slug`.
        slug: Derived from the name; unique in the repository unless a switch says otherwise.
        rank: Its place in the repository.
        created: Time of its creation, in seconds of the simulator's clock.
        other: Fields that can be changed on some sites only.
        branches: Uuid of each branch pattern that may deploy, by pattern.
        variable_refusals: How many requests for its variables still answer 404.
        variables_from: Time until which its variables answer 404.
    """

    repository: str
    name: str
    slug: str
    type: str
    admin_only: bool
    rank: int
    created: float
    other: dict[str, Json] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    variable_refusals: int = 0
    variables_from: float = 0.0

    def _record(self, kind: EventKind, subject: str, **details: Json) -> None:
        details["environment"] = self.uuid
        self.context.journal.record(kind, self.repository, subject, details)

    def record_variable(self, kind: EventKind, **details: Json) -> None:
        """Record a change of a variable of the environment."""
        self._record(kind, self.name, **details)

    def rename(self, name: str, slug: str | None = None) -> None:
        """Rename the environment; its slug follows the name unless another is given."""
        if name != self.name:
            before, self.name = self.name, name
            self.slug = slug or slugify(name)
            self._record(EventKind.ENVIRONMENT_RENAMED, before, name=name)

    def restrict(self, *, admin_only: bool) -> None:
        """Set whether only administrators may deploy."""
        if admin_only != self.admin_only:
            self.admin_only = admin_only
            restricted, loosened = EventKind.ENVIRONMENT_RESTRICTED, EventKind.ENVIRONMENT_LOOSENED
            self._record(restricted if admin_only else loosened, self.name)

    def change_other(self, name: str, value: Json) -> None:
        """Change a field that can be changed on some sites only."""
        if name == "environment_type":
            self.type = str(value)
        else:
            self.other = {**self.other, name: value}
        self._record(EventKind.ENVIRONMENT_CHANGED, self.name, field=name, value=value)

    def add_branch(self, pattern: str) -> str:
        """Let branches of this pattern deploy; return the uuid of the restriction."""
        if pattern not in self.branches:
            self.branches[pattern] = self.context.new_uuid()
            self._record(EventKind.BRANCH_ADDED, self.name, pattern=pattern)
        return self.branches[pattern]

    def remove_branch(self, pattern: str) -> None:
        """Remove a branch pattern.

        Raises:
            KeyError: There is no such pattern.
        """
        del self.branches[pattern]
        self._record(EventKind.BRANCH_REMOVED, self.name, pattern=pattern)
