"""The pipe and a Bitbucket in one process: no socket, no waiting, everything in view.

world = World()
world.shop.add_environment("Test")
ran = run_pipe(world, ENVIRONMENT_NAME="Test", ADMIN_ONLY="true")
assert ran.exit_code == 0
assert ran.writes == [("POST", "…/changes", {"change": {"restrictions": {"admin_only": True}}})]
"""

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import httpx
from pydantic import SecretStr

from pipe.apply.context import ApplyContext
from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.attempts import AttemptRecord
from pipe.bitbucket.auth import AccessToken
from pipe.bitbucket.http_client import HttpClient, open_in_pipe_connections
from pipe.bitbucket.transport import RetryPolicy, Transport
from pipe.models.declaration import Repository
from pipe.planning.variables import SecretsPolicy
from pipe.process.context import RunContext, Stop
from pipe.redaction import Redactor
from pipe.run import run
from simulator.api import oauth
from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import Switches, SwitchValue, with_values
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from simulator.state.journal import Event, EventKind, RequestRecord
from simulator.state.world import Repository as SimulatedRepository
from simulator.transport import InProcessTransport
from tests.support.clock import FakeClock
from tests.support.documented import assert_documented

SHOP = Repository("acme", "shop")
ENVIRON: dict[str, str] = {
    "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
    "BITBUCKET_WORKSPACE": SHOP.workspace,
    "BITBUCKET_REPO_SLUG": SHOP.slug,
    "NO_COLOR": "1",
    "WORKERS": "1",
}
"""What every run is given unless a test says otherwise (an empty value takes it away). One worker
sends the requests in an order that a test can rely on."""


class World:
    """A simulated Bitbucket with the repository `acme/shop`, and the clock that both sides share.

    Attributes:
        simulator: Bitbucket; its `world`, `faults` and `switches` may be changed at any time.
        clock: Time for the simulator and for the pipe.
        files: What the pipe can read, by path.
        stop: Asks a run to end.
        latency: Seconds that every answer takes.
    """

    def __init__(self, profile: Switches = OBSERVED, **switches: SwitchValue) -> None:
        self.clock = FakeClock()
        self.simulator = Simulator(with_values(profile, switches), clock=self.clock.time)
        self.simulator.add_repository(SHOP.workspace, SHOP.slug)
        self.files: dict[str, str] = {}
        self.stop = Stop()
        self.latency = 0.0

    @property
    def shop(self) -> SimulatedRepository:
        return self.simulator.repository("acme/shop")

    def set_switches(self, **switches: SwitchValue) -> None:
        self.simulator.switches = with_values(self.simulator.switches, switches)

    def after(self, requests: int, happens: Callable[[], object]) -> None:
        """Let something happen once, after so many more requests: others change Bitbucket, too."""
        due = len(self.simulator.requests) + requests
        pending = [happens]

        def look(simulator: Simulator) -> None:
            if len(simulator.requests) == due and pending:
                pending.pop()()

        self.simulator.observers.append(look)

    def carrier(self) -> httpx.BaseTransport:
        return InProcessTransport(self.simulator, on_latency=self.clock.sleep, latency=self.latency)

    def client(self) -> HttpClient:
        return HttpClient("https://api.bitbucket.org", self.carrier())

    def transport(
        self, *, read_only: bool = False, policy: RetryPolicy | None = None, token: str = ""
    ) -> Transport:
        return Transport(
            client=self.client(),
            credentials=AccessToken(token=SecretStr(token or DEMO_ACCESS_TOKEN)),
            clock=self.clock.clock(),
            policy=policy or RetryPolicy(),
            read_only=read_only,
            stop=self.stop,
            observe=_ignore,
            redactor=Redactor(),
        )

    def service(
        self,
        *,
        secrets: SecretsPolicy | None = None,
        force: bool = False,
        read_only: bool = False,
        policy: RetryPolicy | None = None,
    ) -> ApplyContext:
        """Return what plans are made and carried out with, for tests below the settings."""
        transport = self.transport(read_only=read_only, policy=policy)
        return ApplyContext(
            api=Bitbucket(transport),
            wait=transport.deadline.wait,
            policy=secrets or SecretsPolicy(),
            force=force,
        )

    def snapshot(self) -> dict[str, Any]:
        """Return all that there is, values of secured variables included; uuids are stable."""
        return dict(self.simulator.snapshot())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run left behind.

    Attributes:
        exit_code: As the process would end with.
        log: What it wrote to standard error.
        out: What it wrote to standard output.
        report: The JSON report, parsed.
        requests: What it sent, in order.
        events: What changed in Bitbucket because of it, or meanwhile.
    """

    exit_code: int
    log: str
    out: str
    report: Any
    requests: list[RequestRecord]
    events: list[Event] = field(repr=False)

    @property
    def api_requests(self) -> list[RequestRecord]:
        """What was sent to the API: tokens are fetched elsewhere."""
        return [each for each in self.requests if each.path != oauth.PATH]

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.requests]

    @property
    def writes(self) -> list[tuple[str, str, Any]]:
        """Method, end of the path (uuids as `{}`), and body of everything but GET."""
        return [
            (each.method, _end(each.path), json.loads(each.body) if each.body else None)
            for each in self.api_requests
            if each.method != "GET"
        ]

    @property
    def bodies(self) -> list[Any]:
        return [body for _, _, body in self.writes]

    def count(self, *kinds: EventKind) -> int:
        """How many changes of these kinds happened in Bitbucket."""
        found = Counter(each.kind for each in self.events)
        return sum(found[kind] for kind in kinds)

    @property
    def problems(self) -> list[str]:
        """The keys of everything that went wrong, in the order of the report."""
        return list(_keys(self.report))

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each change of the only environment, by its field."""
        return {each["field"]: each["outcome"] for each in only_environment(self)["changes"]}

    @property
    def words(self) -> str:
        """The log without its line breaks: long messages are wrapped."""
        return " ".join(self.log.split())


