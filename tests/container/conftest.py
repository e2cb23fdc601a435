"""The engine, and the image under test: built once, from the Dockerfile as users build it."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.images import Image

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
    """The stage that assembles the image: its layers are there already."""
    assert image.id
    built, _ = engine.images.build(path=str(PROJECT), target="build", rm=True, forcerm=True)
    return built


@dataclass(frozen=True, slots=True)
class Content:
    """What a file of the image is.

    Attributes:
        entry: Its kind, size, time, owner and permissions.
        data: Its bytes; none of a folder or a link.
    """

    entry: tarfile.TarInfo
    data: bytes


@pytest.fixture(scope="session")
def content(image: Image) -> dict[str, Content]:
    """Everything in the image's one layer, by its path."""
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
