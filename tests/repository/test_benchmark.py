"""The benchmark measures what it says: counted here, never timed."""

import platform
import sys
from collections.abc import Callable

import pytest

from bench import interpreters, scenarios
from bench.curves import curves
from bench.fleet import PIPE, SCRIPT, Program, fleet_run, profile
from bench.images import images
from bench.imports import Imported, imported
from bench.machine import described
from bench.measure import UnexpectedEndError, ended_with, measured
from bench.parallel import parallel
from bench.pull import pulls
from bench.scenarios import Contender, Scenario, cost
from bench.startup import programs, started
from bench.table import Goal, Section, Table, summary
from tests.support.promises import FULL

# One worker runs them all, so that each interpreter is installed once.
pytestmark = pytest.mark.xdist_group("bench")

CREATE, NOTHING, CHANGE = scenarios.ENVIRONMENT_SCENARIOS
_, NO_VARIABLE, ONE_VARIABLE = scenarios.VARIABLE_SCENARIOS


def test_one_worker_runs_all_of_these(request: pytest.FixtureRequest, worker_id: str) -> None:
    # pytest and pytest-xdist must agree about groups; when they don't, nothing else would say so.
    assert worker_id == "master" or request.node.nodeid.endswith("@bench")


@pytest.fixture(autouse=True)
def interpreter_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install those of the contenders in `make prove` only: they do not change what is sent."""
    if not FULL:
        monkeypatch.setattr(interpreters, "_interpreter", lambda _name, _lock: sys.executable)


# The toolkit is not among the packages of the tests, and a commit tries each contender once.
IN_FULL = [
    (CREATE, scenarios.PIPE, 2, 1),
    (CREATE, scenarios.CUSTOMER, 2, 1),
    (NOTHING, scenarios.PIPE, 1, 0),
    (NOTHING, scenarios.CUSTOMER, 2, 1),
    (NO_VARIABLE, scenarios.PIPE, 22, 20),
    (NO_VARIABLE, scenarios.PIPE_WITH_KEY, 2, 0),
    (CREATE, scenarios.TOOLKIT, 2, 1),
    (NOTHING, scenarios.TOOLKIT, 1, 0),
    (CHANGE, scenarios.TOOLKIT, 2, 1),
]


@pytest.mark.parametrize(
    ("scenario", "contender", "requests", "writes"),
    [
        (CHANGE, scenarios.PIPE, 3, 1),
        (CHANGE, scenarios.CUSTOMER, 2, 1),
        (ONE_VARIABLE, scenarios.PIPE_WITH_KEY, 3, 1),
        (ONE_VARIABLE, scenarios.ATLASSIAN, 24, 21),
        *(IN_FULL if FULL else []),
    ],
)
def test_what_each_contender_sends(
    scenario: Scenario, contender: Contender, requests: int, writes: int
) -> None:
    counted = cost(contender, scenario, latency=0)

    assert (counted.requests, counted.writes) == (requests, writes)


def test_a_start_is_measured_to_its_first_request() -> None:
    floor, _, ours, _ = programs()

    pipe, python = started(ours, times=1), started(floor, times=1)

    assert pipe.modules > python.modules > 0
    assert pipe.peak_mebibytes > python.peak_mebibytes
    assert pipe.request_seconds is not None
    assert python.request_seconds is None


@pytest.mark.parametrize("program", [PIPE, SCRIPT])
def test_a_fleet_with_nothing_to_do_is_only_read(program: Program) -> None:
    run = fleet_run(3, latency=0.001, workers=2, program=program)

    assert (run.gets, run.writes) == (4, 0)  # one lists the repositories
    assert run.limit_seconds == pytest.approx(4 * 0.001 / 2)


def test_a_profile_names_the_libraries() -> None:
    names, shares = zip(*profile(3).table.rows, strict=True)

    assert {"the standard library", "pydantic", "all else"} <= set(names)
    assert sum(int(share.removesuffix("%")) for share in shares) in range(90, 111)


def test_a_module_is_imported_for_the_library_that_asks_for_it() -> None:
    log = """\
import time: self [us] | cumulative | imported package
import time:         1 |          1 |   zipimport
import time:         2 |          3 | site
import time:         4 |          4 |       h11
import time:         8 |         12 |     httpx
import time:        16 |         16 |     json
import time:        32 |         60 |   pipe.bitbucket
import time:        64 |        124 | pipe.cli
"""

    assert list(imported(log)) == [
        Imported("this pipe", 64),
        Imported("this pipe", 32),
        Imported("standard library, for this pipe itself", 16),
        Imported("httpx", 8),
        Imported("httpx", 4),
        Imported("the interpreter", 2),
        Imported("the interpreter", 1),
    ]


def test_a_fleet_that_is_partly_wrong_is_put_right() -> None:
    run = fleet_run(3, latency=0, workers=2, wrong=1)

    assert (run.gets, run.writes) == (5, 1)


def test_what_ends_otherwise_is_not_measured() -> None:
    run = measured(["/bin/sh", "-c", "echo oh no; exit 3"], {})

    with pytest.raises(UnexpectedEndError, match="oh no"):
        ended_with(0, run)


@pytest.mark.parametrize("section", [images, pulls])
def test_without_an_engine_it_says_so(
    section: Callable[..., Section], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    assert "Not measured" in section(times=1).markdown()


def test_the_time_of_variables_is_compared_with_a_script() -> None:
    section = curves((2,), (), latency=0, picture=None)

    ((number, requests, _, of_script, _, _),) = section.table.rows
    assert (number, requests, of_script) == ("2", "4", "5")


def test_each_figure_with_a_goal_is_summed_up() -> None:
    goals = (Goal("this ÷ that", 0.5, 0.35), Goal("size, MB", 18, 18.2))
    section = Section(title="", intro="", table=Table((), ()), goals=goals)

    assert summary([section]).table.rows == (
        ("this ÷ that", "0.50", "0.35", "no"),
        ("size, MB", "18.00", "18.2", "yes"),
    )


def test_a_section_is_a_page_of_markdown() -> None:
    section = Section(
        title="Size",
        intro="How large.",
        table=Table(("what", "MB"), (("a", "10"),)),
        notes="- No.\n",
    )

    assert section.markdown() == (
        "## Size\n\nHow large.\n\n| what | MB |\n| ---- | -: |\n| a    | 10 |\n\n- No."
    )


def test_the_machine_is_described_and_not_named() -> None:
    assert "cores" in described()
    assert platform.node() not in described()


def test_parallel_steps_take_as_few_requests_as_can_be() -> None:
    section = parallel(8, 2)
    runs, requests, _ = section.table.rows
    assert runs[1] == "1"
    assert requests[1] == requests[2] == str(8 * 3 + 2)
