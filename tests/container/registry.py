"""An image registry on this machine: Debian's `docker-registry`, with a password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

USERNAME: Final = "robot"
PASSWORD: Final = "registry-password"
_HASHED: Final = "$2b$05$abcdefghijklmnopqrstuux7DVfxfgfXTmp/9Tsk6HzX2QQGjxePG"
_CONFIGURATION: Final = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:{port}"}}
auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}
"""


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry that keeps its data in `folder`; yield its host and port."""
    program = shutil.which("docker-registry", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None and not os.environ.get("REQUIRE_DOCKER"):
        pytest.skip("docker-registry is not installed")
    assert program, "install docker-registry"
    port = _free_port()
    (folder / "htpasswd").write_text(f"{USERNAME}:{_HASHED}\n")
    configuration = folder / "registry.yml"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - Debian's registry
            [program, "serve", str(configuration)], stdout=log, stderr=log
        )
    try:
        _wait(process, port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        assert process.poll() is None, "the registry did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)  # the registry does not say when it is ready
        else:
            return
    pytest.fail("the registry does not answer")
