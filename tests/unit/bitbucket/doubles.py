"""Test doubles: a transport to a service whose responses a test chooses."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPMethod
from typing import Final

import httpx
import pytest
from pydantic import SecretStr

from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.attempts import AttemptRecord
from pipe.bitbucket.auth import AccessToken, Credentials
from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.payloads import deletion, parser
from pipe.bitbucket.requests import IdempotentRequest, NonIdempotentRequest
from pipe.bitbucket.transport import RetryPolicy, Transport
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError, Problem
from pipe.process.context import Stop
from pipe.redaction import Redactor
from tests.support.clock import FakeClock

SHOP = Repository("acme", "shop")
TOKEN = "canary-access-token-4711"
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"

Reply = httpx.Response | Exception
VALUE: Final = parser(lambda value: value)
GET: Final = IdempotentRequest(method=HTTPMethod.GET, path="/2.0/x", parse=VALUE)
PUT: Final = IdempotentRequest(method=HTTPMethod.PUT, path="/2.0/x", parse=VALUE)
DELETE: Final = deletion("/2.0/x")
POST: Final = NonIdempotentRequest(path="/2.0/x", parse=VALUE)


@dataclass(slots=True, kw_only=True)
class Line:
    """A transport, and everything around it that a test inspects."""

    transport: Transport
    clock: FakeClock
    stop: Stop
    redactor: Redactor
    exchanges: list[AttemptRecord]
    requests: list[httpx.Request]

    @property
    def bitbucket(self) -> Bitbucket:
        return Bitbucket(self.transport)

    @property
    def sent(self) -> list[tuple[str, str]]:
        return [(each.method, each.url.raw_path.decode()) for each in self.requests]

    @property
    def bodies(self) -> list[object]:
        return [json.loads(each.content) if each.content else None for each in self.requests]


def connect(
    service: Callable[[httpx.Request], Reply] | Iterable[Reply],
    *,
    clock: FakeClock | None = None,
    credentials: Credentials | None = None,
    policy: RetryPolicy | None = None,
    read_only: bool = False,
) -> Line:
    """Return a transport to a service: a function, or its responses in order."""
    requests: list[httpx.Request] = []
    answers: Iterator[Reply] = iter(()) if callable(service) else iter(service)

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        reply = service(request) if callable(service) else next(answers)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return connect_through(
        httpx.MockTransport(handle),
        requests=requests,
        clock=clock,
        credentials=credentials,
        policy=policy,
        read_only=read_only,
    )


def connect_through(
    carrier: httpx.BaseTransport,
    *,
    requests: list[httpx.Request] | None = None,
    clock: FakeClock | None = None,
    credentials: Credentials | None = None,
    policy: RetryPolicy | None = None,
    read_only: bool = False,
) -> Line:
    """Return a transport over an httpx transport."""
    the_clock = clock or FakeClock(chance=1.0)
    stop = Stop()
    redactor = Redactor()
    exchanges: list[AttemptRecord] = []
    transport = Transport(
        client=HttpClient("https://api.bitbucket.example", carrier),
        credentials=credentials or AccessToken(token=SecretStr(TOKEN)),
        clock=the_clock.clock(),
        policy=policy or RetryPolicy(),
        read_only=read_only,
        stop=stop,
        observe=exchanges.append,
        redactor=redactor,
    )
    return Line(
        transport=transport,
        clock=the_clock,
        stop=stop,
        redactor=redactor,
        exchanges=exchanges,
        requests=requests if requests is not None else [],
    )


def page(*values: object, **keys: object) -> httpx.Response:
    return httpx.Response(200, json={"values": list(values), **keys})


def environment(name: str, **keys: object) -> dict[str, object]:
    return {"uuid": f"{{{name}}}", "name": name, **keys}


def ok() -> httpx.Response:
    return httpx.Response(200, json="fine")


def rate_limited(**headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(429, text="Rate limit for this resource has been exceeded", headers=sent)


def problem_of(
    line: Line, request: IdempotentRequest[object] | NonIdempotentRequest[object], kind: type
) -> Problem:
    with pytest.raises(PipeError) as caught:
        line.transport.send(request)
    assert type(caught.value) is kind
    return caught.value.problem
