"""Measure everything side by side, in one run (`make bench`)."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.curves import PICTURE, curves
from bench.fleet import SCRIPT, fleet, fleet_run, profile
from bench.images import images
from bench.machine import described
from bench.measure import CHECKOUT
from bench.parallel import parallel
from bench.pull import pulls
from bench.scenarios import environments, variables
from bench.startup import startup
from bench.table import Section, summary

_HEAD: Final = """\
# Performance

`make bench` writes this page: it measures everything in one run on one machine, side by side, as
whole processes. Another machine gives other figures; the ratios should differ little.

Measured: {machine}.
"""


def sections(*, quick: bool) -> Iterator[Section]:
    """Measure one section after the other; `quick`: once, without latency, and without a plot."""
    times, latency = (1, 0.0) if quick else (5, 0.1)
    yield environments(latency=latency, times=times)
    yield variables(latency=latency, times=1 if quick else 3)
    yield from startup(times=1 if quick else 11)
    fleet_latency = 0.001 if quick else 0.05
    fleet_times = 1 if quick else 3
    runs = [
        fleet_run(size, latency=fleet_latency, workers=workers, times=fleet_times)
        for workers in (8, 32)
        for size in ((1, 2, 3) if quick else (1, 100, 2000))
    ]
    largest = runs[-1].repositories
    peers = [
        fleet_run(
            largest, latency=fleet_latency, workers=workers, program=SCRIPT, times=fleet_times
        )
        for workers in (8, 32)
    ]
    yield fleet(runs, peers, latency=fleet_latency, times=fleet_times)
    yield profile(3 if quick else 2000)
    numbers = (1, 2) if quick else (1, 10, 100, 250)
    yield curves(numbers, runs, latency=latency, picture=None if quick else PICTURE)
    yield parallel(*((8, 2) if quick else (20_000, 8)))
    yield images(times=1 if quick else 11)
    yield pulls(times=1 if quick else 5)


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, and without any latency")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "docs/performance.md")
    given = parser.parse_args()
    measured = []
    for section in sections(quick=given.quick):
        measured.append(section)
        sys.stdout.write(f"{section.markdown()}\n\n")
        sys.stdout.flush()
    blocks = [_HEAD.format(machine=described())]
    blocks += [f"{each.markdown()}\n" for each in (summary(measured), *measured)]
    given.output.write_text("\n".join(blocks), encoding="utf-8")


if __name__ == "__main__":
    main()
