"""Text to repositories (pure).

Slugs become part of a request's path, so nothing passes that could change where a request goes.
"""

import re
from typing import Final

from msgspec import Struct

from pipe.models.declaration import Repository
from pipe.models.selection import Exclusion, Glob, Named, Project, SelectionItem, is_glob
from pipe.parsing.suggestions import quoted

_SLUG: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]+|\{[0-9A-Fa-f-]+\}")
_GLOB: Final = re.compile(r"[A-Za-z0-9_.*?-]+")
_PROJECT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PROJECT_PREFIX: Final = "project:"


def slug(text: str) -> str:
    """Read the slug (or uuid in braces) of a repository or workspace."""
    if _SLUG.fullmatch(text):
        return text
    if is_glob(text):
        message = f"{quoted(text)} is a pattern; use REPOSITORIES for patterns"
    else:
        message = (
            f"{quoted(text)} is not a valid slug; copy it from the address,"
            " bitbucket.org/WORKSPACE/SLUG"
        )
    raise ValueError(message)


class RepositoryName(Struct, frozen=True):
    """The name of a repository; without its workspace, `None`."""

    workspace: str | None
    slug: str


def repository_name(text: str) -> RepositoryName:
    """Read a slug or `workspace/slug`."""
    owner, slash, rest = text.partition("/")
    if not slash:
        return RepositoryName(None, slug(text))
    if not owner or not rest:
        raise ValueError(f"{quoted(text)} is incomplete; expected WORKSPACE/SLUG")
    return RepositoryName(slug(owner), slug(rest))


def full_name(text: str) -> Repository:
    """Read `workspace/slug`."""
    owner, slash, rest = text.partition("/")
    if not slash:
        raise ValueError(f"{quoted(text)} is incomplete; expected WORKSPACE/SLUG")
    return Repository(slug(owner), slug(rest))


def item(text: str, workspace: str | None) -> SelectionItem:
    """Read an item of `REPOSITORIES`.

    Args:
        text: A slug, `workspace/slug`, a pattern over slugs or `project:KEY`; `!` before it
            excludes what it matches.
        workspace: The workspace of an item that does not name its own.

    Raises:
        ValueError: It is none of these, or its workspace is unknown.
    """
    if text.startswith("!"):
        return Exclusion(_named(text[1:], workspace))
    return _named(text, workspace)


def named(text: str, workspace: str | None) -> Repository | Glob:
    """Read a slug, `workspace/slug` or a pattern, where a project is not allowed."""
    if text.startswith(_PROJECT_PREFIX):
        raise ValueError(f"{quoted(text)} is a project; only slugs and patterns are allowed here")
    owner, slash, rest = text.rpartition("/")
    if "," in text:
        raise ValueError(f"{quoted(text)} is one item; write a YAML list or a JSON array")
    owner = slug(owner) if slash else _required(workspace, text)
    if is_glob(rest):
        if not _GLOB.fullmatch(rest):
            message = f"{quoted(text)} is not a valid pattern; expected for example svc-* or *"
            raise ValueError(message)
        return Glob(owner, rest)
    return Repository(owner, slug(rest))


def project(
    key: str, workspace: str | None, exclude: tuple[Repository | Glob, ...] = ()
) -> Project:
    """Read the key of a project."""
    if not _PROJECT.fullmatch(key):
        raise ValueError(
            f"{quoted(key)} is not a valid project key; expected for example project:PLAT"
        )
    return Project(_required(workspace, key), key, exclude)


def check_selection(items: tuple[SelectionItem, ...]) -> tuple[SelectionItem, ...]:
    """Return the items unchanged, if they select anything.

    Raises:
        ValueError: The list is empty, or holds exclusions only.
    """
    if all(isinstance(each, Exclusion) for each in items):
        raise ValueError("selects no repository; list some, or * for the whole workspace")
    return items


def _named(text: str, workspace: str | None) -> Named:
    if text.startswith(_PROJECT_PREFIX):
        return project(text.removeprefix(_PROJECT_PREFIX), workspace)
    return named(text, workspace)


def _required(workspace: str | None, text: str) -> str:
    if workspace is None:
        raise ValueError(f"{quoted(text)} has no workspace; set WORKSPACE")
    return workspace
