"""Complete logs, so that a review shows every change of wording; see `golden.py`."""

import re

import pytest

from tests.unit.reports import golden

# Long runs, through code that other tests reach: coverage would double the time.
pytestmark = pytest.mark.no_cover


@pytest.mark.parametrize("name", golden.SCENARIOS)
def test_the_log_is_as_reviewed(name: str) -> None:
    assert golden.text(name) == golden.path(name).read_text("utf-8")


@pytest.mark.parametrize("name", golden.SCENARIOS)
def test_lines_fit_the_log_view_and_move_no_cursor(name: str) -> None:
    for line in golden.path(name).read_text("utf-8").splitlines():
        bare = re.sub(r"␛\[[0-9]*m", "", line)
        assert len(bare) <= 160
        assert bare == "" or bare.isprintable()
        assert "␛" not in bare


def test_every_golden_log_has_a_scenario() -> None:
    assert {each.stem for each in golden.FOLDER.iterdir()} == set(golden.SCENARIOS)
