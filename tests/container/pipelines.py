"""Run a pipe as Bitbucket Pipelines does: the same command line, through a shell.

The variables of a `pipe:` entry stand between double quotes, and the shell expands `$X`, to an
empty string if `X` is undefined.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

AGENT: Final = Path("/opt/atlassian/pipelines/agent")
"""Where Pipelines keeps the files of a step, the clone included."""

PASSED: Final = (
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "BITBUCKET_REPO_FULL_NAME",
    "BITBUCKET_GIT_HTTP_ORIGIN",
    "BITBUCKET_REPO_SLUG",
    "BITBUCKET_PROJECT_UUID",
    "CI",
    "BITBUCKET_REPO_OWNER",
    "BITBUCKET_REPO_IS_PRIVATE",
    "BITBUCKET_WORKSPACE",
    "BITBUCKET_SSH_KEY_FILE",
    "BITBUCKET_REPO_OWNER_UUID",
    "BITBUCKET_STEP_RUN_NUMBER",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_BRANCH",
    "BITBUCKET_GIT_SSH_ORIGIN",
    "BITBUCKET_PIPELINE_UUID",
    "BITBUCKET_PIPELINES_VARIABLES_PATH",
    "BITBUCKET_COMMIT",
    "BITBUCKET_REPO_UUID",
    "BITBUCKET_CLONE_DIR",
    "BITBUCKET_PROJECT_KEY",
    "PIPELINES_JWT_TOKEN",
    "BITBUCKET_STEP_UUID",
    "BITBUCKET_DOCKER_HOST_INTERNAL",
    "DOCKER_HOST",
    "BITBUCKET_PIPE_STORAGE_DIR",
    "BITBUCKET_PIPE_SHARED_STORAGE_DIR",
)
"""The variables of a step that Pipelines passes to every pipe."""

JWT: Final = "eyJhbGciOiJub25lIn0.canary-of-the-step.signature"


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit code and output of a pipe.

    Attributes:
        exit_code: The exit code of the step.
        out: Standard output.
        log: Standard error.
    """

    exit_code: int
    out: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a pipeline on its agent.

    Attributes:
        agent: The folder used instead of `AGENT`.
        host_address: The address at which a container reaches this machine.
    """

    agent: Path
    host_address: str

    @property
    def clone(self) -> Path:
        """The clone: the working directory of the step and its pipes."""
        return self.agent / "build"

    @property
    def storage(self) -> Path:
        """The storage that later pipes can read."""
        return self.clone / ".bitbucket/pipelines/generated/pipeline/pipes"

    def prepare(self) -> None:
        """Create the folders of the agent."""
        (self.storage / "acme/bitbucket-environment").mkdir(parents=True)
        (self.agent / "ssh").mkdir()
        (self.agent / "docker").touch()

    def environment(self) -> dict[str, str]:
        """Return the variables of the shell of the step."""
        return {
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_BUILD_NUMBER": "7",
            "BITBUCKET_CLONE_DIR": str(self.clone),
            "BITBUCKET_COMMIT": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
            "BITBUCKET_DOCKER_HOST_INTERNAL": self.host_address,
            "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/shop",
            "BITBUCKET_GIT_SSH_ORIGIN": "git@bitbucket.org:acme/shop.git",
            "BITBUCKET_PIPELINES_VARIABLES_PATH": str(self.storage / "variables"),
            "BITBUCKET_PIPELINE_UUID": "{0e8a5a61-62fd-41d4-b1cb-0a3b0d3c5b10}",
            "BITBUCKET_PIPE_SHARED_STORAGE_DIR": str(self.storage),
            "BITBUCKET_PIPE_STORAGE_DIR": str(self.storage / "acme/bitbucket-environment"),
            "BITBUCKET_PROJECT_KEY": "PROJ",
            "BITBUCKET_PROJECT_UUID": "{4f2b2ad3-5a57-4b0c-8c5b-1b4a1d9f7a01}",
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
            "BITBUCKET_REPO_IS_PRIVATE": "true",
            "BITBUCKET_REPO_OWNER": "acme",
            "BITBUCKET_REPO_OWNER_UUID": "{7a3b7d5a-7c1e-4e0f-8b1a-65a7e9c0d002}",
            "BITBUCKET_REPO_SLUG": "shop",
            "BITBUCKET_REPO_UUID": "{1c9f4e0e-2a4b-4c8a-9a64-3f3c5b7e6d03}",
            "BITBUCKET_SSH_KEY_FILE": str(self.agent / "ssh/id_rsa"),
            "BITBUCKET_STEP_RUN_NUMBER": "1",
            "BITBUCKET_STEP_TRIGGERER_UUID": "{2d8e5b1f-9b7a-4f7d-8d55-0c4e6a8f7b04}",
            "BITBUCKET_STEP_UUID": "{3e7d6c2a-8c69-4a6c-9e44-1d5f7b908c05}",
            "BITBUCKET_WORKSPACE": "acme",
            "CI": "true",
            "PIPELINES_JWT_TOKEN": JWT,
        }

    def run(
        self,
        line: str,
        *,
        secrets: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> Ended:
        """Run a command line in the shell of the step.

        Args:
            line: The command line that starts the pipe.
            secrets: The variables of the repository.
            options: Additional options of `docker run`. The line itself stays unchanged: the shell
                gets a `docker` function that adds them and removes the container.
        """
        added = shlex.join(
            ["--rm", f"--add-host=host.docker.internal:{self.host_address}", *options]
        )
        wrapper = (
            'docker() { if [ "$1" = container ]; then shift; fi; shift; '
            f'command docker run {added} "$@"; }}'
        )
        engine = {name: os.environ.get(name, "") for name in ("PATH", "HOME", "DOCKER_HOST")}
        ended = subprocess.run(
            ["/bin/bash", "-c", f"{wrapper}\n{line}"],
            cwd=self.clone,
            env={**self.environment(), **(secrets or {}), **engine},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)


def command_line(image: str, variables: Mapping[str, str | list[str]], agent: Path = AGENT) -> str:
    """Return the command line by which Pipelines starts a pipe.

    Args:
        image: The image to run.
        variables: The variables of the `pipe:` entry, as parsed from YAML.
        agent: The folder of the agent.
    """
    storage = agent / "build/.bitbucket/pipelines/generated/pipeline/pipes"
    shared = f"--volume={storage}:{storage}"
    own = storage / "acme/bitbucket-environment"
    return " ".join(
        [
            "docker container run",
            f"--volume={agent}/build:{agent}/build",
            f"--volume={agent}/ssh:{agent}/ssh:ro",
            f"--volume={agent}/docker:/usr/local/bin/docker:ro",
            shared,
            f"--volume={own}:{own}",
            "--workdir=$(pwd)",
            "--label=org.bitbucket.pipelines.system=true",
            *(f'--env={name}="${name}"' for name in PASSED),
            *(f"--env={name}={quoted(value)}" for name, value in flat(variables).items()),
            '--add-host="host.docker.internal:$BITBUCKET_DOCKER_HOST_INTERNAL"',
            image,
        ]
    )


def flat(variables: Mapping[str, str | list[str]]) -> dict[str, str]:
    """Return the variables as a pipe receives them: a list `X` as `X_COUNT`, `X_0`, …"""
    found: dict[str, str] = {}
    for name, value in variables.items():
        if isinstance(value, str):
            found[name] = value
        else:
            found[f"{name}_COUNT"] = str(len(value))
            found |= {f"{name}_{index}": item for index, item in enumerate(value)}
    return found


def quoted(value: str) -> str:
    """Return a value between double quotes, in which a shell still expands `$X`."""
    return '"' + value.replace('"', '\\"') + '"'
