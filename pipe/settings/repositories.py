"""Which repositories are meant (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from pipe.models.selection import Item, Selection, Slug, Workspace
from pipe.parsing.errors import ConfigErrors
from pipe.parsing.repositories import check_selection, item, slug
from pipe.settings.model import Variables

UNKNOWN: Final = Slug("unknown", "unknown")
"""Stands for what is faulty and told already, so that nothing more is said about it."""


def read_workspace(
    variables: Variables, failed: frozenset[str], environ: Mapping[str, str], faults: ConfigErrors
) -> Workspace:
    """Read the workspace from `WORKSPACE`, or from what Pipelines says."""
    if "workspace" in failed:
        return Workspace(given=UNKNOWN.workspace, around=None)
    if variables.workspace is not None:
        return Workspace(given=variables.workspace, around=None)
    return Workspace(given=None, around=_around("BITBUCKET_WORKSPACE", environ, faults))


def select(
    variables: Variables,
    failed: frozenset[str],
    workspace: str | None,
    items: tuple[Item, ...] | None,
    environ: Mapping[str, str],
    faults: ConfigErrors,
) -> Selection | None:
    """Return the repositories of the run; if they can't be told, remember why.

    Args:
        variables: `REPO_SLUG` and `REPOSITORIES` go before all else.
        failed: The fields that could not be read: nothing follows from them.
        workspace: The workspace that counts; `None`: none is known.
        items: Those of the configuration file, if it has its own.
        environ: What Pipelines says comes last.
        faults: Where to remember what is wrong.
    """
    if failed & {"repo_slug", "repositories"}:
        return None
    if variables.repositories is not None:
        if variables.repo_slug is not None:
            faults.add("REPOSITORIES", "is given beside REPO_SLUG; give one of them")
            return None
        items = tuple(
            one
            for entry in variables.repositories
            if (one := faults.attempt(entry.where, partial(item, str(entry.value), workspace)))
        )
        if len(items) < len(variables.repositories):
            return None
        chosen = items
        return faults.attempt("REPOSITORIES", lambda: Selection(items=check_selection(chosen)))
    if variables.repo_slug is None and items is not None:
        return Selection(items=items)
    return _one(
        variables.repo_slug or _around("BITBUCKET_REPO_SLUG", environ, faults), workspace, faults
    )


def _one(repository: str | None, workspace: str | None, faults: ConfigErrors) -> Selection | None:
    if workspace is None:
        faults.add("WORKSPACE", "is missing; outside of Pipelines it has no default")
    if repository is None:
        faults.add("REPO_SLUG", "is missing; outside of Pipelines it has no default")
    if workspace is None or repository is None:
        return None
    return Selection(items=(Slug(workspace, repository),))


def _around(name: str, environ: Mapping[str, str], faults: ConfigErrors) -> str | None:
    text = environ.get(name, "")
    if not text:
        return None
    return faults.attempt(name, lambda: slug(text)) or UNKNOWN.slug
