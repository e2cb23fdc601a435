"""The image, next to one in the official shape: its size, and the start of its container."""

import random
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import docker
from docker import DockerClient
from docker.errors import BuildError, DockerException
from docker.models.images import Image

from bench.measure import CHECKOUT
from bench.simulated import WHO
from bench.table import Goal, Section, Table, ratio
from simulator.server import Server
from simulator.simulator import Simulator

_OFFICIAL_BASE: Final = "python:3.12-slim"
_STAND_IN_BASE: Final = "debian:trixie-slim"
OFFICIAL_BASES: Final = (_OFFICIAL_BASE, _STAND_IN_BASE)
"""The base of official pipes, and another where that can't be pulled."""
_WANTED: Final = {
    "REPO_SLUG": "shop",
    "ENVIRONMENT_NAME": "Test",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "false",
}
_HOST: Final = "--add-host=host.docker.internal:host-gateway"
_GZIP: Final = 16 + zlib.MAX_WBITS

_NOTHING: Final = "nothing at all"
_LIBRARIES: Final = ("pydantic_settings", "httpx, pydantic_settings")
_BARE: Final = {
    _NOTHING: ("-I", "-S", "-c", "pass"),
    **{
        f"`import {names}`": ("-I", "-c", f"import os, {names}; os._exit(0)")
        for names in _LIBRARIES
    },
}
"""What the interpreter of our image runs, to see what a start needs at least."""

TITLE: Final = "The image"
_ABOUT: Final = """
- *Compressed*: `docker save | gzip`, which is about what a step pulls.
- *Started*: from the command `docker run` to the first request that arrives, or to the end of a run
  without any variable. It includes what the engine needs to start a container, which is about the
  same for every image: *nothing at all* is our image's interpreter, doing nothing.
- *`import pydantic_settings`* and *`import httpx, pydantic_settings`* are our image's interpreter,
  which imports these and ends at once: what a pipe on them needs at least, to an error and to a
  request.
"""

