"""Measure everything side by side, in one run (`make bench`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.fleet import fleet
from bench.images import images
from bench.machine import described
from bench.measure import CHECKOUT
from bench.parallel import parallel
from bench.scenarios import environments, variables
from bench.startup import startup
from bench.table import Section

_HEAD: Final = """\
# Performance

`make bench` writes this page: it measures everything in one run on one machine, side by side, as
whole processes. Another machine gives other figures; the ratios should differ little.

Measured: {machine}.
"""


def sections(*, quick: bool) -> Iterator[Callable[[], Section]]:
    """Yield a function for each section, in order; `quick`: once, without latency."""
    times, latency = (1, 0.0) if quick else (5, 0.1)
    yield lambda: environments(latency=latency, times=times)
    yield lambda: variables(latency=latency, times=1 if quick else 3)
    yield lambda: startup(times=1 if quick else 11)
    yield lambda: fleet(
        (1, 3) if quick else (1, 100, 2000), latency=0.001 if quick else 0.05, workers=8
    )
    yield lambda: parallel(*((8, 2) if quick else (20_000, 8)))
    yield lambda: images(times=times)


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, and without any latency")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "docs/performance.md")
    given = parser.parse_args()
    blocks = [_HEAD.format(machine=described())]
    for measure in sections(quick=given.quick):
        blocks.append(measure().markdown() + "\n")
        sys.stdout.write(f"{blocks[-1]}\n")
        sys.stdout.flush()
    given.output.write_text("\n".join(blocks), encoding="utf-8")


if __name__ == "__main__":
    main()
