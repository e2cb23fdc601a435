"""Runs a program as a whole process and measures it from outside."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parent.parent
_LAUNCHER: Final = Path(__file__).parent / "launch.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One finished process.

    Attributes:
        exit_code: What it exited with.
        started_at: When it was started, in seconds since the epoch.
        seconds: From its start to its end.
        cpu_seconds: What of them a processor worked for it.
        peak_mebibytes: The most memory it held at once.
        log: What it printed, both streams together.
    """

    exit_code: int
    started_at: float
    seconds: float
    cpu_seconds: float
    peak_mebibytes: float
    log: str


def measured(command: Sequence[str], environ: Mapping[str, str]) -> Measured:
    """Run the command in the checkout, in this environment and no other.

    Args:
        command: The program by its full path, and its arguments.
        environ: Beside these, only `PATH`.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result"
        ended = subprocess.run(
            # -I -S: as little as can be, none of it from the context.
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(result), *command],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=True,
        )
        code, started_at, seconds, cpu_seconds, kibibytes = result.read_text("ascii").split()
    return Measured(
        exit_code=int(code),
        started_at=float(started_at),
        seconds=float(seconds),
        cpu_seconds=float(cpu_seconds),
        peak_mebibytes=int(kibibytes) / 1024,
        log=ended.stdout,
    )


class UnexpectedEndError(Exception):
    """A program did not end as it should: what was measured would mean nothing."""


def ended_with(code: int, run: Measured) -> Measured:
    """Return the run if it ended so.

    Raises:
        UnexpectedEndError: With what it printed.
    """
    if run.exit_code != code:
        message = f"exit code {run.exit_code} in place of {code}:\n{run.log}"
        raise UnexpectedEndError(message)
    return run