_STAND_IN_NOTE: Final = f"""\
- *official shape* is built on `{_STAND_IN_BASE}` with Debian's Python and pip, because
  `{_OFFICIAL_BASE}`, the base of official pipes, could not be pulled here. Its size is that of such
  an image. Official pipes in Python take 45 to 70 MB.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """An image, measured.

    Attributes:
        name: As it stands in the table.
        image: What the engine knows it by: an id, or a reference with a tag.
        request_seconds: From the command to the first request, of each start.
        error_seconds: From the command to the end of a run without variables, of each start.
    """

    name: str
    image: str
    request_seconds: list[float] = field(default_factory=list)
    error_seconds: list[float] = field(default_factory=list)


def images(*, times: int) -> Section:
    """Build the images and compare them; say so where that could not be done."""
    head = ("image", "compressed, MB", "ratio", "to the request, s", "to the error, s", "ratio")
    if not engine_answers():
        intro = "Not measured: no Docker engine answered."
        return Section(title=TITLE, intro=intro, table=Table(head, ()))
    engine = docker.from_env(timeout=900)
    ours = build_ours(engine)
    official, note = build_official(engine)
    compared = [Shipped(name="this pipe", image=str(ours.id))]
    if official is not None:
        compared.append(Shipped(name="official shape", image=str(official.id)))
    bare: dict[str, list[float]] = {name: [] for name in _BARE}
    with bitbucket_for_containers(engine) as bitbucket:
        for _ in range(times):
            for name, arguments in _BARE.items():
                bare[name].append(_bare(compared[0].image, arguments))
            for each in random.sample(compared, len(compared)):
                each.request_seconds.append(bitbucket.run(each.image))
                each.error_seconds.append(run(each.image))
    megabytes = {each.name: _compressed(engine.images.get(each.image)) / 1e6 for each in compared}
    own = compared[0]
    to_error = median(own.error_seconds)
    ended = {name: median(seconds) for name, seconds in bare.items()}
    rows = [
        (name, "-", "-", "-", f"{seconds:.2f}", ratio(seconds, to_error))
        for name, seconds in ended.items()
    ]
    rows += [
        (
            each.name,
            f"{megabytes[each.name]:.1f}",
            ratio(megabytes[each.name], megabytes[own.name]),
            f"{median(each.request_seconds):.2f}",
            f"{median(each.error_seconds):.2f}",
            ratio(median(each.error_seconds), to_error),
        )
        for each in compared
    ]
    return Section(
        title=TITLE,
        intro=f"Medians of {times} containers, in random order.",
        table=Table(head, tuple(rows)),
        notes=_ABOUT + note,
        goals=(
            *(
                Goal(
                    f"container to the first request ÷ {peer.name}",
                    median(own.request_seconds) / median(peer.request_seconds),
                    1.1,
                )
                for peer in compared[1:]
            ),
            Goal(
                "`docker run` to the error ÷ the interpreter alone",
                to_error / ended[_NOTHING],
                1.35,
            ),
            Goal("image, compressed, MB", megabytes[own.name], 18.2),
        ),
    )


def engine_answers() -> bool:
    """Return whether there is a Docker engine to measure with."""
    asked = subprocess.run(["/usr/bin/env", "docker", "info"], check=False, capture_output=True)
    return asked.returncode == 0


def build_ours(engine: DockerClient) -> Image:
    """Build the image of this pipe."""
    built, _ = engine.images.build(path=str(CHECKOUT), rm=True, forcerm=True)
    return built


def build_official(engine: DockerClient) -> tuple[Image | None, str]:
    """Build the image in the official shape; say what it could be built on."""
    for base in OFFICIAL_BASES:
        try:
            built = build_official_on(engine, base)
        except (BuildError, DockerException):
            continue
        if base == _OFFICIAL_BASE:
            return built, f"- *official shape* is built on `{base}`.\n"
        return built, _STAND_IN_NOTE
    return None, "- An image in the official shape could not be built here: no base could be had.\n"


def build_official_on(engine: DockerClient, base: str, *, cache: bool = True) -> Image:
    """Build the image in the official shape on a base.

    Raises:
        BuildError: It could not be built.
        DockerException: The base is not there.
    """
    built, _ = engine.images.build(
        path=str(CHECKOUT / "bench"),
        dockerfile="official/Dockerfile",
        buildargs={"BASE": base},
        nocache=not cache,
        rm=True,
        forcerm=True,
    )
    return built


@dataclass(frozen=True, slots=True)
class ReachableBitbucket:
    """A simulator that containers reach.

    Attributes:
        simulator: Bitbucket.
        url: Where containers find it.
    """

    simulator: Simulator
    url: str

    def run(self, image: str) -> float:
        """Run a container; return the seconds from the command to its first request."""
        before, started = len(self.simulator.requests), time.time()
        given = {**WHO, **_WANTED, "BITBUCKET_API_URL": self.url}
        run(image, _HOST, *(f"--env={key}={value}" for key, value in given.items()))
        return self.simulator.requests[before].time - started


@contextmanager
def bitbucket_for_containers(engine: DockerClient) -> Iterator[ReachableBitbucket]:
    """Serve a repository whose environment is as declared."""
    gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    bitbucket = Simulator()
    bitbucket.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    with Server(bitbucket, host=gateway) as server:
        yield ReachableBitbucket(bitbucket, f"http://host.docker.internal:{server.port}")


def run(image: str, *options: str, arguments: tuple[str, ...] = ()) -> float:
    """Run a container to its end; return the seconds that took."""
    started = time.monotonic()
    subprocess.run(
        ["/usr/bin/env", "docker", "run", "--rm", *options, image, *arguments],
        check=False,
        capture_output=True,
    )
    return time.monotonic() - started


def _bare(image: str, arguments: tuple[str, ...]) -> float:
    return run(image, "--entrypoint=/usr/bin/python3", arguments=arguments)


def _compressed(image: Image) -> int:
    packer = zlib.compressobj(6, wbits=_GZIP)
    return sum(len(packer.compress(piece)) for piece in image.save()) + len(packer.flush())
