"""Stands in for `docker run` where a test has no engine: runs the pipe of this checkout instead.

It takes the command line of Pipelines, or one that a person would type. The pipe gets the variables
of that command line, the `BITBUCKET_…` variables of the step, as Pipelines passes them, the
defaults of `pipe.yml`, and nothing else.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

PROJECT: Final = Path(__file__).parents[2]
_WITH_VALUE: Final = {"-e", "--env", "--volume", "--workdir", "--user"}


def main() -> None:
    """Run the pipe in place of this process."""
    *arguments, image = sys.argv[1:]
    declared = yaml.safe_load((PROJECT / "pipe.yml").read_text("utf-8"))
    repository = declared["repository"].removeprefix("https://bitbucket.org/")
    version = declared["image"].rpartition(":")[2]
    given = dict(_variables(arguments))
    if image == f"{repository}:{version}":
        for variable in declared["variables"]:
            given.setdefault(variable["name"], _substituted(variable.get("default", "")))
    elif image.partition("@")[0] != declared["image"].rpartition(":")[0]:
        sys.exit(f"{image} is not the image of this pipe")
    step = {name: value for name, value in os.environ.items() if name.startswith("BITBUCKET_")}
    mine = {name: os.environ[name] for name in ("PATH", "BITBUCKET_API_URL")}
    environ = {**step, **given, **mine, "PYTHONPATH": str(PROJECT), "NO_COLOR": "1"}
    os.execve(sys.executable, [sys.executable, "-m", "pipe"], environ)  # noqa: S606 - no shell


def _variables(arguments: list[str]) -> Iterator[tuple[str, str]]:
    words = iter(arguments)
    for word in words:
        option, separator, value = word.partition("=")
        if option in _WITH_VALUE and not separator:
            value = next(words)
        if option in {"-e", "--env"}:
            name, separator, text = value.partition("=")
            yield name, text if separator else os.environ.get(name, "")


def _substituted(text: str) -> str:
    return re.sub(r"\$(\w+)", lambda found: os.environ.get(found[1], ""), text)


if __name__ == "__main__":
    main()
