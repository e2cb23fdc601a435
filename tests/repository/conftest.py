"""A clone in a simulated workspace, for the examples of the documentation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository.pages import Workspace, workspace


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Workspace]:
    with workspace(tmp_path) as opened:
        yield opened
