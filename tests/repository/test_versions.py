"""Every place that names the version names the same one."""

import re
import tomllib
from pathlib import Path

import yaml

from pipe import VERSION

PROJECT = Path(__file__).parents[2]


def test_every_place_names_the_same_version() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    pipe = yaml.safe_load((PROJECT / "pipe.yml").read_text())
    label = re.findall(r'image\.version="(.*?)"', (PROJECT / "Dockerfile").read_text())
    assert [project["version"], pipe["image"].rpartition(":")[2], *label] == [VERSION] * 3
