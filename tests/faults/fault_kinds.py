"""Every kind of fault, and a schedule that injects them at chosen requests."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias
from urllib.parse import unquote

from simulator import faults
from simulator.api import payloads
from simulator.behaviour.switches import SwitchValue, with_values
from simulator.faults import (
    Answer,
    Delay,
    DropConnection,
    Fault,
    HalfBody,
    NoAnswer,
    RateLimited,
    RefuseConnection,
    Schedule,
    SlowBody,
)
from simulator.http import Json, Request, json_response
from simulator.simulator import Simulator

LONG: Final = 3600
"""Seconds: past every deadline."""


@dataclass(frozen=True, slots=True)
class FalseList:
    """A list that is stale (as before the first run) or empty."""

    empty: bool


@dataclass(frozen=True, slots=True)
class Lag:
    """A change that is accepted, and shows only after so many seconds and reads."""

    seconds: float
    reads: int


Kind: TypeAlias = Fault | FalseList | Lag


def _refusal(status: int, body: Json) -> Answer:
    response = json_response(status, body)
    return Answer(status=status, body=response.body, headers=response.headers)


def _json(body: str, status: int = 200, *, after_effect: bool = True) -> Answer:
    return faults.garbage(body.encode(), status, after_effect=after_effect)


KINDS: Final[Mapping[str, Kind]] = {
    "connection refused": RefuseConnection(),
    "closed before the effect": DropConnection(),
    "closed after the effect": DropConnection(after_effect=True),
    "reset before the effect": DropConnection(reset=True),
    "reset after the effect": DropConnection(after_effect=True, reset=True),
    "half a body": HalfBody(),
    "slow body": SlowBody(1.0),
    "body that never ends": SlowBody(29.0),
    "late answer": Delay(5.0),
    "answer later than anyone waits": Delay(31.0),
    "never answers": NoAnswer(),
    "takes effect, never answers": NoAnswer(after_effect=True),
    "429": RateLimited(),
    "429, Retry-After in seconds": RateLimited(wait=7, retry_after="seconds"),
    "429, Retry-After as a date": RateLimited(wait=7, retry_after="date"),
    "429, x-ratelimit-reset, bare text": RateLimited(wait=7, reset=True, body="text"),
    "429, Retry-After: 0": RateLimited(wait=0, retry_after="seconds"),
    "429, Retry-After past the deadline": RateLimited(wait=LONG, retry_after="seconds"),
    "500": faults.server_error(500),
    "502": faults.server_error(502),
    "502 after the effect": faults.server_error(502, after_effect=True),
    "503": faults.server_error(503),
    "504": faults.server_error(504),
    "504 after the effect": faults.server_error(504, after_effect=True),
    "garbage after the effect": faults.garbage(),
    "garbage before the effect": faults.garbage(after_effect=False),
    "empty answer after the effect": _json(""),
    "HTML with status 200": faults.server_error(200),
    "another JSON after the effect": _json('{"values": [{}], "uuid": 3}'),
    "passing 400": faults.passing_400(),
    "passing 409": _refusal(409, {"error": {"message": "Conflict"}}),
    "passing 404": _refusal(404, {"type": "error", "error": {"message": "Not found"}}),
    "passing 401": _refusal(401, {"type": "error", "error": {"message": "Access token expired."}}),
    "passing 403": _refusal(403, {"type": "error", "error": {"message": "Forbidden"}}),
    "change shows late": Lag(3.0, 2),
    "change shows too late": Lag(60.0, 0),
    "stale list": FalseList(empty=False),
    "empty list": FalseList(empty=True),
}
"""By the name that identifies a case."""

REPRESENTATIVE: Final = (
    "connection refused",
    "closed before the effect",
    "closed after the effect",
    "half a body",
    "429, Retry-After in seconds",
    "429, Retry-After past the deadline",
    "502",
    "502 after the effect",
    "garbage after the effect",
    "passing 400",
    "passing 409",
    "passing 404",
    "change shows late",
    "change shows too late",
    "stale list",
    "empty list",
)
"""One of each family, for pairs: the members of a family differ little."""

LISTS: Final = re.compile(r"/(environments|variables|branch-restrictions)/?$")


@dataclass(slots=True)
class Planned(Schedule):
    """Faults by the number of the request, counted from 0.

    Attributes:
        simulator: Where they are injected.
        at: Which fault at which request.
        count: Requests so far.
        injected: The numbers at which one was injected; the others did not apply.
        stale: What the lists showed before the first run, by path.
    """

    simulator: Simulator | None = None
    at: Mapping[int, Kind] = field(default_factory=dict)
    count: int = 0
    injected: list[int] = field(default_factory=list)
    stale: dict[str, Sequence[Json]] = field(default_factory=dict)
    lagging: Mapping[str, SwitchValue] = field(default_factory=dict)

    @classmethod
    def on(cls, simulator: Simulator, at: Mapping[int, Kind]) -> Self:
        """Schedule faults in a simulator to which nothing has been written yet."""
        planned = cls(simulator=simulator, at=at)
        shop, switches = simulator.repository("acme/shop"), simulator.switches
        for environment in shop.environments.values():
            variables = [payloads.variable(v, switches) for v in environment.variables.values()]
            planned.stale[f"{environment.uuid}/variables"] = variables
            branches = _branches(environment.branches)
            planned.stale[f"{environment.uuid}/branch-restrictions"] = branches
        listed = [payloads.environment(each, switches) for each in shop.listed(switches)]
        planned.stale["shop/environments"] = listed
        simulator.faults = planned
        return planned

    @property
    def list_was_false(self) -> bool:
        """Whether a list was stale or empty."""
        return any(isinstance(self.at[number], FalseList) for number in self.injected)

    def take(self, request: Request) -> Fault | None:
        """Return the fault for this request, if any."""
        assert self.simulator is not None
        if self.lagging:
            self.simulator.switches = with_values(self.simulator.switches, self.lagging)
            self.lagging = {}
        number, self.count = self.count, self.count + 1
        kind = self.at.get(number)
        fault = None if kind is None else self._fault(kind, request)
        if fault is not None or self.lagging:
            self.injected.append(number)
        return fault

    def _fault(self, kind: Kind, request: Request) -> Fault | None:
        match kind:
            case FalseList():
                return self._false_list(kind, request)
            case Lag():
                self._lag(kind, request)
                return None
            case _:
                return kind

    def _false_list(self, kind: FalseList, request: Request) -> Fault | None:
        if not is_applicable(kind, request.method, request.path):
            return None
        path = unquote(request.path).rstrip("/")
        key = "/".join(path.split("/")[-2:])
        values = () if kind.empty else self.stale.get(key, ())
        body: Json = {"page": 1, "pagelen": 100, "size": len(values), "values": values}
        return _refusal(200, body)

    def _lag(self, lag: Lag, request: Request) -> None:
        assert self.simulator is not None
        if not is_applicable(lag, request.method, request.path):
            return
        now = self.simulator.switches
        self.lagging = {
            "change_lag_seconds": now.change_lag_seconds,
            "change_lag_reads": now.change_lag_reads,
        }
        self.simulator.switches = with_values(
            now, {"change_lag_seconds": lag.seconds, "change_lag_reads": lag.reads}
        )


def _branches(branches: Mapping[str, str]) -> Sequence[Json]:
    return tuple({"uuid": uuid, "pattern": pattern} for pattern, uuid in branches.items())


def is_applicable(kind: Kind, method: str, path: str) -> bool:
    match kind:
        case FalseList():
            return method == "GET" and LISTS.search(path) is not None
        case Lag():
            return path.endswith("/changes")
        case _:
            return True


def describe(at: Mapping[int, str]) -> str:
    """Return the faults as text, to reproduce the case."""
    return json.dumps(dict(at))


def kinds(at: Mapping[int, str]) -> dict[int, Kind]:
    """Look the names up."""
    return {number: KINDS[name] for number, name in at.items()}
