"""A page of the documentation with complete files, opened as a clone in a simulated workspace."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml
from jsonschema.protocols import Validator

from simulator.server import Server
from simulator.simulator import Simulator
from simulator.state.credentials import DEMO_API_TOKEN, DEMO_EMAIL
from simulator.state.environment import Environment
from tests.repository.markdown import PROJECT, blocks
from tests.repository.pipelines import Ended, Step, run_script, steps

PIPELINES: Final = "bitbucket-pipelines.yml"
DECLARATION: Final = "bitbucket-environments.yml"
SCHEMA: Final = PROJECT.parent / "shared/openapi/pipelines-schema.json"
"""Atlassian's own; not part of the project, and used where it is there."""


SECRETS: Final = {
    "PROD_DB_PASSWORD": "first-secret",
    "FINGERPRINT_KEY": "a key of the example's own",
}
READ_ONLY: Final = frozenset({"read:pipeline:bitbucket", "read:repository:bitbucket"})


@dataclass(frozen=True, slots=True)
class Page:
    """A page, by its path, and the files that it shows, by their names in the clone."""

    path: Path
    text: str
    files: dict[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """The page's `bitbucket-pipelines.yml`."""
        loaded: dict[str, Any] = yaml.safe_load(self.files[PIPELINES])
        return loaded

    def snippets(self) -> list[Step]:
        """Return the scripts that are shown outside a file."""
        return [
            step
            for block in blocks(self.text, "yaml")
            if block.text.startswith(("script:", "- step:"))
            for step in steps(yaml.safe_load(block.text))
        ]

    def logs(self) -> list[str]:
        """Return the parts of logs that the page shows."""
        return [block.text.strip() for block in blocks(self.text, "log")]


def page(name: str) -> Page:
    """Return a page of `docs/`; a block whose first line is a file's name as comment is a file."""
    path = PROJECT / "docs" / f"{name}.md"
    text = path.read_text("utf-8")
    files = {}
    for block in blocks(text, "yaml"):
        first = block.text.partition("\n")[0]
        if first in {f"# {PIPELINES}", f"# {DECLARATION}"}:
            files[first.removeprefix("# ")] = block.text
    return Page(path, text, files)


def pages() -> list[Page]:
    """Return every page that shows a pipeline."""
    found = (page(path.stem) for path in sorted((PROJECT / "docs").glob("*.md")))
    return [each for each in found if PIPELINES in each.files]


@cache
def schema() -> Validator | None:
    """Return Atlassian's schema of `bitbucket-pipelines.yml`; `None`: it is not there."""
    if not SCHEMA.exists():
        return None
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


@dataclass
class Workspace:
    """A simulated workspace, and a clone of one of its repositories, `acme/shop`.

    Attributes:
        simulator: The Bitbucket.
        clone: The working directory of the steps.
        step: The variables of a step.
        steps: The steps of the page that was opened, by name.
    """

    simulator: Simulator
    clone: Path
    step: dict[str, str]
    steps: dict[str, Step] = field(default_factory=dict)

    def open(self, name: str) -> Page:
        """Write the files of a page into the clone; return the page."""
        opened = page(name)
        for file, text in opened.files.items():
            (self.clone / file).write_text(text)
        if PIPELINES in opened.files:
            self.steps = {each.name: each for each in steps(opened.document["pipelines"])}
        return opened

    def run(self, step: str | Step, **variables: str) -> Ended:
        """Run a step, with these variables of the repository besides the credentials."""
        found = self.steps[step] if isinstance(step, str) else step
        return self.shell(found.command(), **variables)

    def shell(self, command: str, **variables: str) -> Ended:
        """Run a script in the clone."""
        given = {
            "ATLASSIAN_ACCOUNT_EMAIL": DEMO_EMAIL,
            "ATLASSIAN_API_TOKEN": DEMO_API_TOKEN,
            "BITBUCKET_ACCESS_TOKEN": "",
            **self.step,
            **variables,
        }
        return run_script(command, self.clone, given)

    def writes(self) -> int:
        """Return how many requests changed an environment or a repository."""
        with self.simulator.lock:
            return sum(
                each.method != "GET"
                and "/commit/" not in each.path
                and "/pullrequests/" not in each.path
                for each in self.simulator.requests
            )

    def environment(self, name: str, repository: str = "acme/shop") -> Environment:
        """Return an environment."""
        with self.simulator.lock:
            return self.simulator.repository(repository).environment(name)

    def names(self, repository: str = "acme/shop") -> list[str]:
        """Return the names of a repository's environments."""
        with self.simulator.lock:
            return self.simulator.repository(repository).names()


@contextmanager
def workspace(clone: Path) -> Iterator[Workspace]:
    """Serve a simulated workspace with the repository `acme/shop`, which has no environments."""
    simulator = Simulator()
    simulator.add_repository("acme", "shop")
    with Server(simulator) as server:
        step = {
            "BITBUCKET_API_URL": server.url,
            "BITBUCKET_WORKSPACE": "acme",
            "BITBUCKET_REPO_SLUG": "shop",
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_COMMIT": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
            "BITBUCKET_CLONE_DIR": str(clone),
        }
        yield Workspace(simulator, clone, step)
