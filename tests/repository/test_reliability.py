"""Holds docs/reliability.md to the promises and to the tests that name them."""

import re
from pathlib import Path

import pytest

from tests.support.promises import BEGIN, DOCUMENT, END, PROMISES

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"P19", "P20"}
"""Proved by measuring and by building: `make bench`, the container tests and the release."""


def _rows() -> dict[str, str]:
    text = DOCUMENT.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    return {row.split("|")[1].strip(): row for row in text.splitlines() if row.startswith("| P")}


@pytest.mark.parametrize("promise", sorted(PROMISES.keys() - ELSEWHERE))
def test_every_promise_has_a_row_that_holds(promise: str) -> None:
    row = _rows()[promise]
    assert PROMISES[promise] in row
    assert "| holds |" in row


@pytest.mark.parametrize("promise", sorted(PROMISES.keys() - ELSEWHERE))
def test_every_test_in_the_table_names_its_promise(promise: str) -> None:
    files = re.findall(r"`(tests/[^`]+)`", _rows()[promise])
    assert files
    for name in files:
        marks = re.findall(r"mark\.promise\(([^)]*)\)", (ROOT / name).read_text("utf-8"))
        assert any(f'"{promise}"' in each for each in marks), name
