"""What a step pays: its image pulled from a registry at a fixed speed, then run."""

import random
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import docker
from docker import DockerClient
from docker.errors import DockerException
from docker.models.images import Image

from bench.images import (
    OFFICIAL_BASES,
    ReachableBitbucket,
    bitbucket_for_containers,
    build_official_on,
    build_ours,
    engine_answers,
)
from bench.table import Goal, Section, Table, ratio
from tests.support.registry import find_registry, run_registry

_BYTES_PER_SECOND: Final = 50_000_000
_PIECE: Final = 1 << 16
_OWN_BASE: Final = "bitbucket-environment-bench-base:latest"
_TITLE: Final = "What a step pays"
_HEAD: Final = ("image", "pull, s", "to the request, s", "together, s", "ratio")
_ABOUT: Final = f"""
- The registry is on this machine; what it sends is held to {_BYTES_PER_SECOND // 1_000_000} MB/s,
  over all connections. No layer of either image is on the machine before its pull.
- A step of Pipelines pulls the image of a pipe whenever its machine has not run it lately.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """An image in the registry.

    Attributes:
        name: As it stands in the table.
        reference: Where to pull it from.
        pull_seconds: Of each pull.
        request_seconds: From the command to the first request, of each start.
    """

    name: str
    reference: str
    pull_seconds: list[float] = field(default_factory=list)
    request_seconds: list[float] = field(default_factory=list)

    @property
    def together(self) -> float:
        """The median of pull and start together, in seconds."""
        both = zip(self.pull_seconds, self.request_seconds, strict=True)
        return median(pull + start for pull, start in both)

    def measure(self, bitbucket: ReachableBitbucket) -> None:
        """Pull and run it once, then remove it."""
        started = time.monotonic()
        said = _docker("pull", self.reference)
        self.pull_seconds.append(time.monotonic() - started)
        self.request_seconds.append(bitbucket.run(self.reference))
        _docker("image", "rm", "--force", self.reference)
        if "Already exists" in said:
            message = f"remove the other images of {self.name} first; not all was pulled:\n{said}"
            raise RuntimeError(message)


def pulls(*, times: int) -> Section:
    """Measure what a step pays; say so where that could not be done."""
    registry = find_registry()
    if registry is None or not engine_answers():
        intro = "Not measured: it takes a Docker engine and `docker-registry`."
        return Section(title=_TITLE, intro=intro, table=Table(_HEAD, ()))
    engine = docker.from_env(timeout=900)
    with _registry(registry) as host:
        compared = _push(engine, host)
        with bitbucket_for_containers(engine) as bitbucket:
            for _ in range(times):
                for each in random.sample(compared, len(compared)):
                    each.measure(bitbucket)
    own, *peers = compared
    return Section(
        title=_TITLE,
        intro=f"The image pulled, then run to the first request: medians of {times}, in random"
        " order.",
        table=Table(
            _HEAD,
            tuple(
                (
                    each.name,
                    f"{median(each.pull_seconds):.2f}",
                    f"{median(each.request_seconds):.2f}",
                    f"{each.together:.2f}",
                    ratio(each.together, own.together),
                )
                for each in compared
            ),
        ),
        notes=_ABOUT,
        goals=tuple(
            Goal(f"pull and start of a step ÷ {peer.name}", own.together / peer.together, 0.5)
            for peer in peers
        ),
    )


def _push(engine: DockerClient, host: str) -> list[Pulled]:
    """Build the images, push them, and remove them from the machine."""
    with _own_base(engine) as base:
        official = build_official_on(engine, base, cache=False)
        return [
            _pushed("this pipe", build_ours(engine), f"{host}/bench:pipe"),
            _pushed("official shape", official, f"{host}/bench:official"),
        ]


def _pushed(name: str, image: Image, reference: str) -> Pulled:
    image.tag(reference)
    _docker("push", reference)
    _docker("image", "rm", "--force", str(image.id))
    return Pulled(name=name, reference=reference)


@contextmanager
def _own_base(engine: DockerClient) -> Iterator[str]:
    """Yield a copy of the base with a layer of its own, which no other image keeps on the machine.

    Raises:
        RuntimeError: There is no base.
    """
    for base in OFFICIAL_BASES:
        try:
            container = engine.containers.create(base, "true")
        except DockerException:
            continue
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "base.tar"
            _docker("export", "--output", str(copy), str(container.id))
            container.remove()
            _docker("import", str(copy), _OWN_BASE)
        try:
            yield _OWN_BASE
        finally:
            _docker("image", "rm", "--force", _OWN_BASE)
        return
    message = f"none of {', '.join(OFFICIAL_BASES)} is there"
    raise RuntimeError(message)


@contextmanager
def _registry(program: str) -> Iterator[str]:
    """Run a registry behind a connection of limited speed; yield its host and port."""
    with (
        tempfile.TemporaryDirectory() as folder,
        run_registry(program, Path(folder)) as port,
        _throttled(port) as host,
    ):
        yield host


class _Limit:
    """Spreads bytes over time, whichever connection they belong to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, size: int) -> None:
        """Wait until so many bytes may have been sent."""
        with self._lock:
            self._free_at = max(time.monotonic(), self._free_at) + size / _BYTES_PER_SECOND
            pause = self._free_at - time.monotonic()
        time.sleep(max(0.0, pause))  # the limit of speed is real time


@contextmanager
def _throttled(port: int) -> Iterator[str]:
    """Forward connections to the port, its answers at limited speed; yield host and port."""
    limit = _Limit()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:  # closed: the end
                    return
                upstream = socket.create_connection(("127.0.0.1", port))
                for source, target, slow in (
                    (client, upstream, None),
                    (upstream, client, limit),
                ):
                    threading.Thread(
                        target=_forward, args=(source, target, slow), daemon=True
                    ).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def _forward(source: socket.socket, target: socket.socket, limit: _Limit | None) -> None:
    try:
        while piece := source.recv(_PIECE):
            if limit is not None:
                limit.wait(len(piece))
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # the other side went away
        source.close()
        target.close()


def _docker(*arguments: str) -> str:
    ended = subprocess.run(
        ["/usr/bin/env", "docker", *arguments], check=True, capture_output=True, text=True
    )
    return ended.stdout
