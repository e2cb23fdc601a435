"""CONTRIBUTING.md names files and targets that exist."""

import re
from typing import Final

import pytest

from tests.repository.markdown import PROJECT, blocks

TEXT: Final = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATHS: Final = sorted(
    set(re.findall(r"(?<![\w/])(?:pipe|simulator|tests|docs|\.ci)/[\w./-]*\w/?", TEXT))
)
LAYERS: Final = next(each.text for each in blocks(TEXT, "text") if "cli.py" in each.text)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_exists(path: str) -> None:
    assert (PROJECT / path).exists()


def test_the_picture_of_the_layers_names_every_room() -> None:
    drawn = set(re.findall(r"\b([a-z_]+)/ ", LAYERS))
    rooms = {path.parent.name for path in (PROJECT / "pipe").glob("*/__init__.py")}
    assert drawn == rooms


def test_every_target_of_make_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([\w-]+)`", TEXT))
    assert {"demo", "test", "lint"} <= targets
    assert all(re.search(rf"^{each}:", makefile, re.MULTILINE) for each in targets)
