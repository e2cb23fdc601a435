"""Selects the repositories of a run (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from pipe.models.selection import Item, Selection, Slug, Workspace
from pipe.parsing.errors import ConfigErrors
from pipe.parsing.lists import ListItem
from pipe.parsing.repositories import check_selection, item, slug
from pipe.settings.model import Options

PLACEHOLDER: Final = Slug("unknown", "unknown")
"""Replaces what is invalid and reported already, so that no second error follows from it."""


def read_workspace(
    options: Options, failed: frozenset[str], environ: Mapping[str, str], errors: ConfigErrors
) -> Workspace:
    """Read the workspace from `WORKSPACE` or `REPO_SLUG`, else from `BITBUCKET_WORKSPACE`."""
    if failed & {"workspace", "repo_slug"}:
        return Workspace(given=PLACEHOLDER.workspace, around=None)
    named = options.repo_slug.workspace if options.repo_slug is not None else None
    given = options.workspace or named
    if named is not None and given is not None and named.casefold() != given.casefold():
        errors.add("REPO_SLUG", f"names another workspace than WORKSPACE, {given}; remove one")
    if given is not None:
        return Workspace(given=given, around=None)
    return Workspace(given=None, around=_from_pipelines("BITBUCKET_WORKSPACE", environ, errors))


def select(
    options: Options,
    failed: frozenset[str],
    workspace: str | None,
    items: tuple[Item, ...] | None,
    environ: Mapping[str, str],
    errors: ConfigErrors,
) -> Selection | None:
    """Return the repositories of the run, or `None` after adding an error.

    Args:
        options: `REPO_SLUG` and `REPOSITORIES` override everything else.
        failed: The invalid fields of the options.
        workspace: Of repositories that do not name their own; `None`: unknown.
        items: Those of the configuration file; `None`: it lists none.
        environ: `BITBUCKET_REPO_SLUG` is the default.
        errors: Gets what is wrong.
    """
    if failed & {"repo_slug", "repositories"}:
        return None
    if options.repositories is not None:
        return _listed(options, options.repositories, workspace, errors)
    if options.repo_slug is None and items is not None:
        return Selection(items=items)
    if options.repo_slug is not None:
        repository: str | None = options.repo_slug.slug
    else:
        repository = _from_pipelines("BITBUCKET_REPO_SLUG", environ, errors)
    if workspace is None:
        errors.add("WORKSPACE", "required outside Bitbucket Pipelines")
    if repository is None:
        errors.add("REPO_SLUG", "required outside Bitbucket Pipelines")
    if workspace is None or repository is None:
        return None
    return Selection(items=(Slug(workspace, repository),))


def _listed(
    options: Options, listed: tuple[ListItem, ...], workspace: str | None, errors: ConfigErrors
) -> Selection | None:
    if options.repo_slug is not None:
        errors.add("REPOSITORIES", "REPOSITORIES and REPO_SLUG are mutually exclusive")
        return None
    selected = tuple(
        one
        for each in listed
        if (one := errors.attempt(each.source, partial(item, str(each.value), workspace)))
    )
    if len(selected) < len(listed):
        return None
    return errors.attempt("REPOSITORIES", lambda: Selection(items=check_selection(selected)))


def _from_pipelines(name: str, environ: Mapping[str, str], errors: ConfigErrors) -> str | None:
    text = environ.get(name, "")
    if not text:
        return None
    return errors.attempt(name, lambda: slug(text)) or PLACEHOLDER.slug
