"""How runs over many repositories end: stopped, crashed, in batches, or with nothing to do."""

import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from pipe.apply import repository as apply
from pipe.apply.context import ApplyContext
from pipe.fleet import workers
from pipe.models.declaration import Declaration, Repository
from pipe.planning.planner import Observed
from pipe.process.context import Stop
from simulator.faults import RateLimited
from simulator.state.journal import EventKind
from tests.support.clock import FakeClock
from tests.support.fleet import SLUGS, WANTED, done, filled
from tests.support.world import Ran, World, run_with


def _run(world: World, **variables: str) -> Ran:
    return run_with(world, WANTED | variables)


class ImpatientClock(FakeClock):
    """A clock that advances each time it is read once the run was asked to stop."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop = stop

    def time(self) -> float:
        self.seconds += 0.3 if self.stop.requested else 0
        return self.seconds


class HangingWorld(World):
    """A Bitbucket that stops the run at one request, and does not answer it during the test."""

    def __init__(self, at: int, released: threading.Event) -> None:
        super().__init__()
        self.clock = ImpatientClock(self.stop)
        self._at = at
        self._released = released

    def carrier(self) -> httpx.BaseTransport:
        inner = super().carrier()

        def handle(request: httpx.Request) -> httpx.Response:
            if len(self.simulator.requests) == self._at:
                self.stop.request("SIGTERM")
                self._released.wait()
            return inner.handle_request(request)

        return httpx.MockTransport(handle)


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set when the test is over."""
    monkeypatch.setattr(workers, "_POLL_SECONDS", 0.001)
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("mode", ["apply", "check", "export"])
@pytest.mark.parametrize("count", [1, 6])
def test_a_read_that_never_ends_is_not_waited_for_once_the_run_is_stopped(
    mode: str, count: int, released: threading.Event
) -> None:
    world = filled(HangingWorld(0, released), SLUGS)
    ran = _run(world, MODE=mode, REPOSITORIES=json.dumps(SLUGS[:count]))
    assert ran.exit_code == 6
    assert "stopped" in ran.problems
    assert len(ran.report["remaining"]) == (count if count > 1 else 0)
    assert ran.report["plan_checksum"] is None


def test_a_listing_that_never_ends_is_not_waited_for_once_the_run_is_stopped(
    released: threading.Event,
) -> None:
    ran = _run(HangingWorld(0, released), REPOSITORIES="repo-*")
    assert (ran.exit_code, ran.problems) == (6, ["stopped"])


@pytest.mark.parametrize(
    ("variables", "broken"),
    [
        ({}, "pipe.modes.resolve"),
        (
            {"CODE_INSIGHTS": "true", "BITBUCKET_COMMIT": "0123456"},
            "pipe.publishing.publish.publish_insights",
        ),
    ],
)
def test_a_bug_beside_the_repositories_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], broken: str
) -> None:
    def buggy(*_: object) -> None:
        raise LookupError

    monkeypatch.setattr(broken, buggy)
    ran = _run(filled(World()), **variables)
    assert (ran.exit_code, ran.problems) == (1, ["unexpected"])


@pytest.mark.parametrize("count", [1, 6])
def test_a_write_that_never_ends_is_reported_as_unknown(
    count: int, released: threading.Event
) -> None:
    world = filled(HangingWorld(count, released), SLUGS)
    ran = _run(world, REPOSITORIES=json.dumps(SLUGS[:count]))
    assert ran.exit_code == 6
    assert "abandoned" in ran.problems
    assert "unknown whether the last request took effect" in ran.log
    assert len(ran.report["remaining"]) == count - 1


@pytest.mark.parametrize("debug", ["true", "false"])
@pytest.mark.parametrize("phase", ["plan_one", "apply_one"])
def test_a_bug_in_one_repository_is_reported_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, phase: str, debug: str
) -> None:
    real = getattr(apply, phase)

    def buggy(service: ApplyContext, what: object, declaration: Declaration) -> object:
        if str(getattr(what, "repository", what)) == "acme/repo-2":
            message = "a bug"
            raise LookupError(message)
        return real(service, what, declaration)

    monkeypatch.setattr(f"pipe.fleet.orchestrator.{phase}", buggy)
    world = filled(World())
    ran = _run(world, DEBUG=debug)
    assert ran.exit_code == 1
    assert ran.problems == ["unexpected"]
    assert done(world) == [slug for slug in SLUGS if slug != "repo-2"]
    assert ("Traceback" in ran.log) is (debug == "true")


def test_an_export_survives_a_bug_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(_: ApplyContext, repository: Repository, declared: object) -> Observed:
        del declared
        if repository.slug == "repo-2":
            raise LookupError
        return Observed(environments=(), contents={})

    monkeypatch.setattr("pipe.export.exporter.read_state", buggy)
    ran = _run(filled(World()), MODE="export")
    assert ran.exit_code == 1
    assert "# Not included, because it could not be read: acme/repo-2\n" in ran.out
    assert "- repo-3\n" in ran.out


