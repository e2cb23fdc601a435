"""Text → repositories (pure).

Slugs become part of a request's path, so nothing passes that could lead the request elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from pipe.models.selection import Exclusion, Glob, Item, Named, Project, Slug, is_glob
from pipe.parsing.wording import quoted

_SLUG: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]+|\{[0-9A-Fa-f-]+\}")
_GLOB: Final = re.compile(r"[A-Za-z0-9_.*?-]+")
_PROJECT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PROJECT_PREFIX: Final = "project:"


def slug(text: str) -> str:
    """Read the slug (or uuid in braces) of a repository or workspace, as it stands in addresses."""
    if _SLUG.fullmatch(text):
        return text
    if is_glob(text):
        message = (
            f"{quoted(text)} is a pattern, and one is needed here; patterns go into REPOSITORIES"
        )
    else:
        message = (
            f"{quoted(text)} is no slug; write it as in the address: bitbucket.org/WORKSPACE/SLUG"
        )
    raise ValueError(message)


def full_name(text: str) -> str:
    """Read `workspace/slug`."""
    owner, slash, rest = text.partition("/")
    if not slash:
        message = f"{quoted(text)} is not complete; write WORKSPACE/SLUG, as the log does"
        raise ValueError(message)
    return f"{slug(owner)}/{slug(rest)}"


def item(text: str, workspace: str | None) -> Item:
    """Read an item of `REPOSITORIES`.

    Args:
        text: A slug, `workspace/slug`, a pattern over slugs or `project:KEY`, perhaps after `!`.
        workspace: Where an item belongs that doesn't say so itself.

    Raises:
        ValueError: It is none of these, or belongs to no workspace.
    """
    if text.startswith("!"):
        return Exclusion(_named(text[1:], workspace))
    return _named(text, workspace)


def named(text: str, workspace: str | None) -> Slug | Glob:
    """Read a slug, `workspace/slug` or a pattern; for places where a project can't stand."""
    if text.startswith(_PROJECT_PREFIX):
        message = f"{quoted(text)} is a project; only slugs and patterns over slugs can stand here"
        raise ValueError(message)
    owner, slash, rest = text.rpartition("/")
    owner = slug(owner) if slash else _needed(workspace, text)
    if is_glob(rest) and _GLOB.fullmatch(rest):
        return Glob(owner, rest)
    return Slug(owner, slug(rest))


def project(key: str, workspace: str | None, exclude: tuple[Slug | Glob, ...] = ()) -> Project:
    """Read the key of a project."""
    if not _PROJECT.fullmatch(key):
        message = f"{quoted(key)} is no project key; write for example project:PLAT"
        raise ValueError(message)
    return Project(_needed(workspace, key), key, exclude)


def check_selection(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Check that a selection chooses something at all.

    Raises:
        ValueError: It is empty, or only takes away.
    """
    if all(isinstance(each, Exclusion) for each in items):
        message = "chooses no repository; name some, or write * for all of the workspace"
        raise ValueError(message)
    return items


def _named(text: str, workspace: str | None) -> Named:
    if text.startswith(_PROJECT_PREFIX):
        return project(text.removeprefix(_PROJECT_PREFIX), workspace)
    return named(text, workspace)


def _needed(workspace: str | None, text: str) -> str:
    if workspace is None:
        message = f"{quoted(text)} belongs to no known workspace; set WORKSPACE"
        raise ValueError(message)
    return workspace
