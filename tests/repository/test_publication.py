"""The name and version in `pipe.yml` are those of every other file."""

from typing import Final

import pytest

from scripts.publication import Publication, changes, declared, rewritten, written
from tests.repository.markdown import PROJECT

FORK: Final = Publication("registry.example:5000/team/environments", "team/environments", "2.10.3")
MENTIONS: Final = sorted(
    path
    for pattern in ("*.md", "docs/**/*.*", "schema/*.json", "Dockerfile", "pipe/__init__.py")
    for path in PROJECT.glob(pattern)
    if path.suffix != ".png"
)


def test_every_file_names_the_publication_of_pipe_yml() -> None:
    assert [path for path, _ in changes()] == [], "run: make generate"


@pytest.mark.parametrize("path", MENTIONS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_fork_is_named_everywhere(path: object) -> None:
    text = PROJECT.joinpath(str(path)).read_text("utf-8")

    fork = rewritten(text, declared(), FORK)

    assert declared().repository not in fork
    assert rewritten(fork, FORK, declared()) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- pipe: acme/pipe:1.0.0", "- pipe: team/environments:2.10.3"),
        (
            "https://bitbucket.org/acme/pipe/raw/main",
            "https://bitbucket.org/team/environments/raw/main",
        ),
        ("  acme/image:1.0.0", f"  {FORK.image}:2.10.3"),
        ("docker://acme/image@sha256:<digest>", f"docker://{FORK.image}@sha256:<digest>"),
        ('VERSION: Final = "1.0.0"', 'VERSION: Final = "2.10.3"'),
        ('version = "1.0.0"', 'version = "2.10.3"'),
        ("INFO: Bitbucket Environment 1.0.0: plan", "INFO: Bitbucket Environment 2.10.3: plan"),
        ('image.version="1.0.0"', 'image.version="2.10.3"'),
        ("pipe: acme/pipes:1.0.0, other/acme/image:1.0.0, since 1.0.0", None),
    ],
)
def test_names_are_replaced_where_they_are_names(before: str, after: str | None) -> None:
    acme = Publication("acme/image", "acme/pipe", "1.0.0")

    assert rewritten(before, acme, FORK) == (after or before)


def test_the_readme_names_what_pipe_yml_names() -> None:
    assert written() == declared()
