"""The live tests run only if requested twice: with `-m live`, and by naming a repository."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.live.facts import Facts
from tests.live.workspace import NEEDED, Workspace, open_workspace

HOW: Final = (
    "They need a repository of yours: set LIVE_WORKSPACE and LIVE_REPO_SLUG, and"
    " ATLASSIAN_ACCOUNT_EMAIL with ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN."
)


def asked_for(config: pytest.Config) -> bool:
    return config.getoption("markexpr") == "live" and all(map(os.environ.get, NEEDED))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    in_here = Path(__file__).parent in (collection_path, *collection_path.parents)
    return True if in_here and not asked_for(config) else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.getoption("markexpr") == "live" and not asked_for(config):
        terminalreporter.section("live tests did NOT run", sep="=", red=True, bold=True)
        terminalreporter.line(HOW, red=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def facts() -> Iterator[Facts]:
    """Write down what is observed, whatever becomes of the tests."""
    found = Facts()
    yield found
    found.write(Path(os.environ.get("LIVE_FACTS", "test-results/live-facts.json")))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Lend a repository, and leave it as it was."""
    workspace = open_workspace(os.environ, tmp_path_factory.mktemp("live"))
    with workspace.client:
        try:
            yield workspace
        finally:
            left = workspace.clean()
        assert not left, f"could not be deleted, please do: {left}"
