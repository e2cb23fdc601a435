"""Faults: when they apply, what they do, and what a client in the same process sees."""

from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from simulator import faults as f
from simulator.app import handle
from simulator.behaviour.switches import SWITCHES, RateLimitBody
from simulator.http import Cut, Dropped, Request, Response
from simulator.transport import InProcessTransport
from tests.simulator.harness import BEARER, Bench


def attempt(bench: Bench) -> int | type[Exception]:
    try:
        return bench.create("New").status_code
    except httpx.TransportError as error:
        return type(error)


@pytest.mark.parametrize(
    ("fault", "seen", "effect"),
    [
        (f.Answer(status=503), 503, False),
        (f.Answer(status=503, after_effect=True), 503, True),
        (f.server_error(), 502, False),
        (f.server_error(504, after_effect=True), 504, True),
        (f.passing_400(), 400, False),
        (f.RateLimited(), 429, False),
        (f.Delay(2.0), 201, True),
        (f.Delay(6.0), httpx.ReadTimeout, True),
        (f.SlowBody(1.0), 201, True),
        (f.SlowBody(6.0), httpx.ReadTimeout, True),
        (f.HalfBody(), httpx.RemoteProtocolError, True),
        (f.DropConnection(), httpx.RemoteProtocolError, False),
        (f.DropConnection(after_effect=True), httpx.RemoteProtocolError, True),
        (f.DropConnection(reset=True), httpx.ReadError, False),
        (f.DropConnection(after_effect=True, reset=True), httpx.ReadError, True),
        (f.NoAnswer(), httpx.ReadTimeout, False),
        (f.NoAnswer(after_effect=True), httpx.ReadTimeout, True),
        (f.RefuseConnection(), httpx.ConnectError, False),
    ],
)
def test_what_a_fault_does(fault: f.Fault, seen: int | type[Exception], *, effect: bool) -> None:
    bench = Bench()
    bench.sim.faults.add(fault)
    assert attempt(bench) == seen
    assert (bench.repo.names() == ["New"]) is effect
    record = bench.sim.requests[-1]
    assert record.took_effect is effect
    assert (record.status is None) is (record.dropped is not None)
    assert bench.client.get(bench.environments).status_code == 200


def test_waiting_moves_the_injected_clock() -> None:
    bench = Bench()
    for fault in (f.Delay(2.0), f.SlowBody(1.0), f.Delay(60.0), f.NoAnswer()):
        bench.sim.faults.add(fault)
        attempt(bench)
    assert bench.clock.slept == [2.0, 1.0, 1.0, 1.0, 1.0, 5.0]


def test_a_client_without_a_clock_or_a_timeout() -> None:
    bench = Bench()
    bench.sim.faults.add(f.Delay(60.0))
    transport = InProcessTransport(bench.sim, latency=1.0)
    patient = httpx.Timeout(5, read=None)
    client = httpx.Client(transport=transport, headers=BEARER, timeout=patient)
    url = f"https://api.bitbucket.org/2.0{bench.environments}"
    assert client.get(url).status_code == 200


def test_half_body_of_an_answer_without_a_body() -> None:
    bench = Bench("Test")
    bench.sim.faults.add(f.HalfBody())
    with pytest.raises(httpx.RemoteProtocolError):
        bench.change(name="New")
    assert bench.repo.names() == ["New"]


def test_garbage_and_an_empty_page() -> None:
    bench = Bench("Test")
    bench.sim.faults.add(f.garbage())
    bench.sim.faults.add(f.empty_page())
    with pytest.raises(ValueError, match=r"codec|JSON|Expecting"):
        bench.client.get(bench.environments).json()
    assert bench.listed() == []
    assert bench.listed() == ["Test"]


def test_a_fault_applies_by_method_path_skip_and_times() -> None:
    bench = Bench("Test")
    bench.sim.faults.add(f.Answer(status=500), skip=1, times=2, method="get", path="*/environments")
    assert bench.create("New").status_code == 201  # another method
    get = bench.client.get
    statuses = []
    for _ in range(4):
        assert get(bench.at()).status_code == 200  # another path
        statuses.append(get(bench.environments).status_code)
    assert statuses == [200, 500, 500, 200]


def test_of_two_due_faults_the_second_keeps_its_turn() -> None:
    bench = Bench()
    bench.sim.faults.add(f.Answer(status=500))
    bench.sim.faults.add(f.Answer(status=503))
    get = bench.client.get
    assert [get(bench.environments).status_code for _ in range(3)] == [500, 503, 200]
    bench.sim.faults.add(f.Answer(status=500))
    bench.sim.faults.clear()
    assert get(bench.environments).status_code == 200


@pytest.mark.parametrize("body", SWITCHES["rate_limit_body"].choices)
def test_headers_that_say_how_long_to_wait(body: RateLimitBody) -> None:
    plain = f.rate_limit_response(f.RateLimited(body=body), 0.0)
    assert {name for name, _ in plain.headers} == {"Content-Type"}
    assert f.LIMIT_TEXT.encode() in plain.body
    seconds = f.rate_limit_response(f.RateLimited(wait=7, retry_after="seconds", body=body), 0.0)
    assert ("Retry-After", "7") in seconds.headers
    date = f.rate_limit_response(f.RateLimited(wait=7, retry_after="date", body=body), 100.0)
    assert parsedate_to_datetime(dict(date.headers)["Retry-After"]).timestamp() == 107
    reset = f.rate_limit_response(f.RateLimited(wait=7, reset=True, body=body), 0.0)
    assert ("x-ratelimit-reset", "7") in reset.headers


def test_a_dropped_connection_is_returned_as_a_value() -> None:
    bench = Bench()
    bench.sim.faults.add(f.NoAnswer())
    request = Request(method="GET", path="/", headers=())
    assert handle(bench.sim, request) == Dropped(Cut.UNANSWERED)
    reply = handle(bench.sim, request)
    assert isinstance(reply, Response)
    assert reply.status == 401


def test_the_request_log_is_complete() -> None:
    bench = Bench()
    bench.create("New")
    bench.client.get(bench.environments, params={"page": 1})
    created, listed = bench.sim.requests
    assert (created.index, created.method, created.status) == (0, "POST", 201)
    assert created.json() == {"name": "New", "environment_type": {"name": "Test"}}
    assert ("Authorization", "Bearer demo-access-token") in created.headers
    assert (listed.query, listed.took_effect) == ("page=1", False)
    assert listed.time == bench.clock.seconds
    with pytest.raises(ValueError, match="Expecting"):
        listed.json()
    event: Any = bench.sim.events[0].document()
    assert event["request"] == 0
