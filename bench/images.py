"""The image, next to one in the official shape: its size, and the start of its container."""

from __future__ import annotations

import subprocess
import time
import zlib
from dataclasses import dataclass
from statistics import median
from typing import Final

import docker
from docker import DockerClient
from docker.errors import BuildError, DockerException
from docker.models.images import Image

from bench.measure import CHECKOUT
from bench.simulated import WHO
from bench.table import Section, Table, ratio
from simulator.server import Server
from simulator.simulator import Simulator

_OFFICIAL_BASE: Final = "python:3.12-slim"
_STAND_IN_BASE: Final = "debian:trixie-slim"
_WANTED: Final = {
    "REPO_SLUG": "shop",
    "ENVIRONMENT_NAME": "Test",
    "ENVIRONMENT_TYPE": "Test",
    "ADMIN_ONLY": "false",
}
_HOST: Final = "--add-host=host.docker.internal:host-gateway"
_GZIP: Final = 16 + zlib.MAX_WBITS

_ABOUT: Final = """
- *Compressed*: `docker save | gzip`, which is about what a step pulls.
- *Started*: from the command `docker run` to the first request that arrives, or to the end of a run
  without any variable. It includes what the engine needs to start a container, which is about the
  same for every image: *nothing at all* is our image's interpreter, doing nothing.
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
        megabytes: Compressed, in millions of bytes.
        request_seconds: To the first request; `None`: it sends none.
        error_seconds: To the end of a run without variables.
    """

    name: str
    megabytes: float
    request_seconds: float | None
    error_seconds: float


def images(*, times: int) -> Section:
    """Build the images and compare them; say so where that could not be done."""
    head = ("image", "compressed, MB", "ratio", "to the request, s", "to the error, s", "ratio")
    intro = f"Medians of {times} containers."
    title = "The image"
    if not _engine_answers():
        intro = "Not measured: no Docker engine answered."
        return Section(title=title, intro=intro, table=Table(head, ()))
    engine = docker.from_env(timeout=900)
    ours, _ = engine.images.build(path=str(CHECKOUT), rm=True, forcerm=True)
    official, note = _official(engine)
    shipped = [
        _shipped(engine, "this pipe", ours, times),
        *([] if official is None else [_shipped(engine, "official shape", official, times)]),
    ]
    idle = median(_idle(ours) for _ in range(times))
    first = shipped[0]
    rows = [("nothing at all", "-", "-", "-", f"{idle:.2f}", ratio(idle, first.error_seconds))]
    rows += [
        (
            each.name,
            f"{each.megabytes:.1f}",
            ratio(each.megabytes, first.megabytes),
            "-" if each.request_seconds is None else f"{each.request_seconds:.2f}",
            f"{each.error_seconds:.2f}",
            ratio(each.error_seconds, first.error_seconds),
        )
        for each in shipped
    ]
    return Section(title=title, intro=intro, table=Table(head, tuple(rows)), notes=_ABOUT + note)


def _engine_answers() -> bool:
    asked = subprocess.run(["/usr/bin/env", "docker", "info"], check=False, capture_output=True)
    return asked.returncode == 0


def _official(engine: DockerClient) -> tuple[Image | None, str]:
    """Build the image in the official shape; say what it could be built on."""
    for base in (_OFFICIAL_BASE, _STAND_IN_BASE):
        try:
            built, _ = engine.images.build(
                path=str(CHECKOUT / "bench"),
                dockerfile="official/Dockerfile",
                buildargs={"BASE": base},
                rm=True,
                forcerm=True,
            )
        except (BuildError, DockerException):
            continue
        if base == _OFFICIAL_BASE:
            return built, f"- *official shape* is built on `{base}`.\n"
        return built, _STAND_IN_NOTE
    return None, "- An image in the official shape could not be built here: no base could be had.\n"


def _shipped(engine: DockerClient, name: str, image: Image, times: int) -> Shipped:
    gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    bitbucket = Simulator()
    bitbucket.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    waits = []
    with Server(bitbucket, host=gateway) as server:
        url = f"http://host.docker.internal:{server.port}"
        for _ in range(times):
            before, started = len(bitbucket.requests), time.time()
            given = {**WHO, **_WANTED, "BITBUCKET_API_URL": url}
            _run(image, _HOST, *(f"--env={key}={value}" for key, value in given.items()))
            sent = bitbucket.requests[before:]
            waits += [sent[0].time - started] if sent else []
    return Shipped(
        name=name,
        megabytes=_compressed(image) / 1e6,
        request_seconds=median(waits) if waits else None,
        error_seconds=median(_run(image) for _ in range(times)),
    )


def _run(image: Image, *options: str, arguments: tuple[str, ...] = ()) -> float:
    """Run a container to its end; return the seconds that took."""
    started = time.monotonic()
    subprocess.run(  # noqa: S603 - the engine's own client, arguments of our making
        ["/usr/bin/env", "docker", "run", "--rm", *options, str(image.id), *arguments],
        check=False,
        capture_output=True,
    )
    return time.monotonic() - started


def _idle(image: Image) -> float:
    return _run(image, "--entrypoint=/usr/bin/python3", arguments=("-I", "-S", "-c", "pass"))


def _compressed(image: Image) -> int:
    packer = zlib.compressobj(6, wbits=_GZIP)
    return sum(len(packer.compress(piece)) for piece in image.save()) + len(packer.flush())
