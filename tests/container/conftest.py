"""The engine, and the image under test, built once from the Dockerfile as users build it."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker import DockerClient
from docker.models.images import Image

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN
from simulator.state.world import Repository
from tests.container.pipelines import Ended, Step, command_line

PROJECT = Path(__file__).parents[2]
TAG = "bitbucket-environment:under-test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.container)
            # One worker runs them all, so that the image is built once.
            item.add_marker(pytest.mark.xdist_group("container"))


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerClient]:
    answer = subprocess.run(
        ["/bin/bash", "-c", "docker info"], capture_output=True, text=True, check=False
    )
    if answer.returncode and not os.environ.get("REQUIRE_DOCKER"):
        pytest.skip("no Docker engine answers")
    assert answer.returncode == 0, answer.stderr
    client = docker.from_env(timeout=600)
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: DockerClient) -> Image:
    built, _ = engine.images.build(path=str(PROJECT), tag=TAG, rm=True, forcerm=True)
    return built


@pytest.fixture(scope="session")
def build_stage(engine: DockerClient, image: Image) -> Image:
    """The stage that assembles the image; its layers are cached."""
    assert image.id
    built, _ = engine.images.build(path=str(PROJECT), target="build", rm=True, forcerm=True)
    return built


@dataclass(frozen=True, slots=True)
class Content:
    """A file of the image.

    Attributes:
        entry: Type, size, time, owner and permissions.
        data: The content; empty for a folder or link.
    """

    entry: tarfile.TarInfo
    data: bytes


@pytest.fixture(scope="session")
def content(image: Image) -> dict[str, Content]:
    """The files of the image's only layer, by path."""
    saved = io.BytesIO(b"".join(image.save()))
    with tarfile.open(fileobj=saved) as archive:
        layers = [m for m in archive.getmembers() if m.isfile() and _is_archive(archive, m)]
        (layer,) = (archive.extractfile(member) for member in layers)
        with tarfile.open(fileobj=layer) as files:
            return {f"/{m.name.rstrip('/')}": Content(m, _bytes(files, m)) for m in files}


def _is_archive(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bool:
    opened = archive.extractfile(member)
    return opened is not None and tarfile.is_tarfile(opened)


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member) if member.isfile() else None
    return opened.read() if opened else b""


@pytest.fixture(scope="session")
def host_address(engine: DockerClient, image: Image) -> str:
    """The address at which a container reaches this machine."""
    code = "import socket; print(socket.gethostbyname('host.docker.internal'))"
    printed = engine.containers.run(
        image,
        ["-I", "-c", code],
        entrypoint="/usr/bin/python3",
        extra_hosts={"host.docker.internal": "host-gateway"},
        remove=True,
    )
    return printed.decode().strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline with the pipe as its step, and the simulated Bitbucket that it calls.

    Attributes:
        bitbucket: The simulated Bitbucket, with the repository `acme/shop`.
        step: Runs the command line of a pipe.
        url: The address of that Bitbucket inside a container.
    """

    bitbucket: Simulator
    step: Step
    url: str

    @property
    def repository(self) -> Repository:
        """The repository that the pipeline belongs to."""
        return self.bitbucket.repository("acme/shop")

    def variables(self, **variables: str | list[str]) -> dict[str, str | list[str]]:
        """Return the variables of a `pipe:` entry, with those that every test needs."""
        always: dict[str, str | list[str]] = {
            "BITBUCKET_API_URL": self.url,
            "BITBUCKET_ACCESS_TOKEN": "$ACCESS_TOKEN",
            "NO_COLOR": "1",
        }
        return always | variables

    def run(self, *options: str, **variables: str | list[str]) -> Ended:
        """Run the pipe with these options of the engine and these variables."""
        line = command_line(TAG, self.variables(**variables), self.step.agent)
        return self.step.run(line, secrets={"ACCESS_TOKEN": DEMO_ACCESS_TOKEN}, options=options)


@pytest.fixture
def pipeline(image: Image, host_address: str, tmp_path: Path) -> Iterator[Pipeline]:
    assert image.id
    bitbucket = Simulator()
    bitbucket.add_repository("acme", "shop")
    step = Step(agent=tmp_path / "agent", host_address=host_address)
    step.prepare()
    with Server(bitbucket, host=host_address) as server:
        url = f"http://host.docker.internal:{server.port}"
        yield Pipeline(bitbucket=bitbucket, step=step, url=url)
