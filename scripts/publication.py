"""Write the pipe's name and version wherever they are mentioned: `python -m scripts.publication`.

`pipe.yml` is the one place for both. Its `image` names the image and the version, its `repository`
the repository on Bitbucket, which a `pipe:` step names too.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
HOST: Final = "https://bitbucket.org/"
_FILES: Final = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "Dockerfile", "pyproject.toml"),
    *("pipe/__init__.py", "docs/**/*.md", "docs/**/*.yml", "docs/**/*.svg", "docs/**/*.txt"),
    *("schema/*.json", "tests/**/*.txt"),
)


@dataclass(frozen=True, slots=True)
class Publication:
    """Where the pipe is published, and as which version.

    Attributes:
        image: Name of the image, without a tag.
        repository: Full name of the repository on Bitbucket, as `account/repository`.
        version: The version, which is the tag of both.
    """

    image: str
    repository: str
    version: str


def declared() -> Publication:
    """Return what `pipe.yml` says."""
    text = (PROJECT / "pipe.yml").read_text("utf-8")
    image, _, version = _first(r"^image: *(\S+)", text).rpartition(":")
    return Publication(image, _first(rf"^repository: *{HOST}(\S+)", text), version)


def written() -> Publication:
    """Return what the README says, which is what all documents say."""
    text = (PROJECT / "README.md").read_text("utf-8")
    repository, _, version = _first(r"^- pipe: (\S+)", text).rpartition(":")
    return Publication(_first(r"docker://([^@\s]+)@", text), repository, version)


def rewritten(text: str, old: Publication, new: Publication) -> str:
    """Return a document in which the new publication is named instead of the old one."""
    repository, image, version = (
        re.escape(each) for each in (old.repository, old.image, old.version)
    )
    for pattern, replacement in (
        (rf"(?<=pipe: ){repository}:{version}\b", f"{new.repository}:{new.version}"),
        (rf"(?<={HOST}){repository}(?![\w-])", new.repository),
        (rf"(?<![\w/.-]){image}:{version}\b", f"{new.image}:{new.version}"),
        (rf"(?<![\w.-]){image}(?=@)", new.image),
        (rf"(?<=Bitbucket Environment ){version}\b", new.version),
        (rf'(?<=image\.version="){version}(?=")', new.version),
        (rf'(?m)^((?:version|VERSION\b.*) = "){version}(?=")', rf"\g<1>{new.version}"),
    ):
        text = re.sub(pattern, replacement, text)
    return text


def changes() -> Iterator[tuple[Path, str]]:
    """Yield each file that names another publication than `pipe.yml`, with its right text."""
    old, new = written(), declared()
    for path in sorted({path for pattern in _FILES for path in PROJECT.glob(pattern)}):
        before = path.read_text("utf-8")
        if (after := rewritten(before, old, new)) != before:
            yield path, after


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else sys.exit(f"nothing matches {pattern}")


if __name__ == "__main__":
    for path, text in changes():
        path.write_text(text, "utf-8")
