"""Every link leads to an existing file and heading."""

import re
from pathlib import Path

import pytest

from tests.repository.markdown import PROJECT, anchors, documents, links

DOCUMENTS = documents()
# Paths of the machine that the project was written on.
_FOREIGN = re.compile(r"(?<!\w)/(tmp|root|home)/", re.IGNORECASE)


def _name(path: Path) -> str:
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_relative_links_resolve(document: Path) -> None:
    for link in links(document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert target.is_relative_to(PROJECT), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_no_document_names_a_path_of_somebodys_machine(document: Path) -> None:
    assert not _FOREIGN.search(document.read_text(encoding="utf-8"))


def test_every_document_is_linked_from_the_index() -> None:
    index = PROJECT / "docs/index.md"
    reached = {(index.parent / link.partition("#")[0]).resolve() for link in _relative(index)}
    inside = {path for path in DOCUMENTS if path.is_relative_to(PROJECT / "docs")}
    assert {_name(path) for path in inside - reached - {index}} == set()


def _relative(document: Path) -> list[str]:
    found = links(document.read_text(encoding="utf-8"))
    return [link for link in found if not re.match(r"[a-z]+:|#", link)]


def test_the_changelog_has_this_version() -> None:
    version = re.search(
        r'^version = "(.+)"$', (PROJECT / "pyproject.toml").read_text(), flags=re.MULTILINE
    )
    assert version is not None
    assert f"\n## {version[1]}\n" in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
