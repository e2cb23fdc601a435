"""A release on a real registry: what is signed is what was built, or nothing."""

import io
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml
from docker import DockerClient
from docker.models.images import Image

from pipe.models.errors import ExitCode
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from tests.container.conftest import PROJECT, Pipeline
from tests.container.pipelines import command_line
from tests.container.registry import PASSWORD, USERNAME, registry

ARCHITECTURE: Final = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
VERSION: Final = "9.8.7"
KEY: Final = "private-half"
AUTH: Final = {"username": USERNAME, "password": PASSWORD}

COSIGN: Final = """\
FROM debian:trixie-slim
RUN printf '%s\\n' '#!/bin/sh' \\
      'case $1 in' \\
      'public-key) echo "public half of $COSIGN_PRIVATE_KEY";;' \\
      '*) test -r $DOCKER_CONFIG/config.json && echo "cosign $*";;' \\
      'esac' >/usr/bin/cosign && chmod +x /usr/bin/cosign
ENTRYPOINT ["/usr/bin/cosign"]
"""
"""Prints what it would sign. It stands in for the real program, which needs a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A clone that is about to be released, and the registry it goes to.

    Attributes:
        clone: The working directory.
        name: The name of the image, without its tag.
        engine: The Docker engine.
    """

    clone: Path
    name: str
    engine: DockerClient

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `.ci/release` as a step of the pipeline does; both streams go to `stdout`."""
        return subprocess.run(
            [".ci/release", *arguments],
            cwd=self.clone,
            env={
                **{name: os.environ.get(name, "") for name in ("PATH", "HOME", "DOCKER_HOST")},
                "BITBUCKET_TAG": VERSION,
                "BITBUCKET_COMMIT": "0a1b2c3d",
                "REGISTRY_USERNAME": USERNAME,
                "REGISTRY_PASSWORD": PASSWORD,
                "COSIGN_PRIVATE_KEY": KEY,
                "COSIGN_PASSWORD": "of-the-key",
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )

    def built(self) -> str:
        """Return the digest that the build pushed."""
        return (self.clone / f"release/{ARCHITECTURE}.digest").read_text().strip()

    def digest(self, tag: str) -> str:
        """Return what a tag points to now."""
        found = self.engine.images.get_registry_data(f"{self.name}:{tag}", auth_config=AUTH)
        return str(found.id)

    def move(self, tag: str) -> None:
        """Push another image under a tag, as an attacker who may push would."""
        other, _ = self.engine.images.build(
            fileobj=io.BytesIO(b"FROM scratch\nLABEL evil=1\n"), rm=True, forcerm=True
        )
        other.tag(self.name, tag)
        self.engine.images.push(self.name, tag, auth_config=AUTH)


def pushed(engine: DockerClient, name: str) -> str:
    """Push a local image; return its reference by digest."""
    answer = engine.images.push(name, auth_config=AUTH)
    found = re.search("sha256:[0-9a-f]{64}", str(answer))
    assert found, answer
    return f"{name.rpartition(':')[0]}@{found[0]}"


@pytest.fixture(scope="module")
def host(engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry(tmp_path_factory.mktemp("registry")) as address:
        yield address
    for each in engine.images.list(filters={"reference": f"{address}/*/*"}):
        for tag in each.tags:
            if tag.startswith(address):
                engine.images.remove(tag)


@pytest.fixture(scope="module")
def pins(engine: DockerClient, image: Image, host: str) -> str:
    """The pinned images of a release, as `.ci/images.lock` names them."""
    assert image.id
    engine.images.get("debian:trixie-slim").tag(f"{host}/debian", "base")
    cosign, _ = engine.images.build(fileobj=io.BytesIO(COSIGN.encode()), rm=True, forcerm=True)
    cosign.tag(f"{host}/cosign", "1")
    base = pushed(engine, f"{host}/debian:base")
    return f"BASE_IMAGE={base}\nCOSIGN_IMAGE={pushed(engine, f'{host}/cosign:1')}\n"


@pytest.fixture
def release(engine: DockerClient, host: str, pins: str, tmp_path: Path) -> Release:
    clone = tmp_path / "clone"
    for folder in (".ci", "image", "pipe"):
        shutil.copytree(PROJECT / folder, clone / folder)
    for file in ("Dockerfile", ".dockerignore", "requirements.txt"):
        shutil.copy(PROJECT / file, clone / file)
    name = f"{host}/{re.sub('[^a-z0-9]', '', tmp_path.name)}/bitbucket-environment"
    (clone / "pipe.yml").write_text(f"name: A\nimage: {name}:{VERSION}\n")
    (clone / "CHANGELOG.md").write_text(f"# Changelog\n\n## {VERSION}\n")
    (clone / "bitbucket-pipelines.yml").write_text(f"image: python@sha256:{'a' * 64}\n")
    (clone / ".ci/images.lock").write_text(pins)
    (clone / "cosign.pub").write_text(f"public half of {KEY}\n")
    return Release(clone=clone, name=name, engine=engine)


def test_the_digest_that_the_build_pushed_is_signed_and_attested(release: Release) -> None:
    build = release.run("build", ARCHITECTURE)
    assert build.returncode == 0, build.stdout
    publish = release.run("publish", ARCHITECTURE)
    assert publish.returncode == 0, publish.stdout

    index = release.digest(VERSION)
    assert re.search(f"cosign sign .* {release.name}@{index}$", publish.stdout, re.MULTILINE)
    attested = f"cosign attest .*cyclonedx .* {release.name}@{release.built()}$"
    assert re.search(attested, publish.stdout, re.MULTILINE)
    assert f"Released {release.name}:{VERSION} as {release.name}@{index}" in publish.stdout
    assert release.digest(f"{VERSION}-{ARCHITECTURE}") == release.built()
    bill = json.loads((release.clone / f"release/{ARCHITECTURE}.sbom.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert PASSWORD not in build.stdout + publish.stdout
    assert not (release.clone / ".build/release").exists()

    again = release.run("publish", ARCHITECTURE)  # one that was cut off may be repeated
    assert again.returncode == 0, again.stdout


def test_a_moved_tag_of_an_architecture_is_refused(release: Release) -> None:
    assert release.run("build", ARCHITECTURE).returncode == 0
    release.move(f"{VERSION}-{ARCHITECTURE}")

    publish = release.run("publish", ARCHITECTURE)

    assert publish.returncode == 1
    assert f"was moved: the build pushed {release.built()}" in publish.stdout
    assert "cosign sign" not in publish.stdout


def test_a_version_that_exists_with_other_content_is_refused(release: Release) -> None:
    assert release.run("build", ARCHITECTURE).returncode == 0
    release.move(VERSION)
    before = release.digest(VERSION)

    publish = release.run("publish", ARCHITECTURE)

    assert publish.returncode == 1
    assert "exists already, with other content" in publish.stdout
    assert release.digest(VERSION) == before


def test_a_release_without_signatures_must_be_asked_for(release: Release) -> None:
    (release.clone / "cosign.pub").unlink()
    assert release.run("build", ARCHITECTURE).returncode == 0

    refused = release.run("publish", ARCHITECTURE)
    assert refused.returncode == 1
    assert "RELEASE_UNSIGNED=true" in refused.stdout

    publish = release.run("publish", ARCHITECTURE, RELEASE_UNSIGNED="true")
    assert publish.returncode == 0, publish.stdout
    assert "cosign" not in publish.stdout


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pipe.yml", "image: acme/x:1.2.3\n", "Set the version before you push the tag"),
        ("CHANGELOG.md", "", "Describe what users will notice"),
        (".ci/images.lock", "BASE_IMAGE=debian:trixie-slim\n", "BASE_IMAGE is not pinned"),
        ("bitbucket-pipelines.yml", "image: python:3.13\n", "The image of bitbucket-pipelines.yml"),
    ],
)
def test_a_release_that_is_not_prepared_is_refused(
    release: Release, file: str, text: str, message: str
) -> None:
    (release.clone / file).write_text(text)

    build = release.run("build", ARCHITECTURE)

    assert build.returncode == 1
    assert message in build.stdout
    assert not (release.clone / "release").exists()


def test_a_key_that_is_not_the_committed_one_is_refused(release: Release) -> None:
    publish = release.run("publish", ARCHITECTURE, COSIGN_PRIVATE_KEY="another")

    assert publish.returncode == 1
    assert "not the public half" in publish.stdout


@pytest.fixture
def docker_config(host: str, tmp_path: Path) -> Mapping[str, str]:
    """An engine's client that is logged in to the registry."""
    environ = {**os.environ, "DOCKER_CONFIG": str(tmp_path / "config")}
    subprocess.run(
        ["/bin/bash", "-c", f"docker login --username {USERNAME} --password-stdin {host}"],
        input=PASSWORD,
        env=environ,
        text=True,
        check=True,
    )
    return environ


