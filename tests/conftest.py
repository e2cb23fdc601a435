"""What holds for all tests: the summary says plainly when the container tests did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if report.nodeid.startswith("tests/container/")
    ]
    if skipped:
        terminalreporter.section("container tests", sep="=", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} container tests did NOT run: no Docker engine answers. Start one, or "
            "point DOCKER_HOST at one; REQUIRE_DOCKER=1 makes this a failure.",
            red=True,
        )
