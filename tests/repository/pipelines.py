"""Run the `pipe:` steps of a `bitbucket-pipelines.yml` as Pipelines does, without a container.

Variables of the repository are substituted in the values, an undefined one as an empty string. A
list `X` becomes `X_COUNT`, `X_0`, …
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.repository.markdown import PROJECT

PIPE: Final[Mapping[str, object]] = yaml.safe_load((PROJECT / "pipe.yml").read_text())
_REFERENCE: Final = re.compile(r"\$(\w+)|\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class PipeStep:
    """A `pipe:` entry of a script: the pipe, and its variables as written."""

    pipe: str
    variables: Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit code and output of a run of the pipe."""

    exit_code: int
    out: str
    log: str


def pipe_steps(node: object) -> Iterator[PipeStep]:
    """Find every `pipe:` entry in a document, in order."""
    if isinstance(node, dict):
        if "pipe" in node:
            variables = node.get("variables", {})
            assert all(_can_be_passed(each) for each in variables.values()), variables
            yield PipeStep(node["pipe"], variables)
        else:
            for each in node.values():
                yield from pipe_steps(each)
    elif isinstance(node, list):
        for each in node:
            yield from pipe_steps(each)


def _can_be_passed(value: object) -> bool:
    """Return whether Pipelines can pass the value: a string or a list of strings."""
    values = value if isinstance(value, list) else [value]
    return all(isinstance(each, str) for each in values)


def known_variables() -> set[str]:
    """Return the names that pipe.yml declares."""
    declared = PIPE["variables"]
    assert isinstance(declared, list)
    return {each["name"] for each in declared}


def environ(step: PipeStep, repository: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the pipe, with the variables of the repository substituted."""
    passed: dict[str, str] = {}
    for name, value in step.variables.items():
        if isinstance(value, list):
            passed[f"{name}_COUNT"] = str(len(value))
            for index, each in enumerate(value):
                passed[f"{name}_{index}"] = _filled(each, repository)
        else:
            passed[name] = _filled(value, repository)
    return passed


def _filled(text: str, repository: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda found: repository.get(found[1] or found[2], ""), text)


def run_pipe(variables: Mapping[str, str], clone: Path) -> Ended:
    """Run the pipe in a clone with only these variables."""
    done = subprocess.run(
        [sys.executable, "-m", "pipe"],
        cwd=clone,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "NO_COLOR": "1",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
