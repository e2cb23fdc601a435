"""Run the steps of a `bitbucket-pipelines.yml` as Pipelines does, without a container.

A third-party runner renders each `pipe:` entry into its command line. The whole script then runs in
a shell, in which `docker` is `docker_stub.py`.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pipeline_runner.models import Pipe

from tests.repository.markdown import PROJECT

PIPE: Final[Mapping[str, Any]] = yaml.safe_load((PROJECT / "pipe.yml").read_text())
STUB: Final = Path(__file__).with_name("docker_stub.py")
REFERENCE: Final = "{}:{}".format(
    PIPE["repository"].removeprefix("https://bitbucket.org/"), PIPE["image"].rpartition(":")[2]
)
"""How a step names this pipe."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pipeline: its name, and the commands and `pipe:` entries of its script."""

    name: str
    script: list[Any]

    def pipes(self) -> Iterator[Pipe]:
        """Return the `pipe:` entries."""
        return (Pipe.model_validate(each) for each in self.script if isinstance(each, dict))

    def command(self) -> str:
        """Return the script as a shell runs it."""
        return "\n".join(
            each if isinstance(each, str) else Pipe.model_validate(each).as_cmd()
            for each in self.script
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit code and output of a script."""

    exit_code: int
    out: str
    log: str


def steps(node: object) -> Iterator[Step]:
    """Yield every step in a document, wherever it stands, in order."""
    if isinstance(node, dict):
        if "script" in node:
            yield Step(node.get("name", ""), node["script"])
        else:
            for each in node.values():
                yield from steps(each)
    elif isinstance(node, list):
        for each in node:
            yield from steps(each)


def known_variables() -> set[str]:
    """Return the names that pipe.yml declares."""
    return {each["name"] for each in PIPE["variables"]}


def run_script(command: str, clone: Path, variables: Mapping[str, str]) -> Ended:
    """Run a script in a clone, with these variables of the step and the repository."""
    stub = shlex.join([sys.executable, str(STUB)])
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", f'docker() {{ {stub} "$@"; }}\n{command}'],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "HOME": str(clone), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_pipe(variables: Mapping[str, str], clone: Path) -> Ended:
    """Run the pipe in a clone with these variables and nothing else."""
    options = (f"--env {shlex.quote(f'{name}={value}')}" for name, value in variables.items())
    given = " ".join(options)
    address = {"BITBUCKET_API_URL": variables.get("BITBUCKET_API_URL", "")}
    image = PIPE["image"].rpartition(":")[0] + "@digest"
    return run_script(f"docker run {given} {image}", clone, address)
