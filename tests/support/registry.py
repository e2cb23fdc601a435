"""An image registry on this machine: Debian's `docker-registry`."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CONFIGURATION: Final = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:{port}"}}
{more}"""


def find_registry() -> str | None:
    """Return the path of the program; `None`: it is not installed."""
    return shutil.which("docker-registry", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def run_registry(program: str, folder: Path, *, more: str = "") -> Iterator[int]:
    """Run a registry that keeps its data in a folder; yield its port.

    Args:
        program: The path of the program.
        folder: For its data, its configuration and its log.
        more: Further lines of its configuration.

    Raises:
        RuntimeError: It does not answer.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    configuration = folder / "registry.yml"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, more=more))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "serve", str(configuration)], stdout=log, stderr=log)
    try:
        _wait_for(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)  # the registry does not say when it is ready
        else:
            return
    raise RuntimeError("the registry does not answer")
