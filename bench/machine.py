"""What the figures were measured on: enough to judge them, nothing that names the machine."""

import os
import platform
from datetime import UTC, datetime

_GIBIBYTE = 1 << 30


def described() -> str:
    """Return the date and the machine in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE
    cores = len(os.sched_getaffinity(0))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} cores ({platform.machine()}), {memory:.0f} GiB of"
        f" memory, {platform.system()}, Python {platform.python_version()}"
    )
