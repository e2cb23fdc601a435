"""Runs the pipe once, every thread with a profile of its own; writes the seconds of each package.

A process of its own, on the interpreter of the pipe. Usage: python -m bench.profiled RESULT
"""

import cProfile
import json
import pstats
import sys
import sysconfig
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Final, TypeAlias

Function: TypeAlias = tuple[str, int, str]
"""File, line and name; a function in C has the file `~`."""

_CHECKOUT: Final = Path(__file__).parent.parent
_PACKAGES: Final = Path(sysconfig.get_path("purelib"))
_WAITING: Final = ("'poll'", "'acquire'", "'send'")
"""What the names of functions in C contain that wait, for the system or for other threads."""


def seconds_by_package(profiles: list[cProfile.Profile]) -> Counter[str]:
    """Sum up the seconds of the functions of each package, without waits.

    Functions in C count for the package that calls them.
    """
    found: Counter[str] = Counter()
    for profile in profiles:
        summed: Any = pstats.Stats(profile)  # its stubs don't have `stats`
        for function, (_, _, own, _, callers) in summed.stats.items():
            if function[0] != "~":
                found[package(function)] += own
            elif not any(each in function[2] for each in _WAITING):
                for caller, (_, _, for_caller, _) in callers.items():
                    found[package(caller)] += for_caller
    return found


def package(function: Function) -> str:
    """Return the room of the pipe, the library, or the standard library that a function is of."""
    file = Path(function[0])
    if file.is_relative_to(_CHECKOUT / "pipe"):
        return ".".join(file.relative_to(_CHECKOUT).with_suffix("").parts[:2])
    if file.is_relative_to(_PACKAGES):
        return file.relative_to(_PACKAGES).parts[0].removesuffix(".py")
    return "the standard library"


def main() -> int:
    """Run the pipe with the environment of this process; return its exit code."""
    profiles: list[cProfile.Profile] = []

    def begin(*_: object) -> None:
        profiles.append(cProfile.Profile())
        profiles[-1].enable()

    threading.setprofile(begin)  # each new thread calls it first
    begin()
    from pipe.cli import main as run  # noqa: PLC0415 - importing it is part of the run

    code = run()
    Path(sys.argv[1]).write_text(json.dumps(seconds_by_package(profiles)), encoding="ascii")
    return code


if __name__ == "__main__":
    sys.exit(main())
