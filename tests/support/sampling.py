"""Choose which cases a commit tries: a sample that differs from commit to commit.

The same commit always tries the same cases, so that a failure can be reproduced.
"""

import subprocess
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from tests.support.promises import FULL

Case = TypeVar("Case")


def is_chosen(case: object, one_in: int) -> bool:
    """Return whether to try a case: one in so many for a commit, all in `make prove`."""
    return FULL or zlib.crc32(f"{_commit()} {case}".encode()) % one_in == 0


def sample(cases: Iterable[Case], one_in: int) -> list[Case]:
    """Return the cases to try: for a commit one in so many, at least one; all in `make prove`."""
    found = list(cases)
    chosen = [each for each in found if is_chosen(each, one_in)]
    return chosen or found[zlib.crc32(_commit().encode()) % len(found) :][:1]


def seed() -> int:
    """Return what the examples of properties are drawn from."""
    return zlib.crc32(_commit().encode())


@cache
def _commit() -> str:
    """Return the id of the commit; an empty string outside a clone."""
    found = subprocess.run(
        ["/usr/bin/env", "git", "rev-parse", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
