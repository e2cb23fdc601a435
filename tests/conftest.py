"""Settings of all tests: how many examples properties try, and what the summary says."""

import gc
import importlib
import pkgutil
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

import pipe
import simulator
from tests.support import promises, sampling

# No deadline: how long an example takes says nothing about the pipe, and machines differ.
# Too slow and too large are judgements about the same.
_NOT_TIMED = [HealthCheck.too_slow, HealthCheck.data_too_large]

# A commit tries a sample of its own, without memory of earlier runs: a red build can be repeated.
settings.register_profile(
    "ci", max_examples=10, deadline=None, database=None, suppress_health_check=_NOT_TIMED
)
# `make prove`: new examples every time, and as many as keep the whole within an hour.
settings.register_profile(
    "full",
    max_examples=500,
    deadline=None,
    suppress_health_check=_NOT_TIMED,
)
# `make mutate`: whether a change of the code is noticed must not depend on the commit.
settings.register_profile(
    "mutate",
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=_NOT_TIMED,
)
settings.load_profile("full" if promises.FULL else "ci")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not promises.FULL and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = sampling.seed()


_MEASURED = {"unit", "integration", "simulator"}
"""The folders whose tests reach every branch; coverage would double the time of all others."""
_TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(_TESTS).parts[0] not in _MEASURED:
            item.add_marker(pytest.mark.no_cover)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Measure what importing the modules reaches, and nothing of the collection of tests.

    What a test without coverage is the first to import would never be measured.
    """
    for package in (pipe, simulator):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name != "simulator.__main__":  # would run it
                importlib.import_module(module.name)
    measuring = Coverage.current()
    # All of them: pytest-cov starts two in a worker of pytest-xdist, and pauses one of them for a
    # test without coverage. The other would make that test three times as slow.
    while each := Coverage.current():
        each.stop()
    try:
        return (yield)
    finally:
        if measuring is not None:
            measuring.start()


def pytest_collection_finish() -> None:
    """Look for garbage less often: among modules and tests, never; it takes a sixth of the time."""
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> promises.Cases:
    """Count the cases that a test tries by itself."""
    return promises.count_for(request.node)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    report.user_properties += promises.properties_of(item)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    _print_promises(terminalreporter, whole=exitstatus in _ENDED)
    _print_skipped_container_tests(terminalreporter)


_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
"""Every test ran: a run that was interrupted proves nothing that could be written down."""


def _print_promises(terminalreporter: pytest.TerminalReporter, *, whole: bool) -> None:
    stats = terminalreporter.stats
    rows = promises.table([*stats.get("passed", []), *stats.get("failed", [])])
    if promises.WRITING and whole:
        promises.write(rows)
    if rows:
        terminalreporter.section("promises", sep="=")
    for name, row in rows.items():
        verdict = f"{row.failed} tests fail" if row.failed else "holds"
        terminalreporter.line(
            f"{name:>3}  {row.cases:>9,} cases  {verdict}: {promises.PROMISES[name]}"
        )


def _print_skipped_container_tests(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if report.nodeid.startswith("tests/container/")
    ]
    if skipped:
        terminalreporter.section("container tests", sep="=", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} container tests did NOT run: no Docker engine answers, or"
            " docker-registry is missing. Start one, or point DOCKER_HOST at one; REQUIRE_DOCKER=1"
            " makes this a failure.",
            red=True,
        )
