"""A deterministic Bitbucket: from a request to a reply, with the clock and chance handed in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from random import Random
from typing import TypeAlias

from simulator import service
from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches
from simulator.control import api
from simulator.faults import Schedule, strike
from simulator.http import Dropped, Json, Reply, Request, Response
from simulator.state.credentials import Credentials
from simulator.state.environment import Surroundings
from simulator.state.journal import Event, Journal, RequestRecord
from simulator.state.lagging_list import Lag
from simulator.state.pending_changes import PendingChange
from simulator.state.rate_limits import Budgets
from simulator.state.snapshot import snapshot
from simulator.state.world import Access, Repository, Workspace, World

Observer: TypeAlias = "Callable[[Simulator], None]"


class Simulator:
    """A Bitbucket.

    Attributes:
        switches: How it behaves; may be replaced at any time.
        clock: Gives the time in seconds since the epoch.
        random: What uuids, tokens and orders are drawn from.
        lock: Held while a request is handled; hold it to change state while a server runs.
        journal: Both logs.
        world: What there is.
        credentials: Who is let in.
        faults: The trouble that is planned.
        budgets: What each caller has spent of its rate limit.
        pending: Changes that were accepted and have not taken effect.
        observers: Called, under the lock, after every request and after every change that took
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
        """Forget everything but switches and observers; the demo credentials are accepted."""
        self.journal = Journal(self.clock)
        self.world = World(Surroundings(self.journal, self.random))
        self.credentials = Credentials(self.random)
        self.credentials.add_demo()
        self.faults = Schedule()
        self.budgets = Budgets()
        self.pending: list[PendingChange] = []

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request so far."""
        return self.journal.requests

    @property
    def events(self) -> list[Event]:
        """Every change of state so far."""
        return self.journal.events

    def add_workspace(self, slug: str, *, access: Access = Access.OPEN) -> Workspace:
        """Add a workspace, or give one another access."""
        return self.world.add_workspace(slug, access=access)

    def add_repository(
        self,
        workspace: str,
        slug: str,
        *,
        project: str = "PROJ",
        environments: Iterable[tuple[str, str, bool]] = (),
        visible: bool = True,
        pipelines_enabled: bool | None = None,
    ) -> Repository:
        """Add a repository; see `World.add_repository`."""
        return self.world.add_repository(
            workspace,
            slug,
            project=project,
            environments=environments,
            visible=visible,
            pipelines_enabled=pipelines_enabled,
        )

    def repository(self, full_name: str) -> Repository:
        """Return a repository by `workspace/slug`.

        Raises:
            KeyError: There is none.
        """
        return self.world.repository(full_name)

    def handle(self, request: Request) -> Reply:
        """Handle a request; the one way in, whatever carries it."""
        with self.lock:
            self.tick()
            if request.path.startswith(api.PREFIX):
                return api.handle(self, request)
            return self._handle(request)

    def _handle(self, request: Request) -> Reply:
        index, began = len(self.requests), self.clock()
        before = len(self.events) + len(self.pending)
        self.journal.current = index
        fault = self.faults.take(request)
        if fault is None:
            reply: Reply = self._serve(request)
        else:
            reply = strike(fault, lambda: self._serve(request), began)
        self.journal.current = None
        took_effect = len(self.events) + len(self.pending) > before
        self.requests.append(
            RequestRecord(
                index=index,
                time=began,
                method=request.method,
                path=request.path,
                query=request.query,
                headers=request.headers,
                body=request.body,
                status=None if isinstance(reply, Dropped) else reply.status,
                dropped=reply.how if isinstance(reply, Dropped) else None,
                took_effect=took_effect,
            )
        )
        self.tick()
        self._observe()
        return reply

    def _serve(self, request: Request) -> Response:
        return service.serve(self, request)

    def tick(self) -> None:
        """Let every pending change take effect whose time has come."""
        now = self.clock()
        due = [each for each in self.pending if each.due <= now and each.reads == 0]
        self._apply(due)

    def settle(self) -> None:
        """Let every pending change take effect at once."""
        self._apply(list(self.pending))

    def _apply(self, changes: list[PendingChange]) -> None:
        switches, now = self.switches, self.clock()
        lag = Lag(
            seconds=switches.environment_list_lag_seconds,
            reads=switches.environment_list_lag_reads,
            empty=switches.empty_environment_lists,
        )
        for change in changes:
            self.pending.remove(change)
            self.journal.current = change.request
            change.apply(switches, lag, now)
            self.journal.current = None
            self._observe()

    def _observe(self) -> None:
        for observer in self.observers:
            observer(self)

    def snapshot(self) -> dict[str, Json]:
        """Return the whole state ready for JSON, values of secured variables included."""
        return snapshot(self.world)
