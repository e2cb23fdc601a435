"""Choose which cases a commit tries: a sample that differs from commit to commit.

The same commit always tries the same cases, so that a failure can be reproduced.
"""

from __future__ import annotations

import subprocess
import zlib
from functools import cache
from pathlib import Path

from tests.support.promises import FULL


def is_chosen(case: object, one_in: int) -> bool:
    """Return whether to try a case: one in so many for a commit, all in `make prove`."""
    return FULL or zlib.crc32(f"{_commit()} {case}".encode()) % one_in == 0


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
