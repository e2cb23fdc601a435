"""`make demo`: starts a simulated Bitbucket, runs the pipe against it step by step, and tells.

Nothing leaves this machine. It ends with 0 only if every step ended as it was told beforehand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

PROJECT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))  # so that it runs as a file from anywhere

from demo.steps import STEPS, Step  # noqa: E402 - needs the path above

_REPOSITORY: Final = "acme/shop"
_WHO: Final = {
    "ATLASSIAN_ACCOUNT_EMAIL": "robot@acme.example",
    "ATLASSIAN_API_TOKEN": "demo-api-token",
    "WORKSPACE": "acme",
    "REPO_SLUG": "shop",
}
"""The simulator's own demonstration; the token opens nothing else."""

_WIDTH: Final = 100


def say(text: str = "") -> None:
    """Write to standard output, at once, so that it keeps its place among the pipe's lines."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def bitbucket() -> Iterator[str]:
    """Run the simulator on a free port of this machine; give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.communicate()


def run_pipe(url: str, step: Step) -> tuple[int, str]:
    """Run the pipe as a step of a pipeline does; return its exit code and its log."""
    environ = {**_surroundings(), **_WHO, **step.variables, "BITBUCKET_API_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "pipe"],
        cwd=PROJECT,
        env=environ,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stderr


def _surroundings() -> dict[str, str]:
    """Return what a process needs; credentials of whoever runs this stay out of it."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR")
    return {**kept, "NO_COLOR": "1"} if plain else kept


def show(client: httpx.Client, number: int, step: Step) -> bool:
    """Show one step; return whether it ended as told."""
    say(f"\n── {number}. {step.title} ".ljust(_WIDTH, "─"))
    say(f"{step.story}\n")
    if step.by_hand:
        by_hand = {"repository": _REPOSITORY, **step.by_hand}
        client.post("/_simulator/edit", json=by_hand).raise_for_status()
    for name, value in step.variables.items():
        say(f"    {name}={value}")
    before = len(_requests(client, 0))
    exit_code, log = run_pipe(str(client.base_url), step)
    say(f"\n{log.rstrip()}\n")
    sent = _requests(client, before)
    for method, path, body in sent:
        say(f"    sent: {method} {path} {body}".rstrip())
    writes = tuple((method, body) for method, _, body in sent if method != "GET")
    ended = log.splitlines()[-1:] or [""]
    as_told = (exit_code, writes) == (step.exit_code, step.writes) and step.outcome in ended[0]
    say(f"    exit code {exit_code}: {'as told' if as_told else 'NOT as told'}")
    return as_told


def _requests(client: httpx.Client, since: int) -> list[tuple[str, str, str]]:
    """Return method, the end of the path, and body of what was sent."""
    answer = client.get("/_simulator/requests", params={"since": since}).raise_for_status()
    return [
        (each["method"], "…" + each["path"].partition(_REPOSITORY)[2], each["body"])
        for each in answer.json()
    ]


def main() -> int:
    """Show every step; return 0 if each ended as told."""
    say("A Bitbucket that exists only on this machine, and the pipe, run against it step by step.")
    with bitbucket() as url:
        if not url:
            say("The simulator did not start.")
            return 1
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            told = [show(client, number, step) for number, step in enumerate(STEPS, start=1)]
    say("\n" + "─" * _WIDTH)
    shown = ", ".join(step.title.lower() for step in STEPS)
    say(f"Shown: {shown}. {sum(told)} of {len(told)} ended as told.")
    return 0 if all(told) else 1


if __name__ == "__main__":
    sys.exit(main())