def test_the_line_that_make_publish_prints_works(
    engine: DockerClient,
    image: Image,
    host: str,
    pipeline: Pipeline,
    docker_config: Mapping[str, str],
) -> None:
    assert image.id
    name = f"{host}/team/bitbucket-environment:1.0.0"
    done = subprocess.run(
        ["/usr/bin/env", "make", "--no-print-directory", "publish", f"IMAGE={name}"],
        cwd=PROJECT,
        env=docker_config,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [step] = yaml.safe_load(done.stdout[done.stdout.index("- pipe:") :])
    reference = step["pipe"].removeprefix("docker://")
    assert re.fullmatch(f"{host}/team/bitbucket-environment@sha256:[0-9a-f]{{64}}", reference)
    engine.images.remove(name, force=True)
    subprocess.run(
        ["/bin/bash", "-c", f"docker pull --quiet {shlex.quote(reference)}"],
        env=docker_config,
        check=True,
    )

    variables = {"BITBUCKET_API_URL": pipeline.url, "NO_COLOR": "1", **step["variables"]}
    line = command_line(reference, variables, pipeline.step.agent)
    secrets = {"ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL, "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN}
    ended = pipeline.step.run(line, secrets=secrets)

    assert ended.exit_code == ExitCode.OK, ended.log
    assert pipeline.repository.environment("Test-Env").admin_only


@pytest.mark.parametrize("name", ["", "bitbucket-environment", "acme/bitbucket-environment"])
def test_make_publish_needs_a_registry_and_a_version(name: str) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "make", "--no-print-directory", "publish", f"IMAGE={name}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "make publish IMAGE=registry.example/team/bitbucket-environment:1.0.0" in done.stderr


def test_make_pin_writes_the_digest_that_the_registry_answers(
    release: Release, host: str, pins: str, docker_config: Mapping[str, str]
) -> None:
    (release.clone / ".ci/images.lock").unlink()
    file = release.clone / "bitbucket-pipelines.yml"
    file.write_text(f"# x\nimage: {host}/debian:base\n")
    subprocess.run(["/usr/bin/env", "git", "init", "-q"], cwd=release.clone, check=True)
    subprocess.run(
        [".ci/pin", f"BASE_IMAGE={host}/debian:base", f"COSIGN_IMAGE={host}/cosign:1"],
        cwd=release.clone,
        env=docker_config,
        check=True,
    )

    written = (release.clone / ".ci/images.lock").read_text().splitlines()[1:]
    base, cosign = (each.rpartition("@")[2] for each in pins.splitlines())
    assert written == [
        f"BASE_IMAGE={host}/debian:base@{base}",
        f"COSIGN_IMAGE={host}/cosign:1@{cosign}",
    ]
    assert file.read_text() == f"# x\nimage: {host}/debian:base@{base}\n"