@pytest.mark.parametrize("mode", ["apply", "export"])
def test_a_rate_limit_that_does_not_end_ends_the_run(mode: str) -> None:
    """The limit is one for all repositories, so the others would fare no better."""
    world = filled(World())
    world.simulator.faults.add(RateLimited(), path="*/repo-3/*", times=10**6)
    ran = _run(world, MODE=mode, MAX_ATTEMPTS="2")
    assert ran.exit_code == 6
    assert ran.problems == ["rate-limited", "repositories-remain"]
    assert "START_AT=acme/repo-" in ran.log
    assert ran.writes == []


def test_unchanged_repositories_are_reported_when_the_run_ends_early() -> None:
    world = filled(World())
    world.simulator.repository("acme/repo-4").add_environment("Live", "Production", admin_only=True)
    world.simulator.faults.add(RateLimited(), path="*/repo-1/*", method="POST", times=10**6)
    ran = _run(world, MAX_ATTEMPTS="2")
    assert ran.exit_code == 6
    reported = [each["slug"] for each in ran.report["repositories"]]
    assert reported == ["repo-0", "repo-1", "repo-4"]
    assert done(world) == ["repo-0", "repo-4"]


def test_a_changed_plan_and_a_plan_that_could_not_be_made_have_different_codes() -> None:
    world = filled(World())
    changed = _run(world, PLAN_CHECKSUM="sha256:" + "0" * 64)
    assert (changed.exit_code, changed.problems) == (7, ["plan-changed"])
    unmade = _run(world, PLAN_CHECKSUM="sha256:" + "0" * 64, REPOSITORIES='["gone", "lost"]')
    assert (unmade.exit_code, unmade.problems) == (3, ["not-found", "not-found"])
    assert unmade.report["plan_checksum"] is None


def test_planning_that_would_use_up_the_quota_is_done_in_batches() -> None:
    slugs = [f"svc-{number:02}" for number in range(12)]
    world = filled(World(), slugs)
    world.set_switches(rate_limit=20)
    runs = 0
    while True:
        ran = _run(world, REPOSITORIES="svc-*")
        runs += 1
        assert all(each.status != 429 for each in ran.requests)
        if ran.exit_code == 0:
            break
        assert ran.exit_code == 6
        assert "Planning 12 repositories takes more than half of the requests" in ran.log
        world.clock.seconds += 3600
        assert runs < 10
    assert (
        len([each for each in world.simulator.events if each.kind is EventKind.ENVIRONMENT_CREATED])
        == 12
    )


def test_a_batch_that_the_remaining_quota_does_not_cover_is_not_begun() -> None:
    slugs = [f"svc-{number:02}" for number in range(20)]
    world = filled(World(), slugs)
    for slug in slugs:
        world.simulator.repository(f"acme/{slug}").add_environment("Live", "Production")
    world.set_switches(rate_limit=20)
    world.latency = 0.05
    ran = _run(world, REPOSITORIES="svc-*", DEADLINE="900")
    assert (ran.exit_code, ran.problems) == (6, ["not-enough-left", "repositories-remain"])
    assert all(each.status != 429 for each in ran.requests)
    assert len(ran.report["repositories"]) + len(ran.report["remaining"]) == len(slugs)


def test_a_parallel_step_that_gets_nothing_says_so_and_succeeds() -> None:
    share = {"BITBUCKET_PARALLEL_STEP": "7", "BITBUCKET_PARALLEL_STEP_COUNT": "8"}
    ran = _run(filled(World()), **share)
    assert (ran.exit_code, ran.requests) == (0, [])
    assert (
        "INFO: Nothing to do in this parallel step: 6 repositories are fewer than there are steps"
        in ran.log
    )


def test_a_parallel_step_logs_its_share() -> None:
    share = {"BITBUCKET_PARALLEL_STEP": "1", "BITBUCKET_PARALLEL_STEP_COUNT": "4"}
    ran = _run(filled(World()), **share)
    assert "INFO: 2 of 6 repositories (parallel step 2 of 4)\n" in ran.log


def test_starting_after_the_last_repository_is_an_error() -> None:
    ran = _run(filled(World()), START_AT="acme/zzz")
    assert (ran.exit_code, ran.requests, ran.problems) == (5, [], ["nothing-from-start"])


def test_a_problem_of_all_repositories_is_logged_once() -> None:
    world = filled(World())
    for slug in SLUGS:
        world.simulator.repository(f"acme/{slug}").add_environment(
            "Live", "Production", admin_only=True
        )
    ran = _run(world, ADMIN_ONLY="false")
    assert (ran.exit_code, ran.writes) == (7, [])
    assert ran.log.count("The plan would loosen the protection of 6 of 6 environments.") == 1
    assert ran.log.count("refused, nothing was written to it, see above") == 6
