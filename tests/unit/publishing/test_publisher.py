"""What may be published, through the proxy of the pipeline or with credentials."""

from http import HTTPMethod

import httpx
import pytest

from pipe.bitbucket import payloads
from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.requests import (
    AlreadyGone,
    Done,
    IdempotentRequest,
    NonIdempotentRequest,
    Request,
    json_content,
)
from pipe.bitbucket.transport import RetryPolicy, WriteRefusedError
from pipe.publishing.publisher import Publisher
from simulator.server import Server
from tests.support.world import World

REPOSITORY = "/2.0/repositories/acme/shop"
REPORT = f"{REPOSITORY}/commit/abc/reports/bitbucket-environment-abc"
REFUSED: list[Request[Done | AlreadyGone]] = [
    IdempotentRequest(
        method=HTTPMethod.GET, path=f"{REPOSITORY}/environments", parse=payloads.accepted
    ),
    payloads.deletion(f"{REPOSITORY}/environments/%7Be%7D"),
    IdempotentRequest(
        method=HTTPMethod.PUT,
        path=f"{REPOSITORY}/commit/abc/reports/other-tool",
        parse=payloads.accepted,
    ),
    payloads.deletion(f"{REPOSITORY}/pullrequests/1/comments/2"),
    NonIdempotentRequest(path=f"{REPOSITORY}/environments", parse=payloads.accepted),
    NonIdempotentRequest(
        path=f"{REPOSITORY}/pullrequests/1/comments/../../../environments", parse=payloads.accepted
    ),
]


@pytest.mark.parametrize("request_", REFUSED, ids=lambda each: f"{each.method} {each.path}")
def test_the_publisher_can_send_nothing_else(
    request_: IdempotentRequest[Done | AlreadyGone] | NonIdempotentRequest[Done],
) -> None:
    world = World()
    publisher = Publisher(transport=world.transport(), proxy=world.client())
    with pytest.raises(WriteRefusedError):
        publisher.send(request_)
    if isinstance(request_, IdempotentRequest):
        with pytest.raises(WriteRefusedError):
            publisher.send_through_proxy(request_)
    assert world.simulator.requests == []


def test_a_slow_proxy_does_not_outlive_the_deadline() -> None:
    world, seconds = World(), list[float]()

    def never_answer(request: httpx.Request) -> httpx.Response:
        seconds.append(request.extensions["timeout"]["read"])
        raise httpx.ReadTimeout(str(request.url), request=request)

    proxy = HttpClient("http://api.bitbucket.org", httpx.MockTransport(never_answer))
    for deadline in (100.0, 2.0):
        transport = world.transport(policy=RetryPolicy(max_attempts=1, deadline_seconds=deadline))
        publisher = Publisher(transport=transport, proxy=proxy)
        publisher.send_through_proxy(payloads.deletion(REPORT))

    assert seconds == [5.0, 2.0]


def test_the_proxy_is_reached_over_a_real_socket() -> None:
    simulator = World().simulator
    with (
        Server(simulator) as server,
        httpx.HTTPTransport(proxy=server.url, trust_env=False) as through_proxy,
    ):
        proxy = HttpClient("http://api.bitbucket.org", through_proxy)
        publisher = Publisher(transport=World().transport(), proxy=proxy)
        body = json_content(
            {"title": "T", "details": "D", "report_type": "TEST", "result": "PASSED"}
        )
        path = f"{REPOSITORY}/commit/{'a' * 40}/reports/bitbucket-environment-0"
        request = IdempotentRequest(
            method=HTTPMethod.PUT, path=path, content=body, parse=payloads.accepted
        )
        assert publisher.send_through_proxy(request) == Done()
    assert [each.status for each in simulator.requests] == [200]
