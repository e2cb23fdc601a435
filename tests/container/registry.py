"""An image registry on this machine that asks for a password."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.registry import find_registry, run_registry

USERNAME: Final = "robot"
PASSWORD: Final = "registry-password"
_HASHED: Final = "$2b$05$abcdefghijklmnopqrstuux7DVfxfgfXTmp/9Tsk6HzX2QQGjxePG"


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry that keeps its data in `folder`; yield its host and port."""
    program = find_registry()
    if program is None and not os.environ.get("REQUIRE_DOCKER"):
        pytest.skip("docker-registry is not installed")
    assert program, "install docker-registry"
    passwords = folder / "htpasswd"
    passwords.write_text(f"{USERNAME}:{_HASHED}\n")
    more = f"auth: {{htpasswd: {{realm: test, path: {passwords}}}}}\n"
    with run_registry(program, folder, more=more) as port:
        yield f"127.0.0.1:{port}"
