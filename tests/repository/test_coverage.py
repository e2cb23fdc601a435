"""Coverage is measured where tests/conftest.py says, and nowhere else."""

import pytest
from coverage import Coverage


@pytest.mark.no_cover
def test_a_test_without_coverage_is_not_traced() -> None:
    assert Coverage.current() is None