def run_pipe(world: World, **variables: str) -> Ran:
    """Run the pipe once, as `python -m pipe` would, against the world."""
    return run_with(world, variables)


def run_with(world: World, variables: Mapping[str, str]) -> Ran:
    """Run the pipe once; for variables whose names Python can't write as arguments."""
    requests, events = len(world.simulator.requests), len(world.simulator.events)
    log, out = io.StringIO(), io.StringIO()
    report = Path(_reports().name) / f"{next(_NUMBERS)}.json"
    environ = {"REPORT_FILES": str(report)} | ENVIRON | dict(variables)
    code = run(
        RunContext(
            environ=environ,
            files=lambda path: read(world, path),
            out=out,
            err=log,
            clock=world.clock.clock(),
            stop=world.stop,
            connect=world.carrier,
            in_pipe=lambda: open_in_pipe_connections(world.stop),
        )
    )
    document = None
    if report.exists():
        document = json.loads(report.read_text("utf-8"))
        report.unlink()
        assert_documented(document)
    return Ran(
        exit_code=int(code),
        log=log.getvalue(),
        out=out.getvalue(),
        report=document,
        requests=world.simulator.requests[requests:],
        events=world.simulator.events[events:],
    )


@cache
def _reports() -> tempfile.TemporaryDirectory[str]:
    """Return the folder for the reports of all runs of this process, deleted when it ends."""
    return tempfile.TemporaryDirectory()


_NUMBERS: Final = count()
"""For names of reports: runs may overlap."""


def only_environment(ran: Ran) -> dict[str, Any]:
    """Return the only environment in the report."""
    (repository,) = ran.report["repositories"]
    (environment,) = repository["environments"]
    assert isinstance(environment, dict)
    return environment


def listed(name: str, *items: str) -> dict[str, str]:
    """Write a list variable as Pipelines passes it."""
    return {f"{name}_COUNT": str(len(items))} | {
        f"{name}_{index}": item for index, item in enumerate(items)
    }


def read(world: World, path: str) -> str:
    if path not in world.files:
        raise FileNotFoundError(2, "No such file or directory", path)
    return world.files[path]


def _end(path: str) -> str:
    parts = ["{}" if part.startswith("{") else part for part in unquote(path).strip("/").split("/")]
    return "/".join(parts[4:])


def _keys(report: Any) -> list[str]:
    if isinstance(report, list):
        return [key for each in report for key in _keys(each)]
    if not isinstance(report, dict):
        return []
    own = [report["key"]] if {"key", "what"} <= report.keys() else []
    return own + [key for each in report.values() for key in _keys(each)]


def _ignore(_: AttemptRecord) -> None:
    """Nobody watches."""
