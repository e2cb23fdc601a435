"""Modules that a run imports: needless imports make every start slower.

Each run is a process that sees only the packages of the image, those of the locked dependencies.
Modules of the standard library are not listed, because the libraries choose them.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_ACCESS_TOKEN

PROJECT: Final = Path(__file__).parents[2]

RUN: Final = """
import json, os, runpy, sys
from importlib.abc import MetaPathFinder

class OnlyLocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if path is None and name in hidden:
            raise ModuleNotFoundError(name)

hidden = set(json.loads(sys.argv.pop()))
sys.meta_path.insert(0, OnlyLocked())
os._exit = lambda code: print(json.dumps(sorted(sys.modules)))
runpy.run_module("pipe", run_name="__main__", alter_sys=True)
"""

SETTINGS: Final = {
    "annotated_types",
    "dotenv",  # by pydantic_settings
    "msgspec",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "typing_extensions",
    "typing_inspection",
}
NETWORK: Final = {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "tenacity"}
ONE: Final = {
    "BITBUCKET_ACCESS_TOKEN": DEMO_ACCESS_TOKEN,
    "WORKSPACE": "acme",
    "REPO_SLUG": "shop",
    "ENVIRONMENT_NAME": "Test",
    "ENVIRONMENT_TYPE": "Test",
}


def imported(environ: Mapping[str, str]) -> set[str]:
    """Run the pipe; return the modules that were loaded at its end."""
    locked = re.findall(
        r"^([a-z0-9-]+)==", (PROJECT / "requirements.txt").read_text(), re.MULTILINE
    )
    here = {path.name.removesuffix(".py") for path in _site_packages()}
    ours = {name.replace("-", "_") for name in locked} | {"dotenv", "yaml", "_yaml"}
    ended = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(sorted(here - ours))],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))


def _site_packages() -> Iterator[Path]:
    folder = Path(pytest.__file__).parents[1]
    return (each for each in folder.iterdir() if each.is_dir() or each.suffix == ".py")


def packages(modules: set[str]) -> set[str]:
    """Return the third-party packages among modules."""
    tops = {module.partition(".")[0] for module in modules}
    machinery = {"pipe", "__main__", "__mp_main__", "_distutils_hack", "sitecustomize"}
    return {top for top in tops - sys.stdlib_module_names - machinery if top.isidentifier()}


@pytest.fixture(scope="module")
def unchanged() -> set[str]:
    simulator = Simulator()
    simulator.add_repository("acme", "shop", environments=[("Test", "Test", False)])
    with Server(simulator) as server:
        found = imported({**ONE, "BITBUCKET_API_URL": server.url})
    assert len(simulator.requests) == 1
    return found


def test_a_configuration_error_loads_neither_network_nor_planner() -> None:
    found = imported({})

    assert packages(found) == SETTINGS
    assert not {
        each
        for each in found
        if each.startswith(("pipe.apply", "pipe.planning.planner", "pipe.modes"))
    }


def test_a_run_loads_what_it_needs_and_no_other_package(unchanged: set[str]) -> None:
    assert packages(unchanged) == SETTINGS | NETWORK


def test_a_run_loads_no_module_that_it_does_not_use(unchanged: set[str]) -> None:
    parts = {
        "pipe.config_file.loader",
        "pipe.export",
        "pipe.reports.junit",
        "pipe.reports.markdown",
        "pipe.reports.html",
        "pipe.publishing.publish",
        "pipe.publishing.publisher",
        "xml.etree.ElementTree",
        "yaml",
    }
    assert all(find_spec(part) for part in parts)  # none was renamed
    assert parts & unchanged == set()
