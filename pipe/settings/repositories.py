"""Selects the repositories of a run (pure)."""

from functools import partial
from typing import Final

from pipe.models.declaration import Repository
from pipe.models.selection import Selection, SelectionItem, Workspace
from pipe.parsing.lists import ListItem
from pipe.parsing.repositories import check_selection, item, slug
from pipe.settings.source import GivenVariables

PLACEHOLDER: Final = Repository("unknown", "unknown")
"""Replaces what is invalid and reported already, so that no second error follows from it."""


def read_workspace(given: GivenVariables) -> Workspace:
    """Read the workspace from `WORKSPACE` or `REPO_SLUG`, else from `BITBUCKET_WORKSPACE`."""
    if given.invalid & {"workspace", "repo_slug"}:
        return Workspace(explicit=PLACEHOLDER.workspace, default=None)
    options = given.options
    named = options.repo_slug.workspace if options.repo_slug is not None else None
    workspace = options.workspace or named
    if named is not None and workspace is not None and named.casefold() != workspace.casefold():
        message = f"names another workspace than WORKSPACE, {workspace}; remove one"
        given.errors.add("REPO_SLUG", message)
    if workspace is not None:
        return Workspace(explicit=workspace, default=None)
    return Workspace(explicit=None, default=_from_pipelines("BITBUCKET_WORKSPACE", given))


def select(
    given: GivenVariables, workspace: str | None, items: tuple[SelectionItem, ...] | None
) -> Selection | None:
    """Return the repositories of the run, or `None` after adding an error.

    Args:
        given: `REPO_SLUG` and `REPOSITORIES` override everything else, and `BITBUCKET_REPO_SLUG`
            is the default.
        workspace: Of repositories that do not name their own; `None`: unknown.
        items: Those of the configuration file; `None`: it lists none.
    """
    options = given.options
    if given.invalid & {"repo_slug", "repositories"}:
        return None
    if options.repositories is not None:
        return _listed(given, options.repositories, workspace)
    if options.repo_slug is None and items is not None:
        return Selection(items=items)
    if options.repo_slug is not None:
        repository: str | None = options.repo_slug.slug
    else:
        repository = _from_pipelines("BITBUCKET_REPO_SLUG", given)
    if workspace is None:
        given.errors.add("WORKSPACE", "required outside Bitbucket Pipelines")
    if repository is None:
        given.errors.add("REPO_SLUG", "required outside Bitbucket Pipelines")
    if workspace is None or repository is None:
        return None
    return Selection(items=(Repository(workspace, repository),))


def _listed(
    given: GivenVariables, listed: tuple[ListItem, ...], workspace: str | None
) -> Selection | None:
    errors = given.errors
    if given.options.repo_slug is not None:
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


def _from_pipelines(name: str, given: GivenVariables) -> str | None:
    text = given.environ.get(name, "")
    if not text:
        return None
    return given.errors.attempt(name, lambda: slug(text)) or PLACEHOLDER.slug
