"""Interpreters with exactly what a program needs, as its image would have it."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.measure import CHECKOUT

_FOLDER: Final = CHECKOUT / ".build/bench"


def ours() -> str:
    """Return a Python with what the pipe's image holds."""
    return _interpreter("pipe", CHECKOUT / "requirements.txt")


def contenders() -> str:
    """Return a Python with the packages that the contenders are built on."""
    return _interpreter("contenders", CHECKOUT / "bench/requirements.txt")


def plotting() -> str:
    """Return a Python that draws."""
    return _interpreter("plot", CHECKOUT / "bench/plot/requirements.txt")


def _interpreter(name: str, lock: Path) -> str:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    folder = _FOLDER / f"{name}-{digest[:12]}"
    python = folder / "bin/python"
    done = folder / "installed"
    if not done.exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(
            *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            # Not only wheels: one of the contenders is published as source only.
            *("--require-hashes", "--no-deps", "--requirement", str(lock)),
        )
        done.touch()
    return str(python)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
