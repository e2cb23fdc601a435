"""Accepted changes of an environment that take effect later."""

from dataclasses import dataclass, field

from simulator.behaviour.switches import Switches
from simulator.http import Json
from simulator.state.environment import Environment, slugify
from simulator.state.world import Repository


@dataclass(slots=True, kw_only=True)
class PendingChange:
    """A change that was accepted.

    Attributes:
        repository: Where the environment is.
        environment: What changes.
        name: The new name; `None`: unchanged.
        admin_only: The new restriction; `None`: unchanged.
        other: New values of other fields.
        due: Time from which it may take effect.
        reads: Remaining reads that show the old state.
        request: Index of the request that caused it.
    """

    repository: Repository
    environment: Environment
    name: str | None = None
    admin_only: bool | None = None
    other: dict[str, Json] = field(default_factory=dict)
    due: float = 0.0
    reads: int = 0
    request: int | None = None

    def is_noop(self) -> bool:
        """Return whether it changes nothing."""
        return (
            self.name in {None, self.environment.name}
            and self.admin_only in {None, self.environment.admin_only}
            and not self.other
        )

    def apply(self, switches: Switches, now: float) -> None:
        """Let it take effect, except for what has become impossible in the meantime."""
        repository, environment = self.repository, self.environment
        if environment.uuid not in repository.environments:
            return
        repository.before_environment_write(switches, now)
        if self.name is not None and not repository.has_name(
            self.name, switches.name_clash, besides=environment
        ):
            shared = switches.slug_clash == "shared"
            slug = slugify(self.name) if shared else repository.free_slug(self.name, environment)
            environment.rename(self.name, slug)
        if self.admin_only is not None:
            environment.restrict(admin_only=self.admin_only)
        for name, value in self.other.items():
            environment.change_other(name, value)
