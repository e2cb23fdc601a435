"""The state of one simulated Bitbucket, with clock and randomness injected."""

import threading
import time
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches
from simulator.faults import Schedule
from simulator.http import Json
from simulator.state.credentials import Credentials
from simulator.state.journal import Event, Journal, RequestRecord, StateContext
from simulator.state.pending_changes import PendingChange
from simulator.state.rate_limits import RateLimiter
from simulator.state.snapshot import snapshot
from simulator.state.world import World

Observer: TypeAlias = "Callable[[Simulator], None]"


class Simulator:
    """A simulated Bitbucket; `simulator.app.handle` sends it a request.

    Attributes:
        switches: How it behaves; may be replaced at any time.
        clock: Returns the time in seconds since the epoch.
        random: Source of uuids, tokens and orders.
        lock: Held while a request is handled; hold it to change state while a server runs.
        journal: The logs of requests and events.
        world: Workspaces, repositories and environments.
        add_workspace, add_repository, repository: The methods of `world`.
        credentials: The accepted credentials.
        faults: The scheduled faults.
        rate_limiter: What each caller has used of its rate limit.
        pending: Accepted changes that have not taken effect.
        observers: Called, under the lock, after every request and after every change that takes
            effect later.
    """

    def __init__(
        self,
        switches: Switches = OBSERVED,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | int = 0,
    ) -> None:
        self.switches = switches
        self.clock = clock
        self.random = random if isinstance(random, Random) else Random(random)  # noqa: S311 - no secret
        self.lock = threading.RLock()
        self.observers: list[Observer] = []
        self.reset()

    def reset(self) -> None:
        """Remove everything but switches and observers; accept the demo credentials."""
        self.journal = Journal(self.clock)
        self.world = World(StateContext(self.journal, self.random))
        self.add_workspace = self.world.add_workspace
        self.add_repository = self.world.add_repository
        self.repository = self.world.repository
        self.credentials = Credentials(self.random)
        self.credentials.add_demo()
        self.faults = Schedule()
        self.rate_limiter = RateLimiter()
        self.pending: list[PendingChange] = []

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request so far."""
        return self.journal.requests

    @property
    def events(self) -> list[Event]:
        """Every change of state so far."""
        return self.journal.events

    def apply_due_changes(self) -> None:
        """Let every pending change take effect whose time has come."""
        if self.pending:
            now = self.clock()
            self._apply([each for each in self.pending if each.due <= now and each.reads == 0])

    def settle(self) -> None:
        """Let every pending change take effect now."""
        self._apply(list(self.pending))

    def _apply(self, changes: list[PendingChange]) -> None:
        for change in changes:
            self.pending.remove(change)
            self.journal.current = change.request
            change.apply(self.switches, self.clock())
            self.journal.current = None
            self.notify_observers()

    def notify_observers(self) -> None:
        """Call every observer."""
        for observer in self.observers:
            observer(self)

    def snapshot(self) -> dict[str, Json]:
        """Return the complete state as JSON, values of secured variables included."""
        return snapshot(self.world)
