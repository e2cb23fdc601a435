"""Run the pipe step by step against a simulated Bitbucket (`make demo`).

Nothing leaves this machine. The exit code is 0 only if every step ends as expected.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from demo.steps import STEPS, Step

PROJECT: Final = Path(__file__).parents[1]
_REPOSITORY: Final = "acme/shop"
_WHO: Final = {
    "ATLASSIAN_ACCOUNT_EMAIL": "robot@acme.example",
    "ATLASSIAN_API_TOKEN": "demo-api-token",
    "WORKSPACE": "acme",
    "REPO_SLUG": "shop",
}
"""The simulator's demo account; its token is valid nowhere else."""

_WIDTH: Final = 100


def say(text: str = "") -> None:
    """Print a line and flush, so that it keeps its place among the lines of the pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def bitbucket() -> Iterator[str]:
    """Run the simulator on a free port; yield its address, or an empty string if it fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.communicate()


def run_pipe(url: str, step: Step) -> tuple[int, str]:
    """Run the pipe; return its exit code and log."""
    environ = {**_base_environment(), **_WHO, **step.variables, "BITBUCKET_API_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "pipe"],
        cwd=PROJECT,
        env=environ,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stderr


def _base_environment() -> dict[str, str]:
    """Return what a process needs, without the credentials of the user."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR")
    return {**kept, "NO_COLOR": "1"} if plain else kept


def show(client: httpx.Client, number: int, step: Step) -> bool:
    """Run and show one step; return whether it ended as expected."""
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
    expected = (exit_code, writes) == (step.exit_code, step.writes) and step.outcome in ended[0]
    say(f"    exit code {exit_code}: {'as expected' if expected else 'NOT as expected'}")
    return expected


def _requests(client: httpx.Client, since: int) -> list[tuple[str, str, str]]:
    """Return method, end of the path, and body of each request."""
    answer = client.get("/_simulator/requests", params={"since": since}).raise_for_status()
    return [
        (each["method"], "…" + each["path"].partition(_REPOSITORY)[2], each["body"])
        for each in answer.json()
    ]


def main() -> int:
    """Show every step; return 0 if each ended as expected."""
    say("The pipe runs against a Bitbucket that is simulated on this machine, step by step.")
    with bitbucket() as url:
        if not url:
            say("The simulator did not start.")
            return 1
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            ended = [show(client, number, step) for number, step in enumerate(STEPS, start=1)]
    say("\n" + "─" * _WIDTH)
    shown = ", ".join(step.title.lower() for step in STEPS)
    say(f"Shown: {shown}. {sum(ended)} of {len(ended)} ended as expected.")
    return 0 if all(ended) else 1


if __name__ == "__main__":
    sys.exit(main())
