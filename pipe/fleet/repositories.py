"""Select the repositories of a run, and the share of one parallel step."""

from collections.abc import Callable
from functools import cache, partial
from typing import TypeAlias

from pipe.bitbucket.api import Bitbucket
from pipe.bitbucket.rejections import rejection_about
from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError
from pipe.models.selection import (
    Exclusion,
    Glob,
    Named,
    Project,
    Selection,
    glob_matches,
    matches,
)
from pipe.planning import problems

Slugs: TypeAlias = Callable[[str, str | None], tuple[str, ...]]
"""Returns the slugs of the repositories of a workspace, or of one of its projects."""


def resolve(api: Bitbucket, selection: Selection) -> tuple[Repository, ...]:
    """Return the selected repositories, sorted and without duplicates.

    A workspace is listed only for a pattern or a project.

    Raises:
        PipeError: A workspace can't be listed, or nothing is selected.
    """
    slugs = cache(partial(_list_slugs, api))  # each workspace or project is listed once
    chosen: set[Repository] = set()
    for item in selection.items:
        if not isinstance(item, Exclusion):
            chosen |= _named(slugs, item)
    for item in selection.items:
        if isinstance(item, Exclusion):
            chosen -= _excluded(slugs, item.of, chosen)
    if not chosen:
        raise PipeError(problems.nothing_selected())
    # Slugs are case-insensitive: two spellings are one repository.
    return tuple(sorted({str(each).casefold(): each for each in sorted(chosen)}.values()))


def share(
    repositories: tuple[Repository, ...],
    *,
    parallel: tuple[int, int] | None,
    start_at: Repository | None,
) -> tuple[Repository, ...]:
    """Return the repositories that this parallel step handles, from `start_at` on.

    Args:
        repositories: All that are selected, sorted.
        parallel: The index of this step, from 0, and the number of steps. A step may get nothing.
        start_at: The first repository to handle; an earlier run handled those before it.

    Raises:
        PipeError: `start_at` comes after all of them.
    """
    if start_at is not None and start_at > repositories[-1]:
        raise PipeError(problems.nothing_from_start(start_at, repositories[-1]))
    step, count = parallel or (0, 1)
    return tuple(each for each in repositories[step::count] if start_at is None or each >= start_at)


def _list_slugs(api: Bitbucket, workspace: str, project_key: str | None) -> tuple[str, ...]:
    listed = api.repositories(workspace, project_key)
    if isinstance(listed, Rejected):
        doing = f"list the repositories of the workspace {workspace}"
        subject = f"The workspace {workspace}"
        raise PipeError(rejection_about(doing, subject, listed))
    return listed


def _named(slugs: Slugs, item: Named) -> set[Repository]:
    match item:
        case Repository():
            return {item}
        case Glob(workspace, pattern):
            return {
                Repository(workspace, slug)
                for slug in slugs(workspace, None)
                if glob_matches(pattern, slug)
            }
        case Project(workspace, key, exclude):
            members = {Repository(workspace, slug) for slug in slugs(workspace, key)}
            return {each for each in members if not any(matches(out, each) for out in exclude)}


def _excluded(slugs: Slugs, item: Named, chosen: set[Repository]) -> set[Repository]:
    """Return the chosen repositories that an exclusion matches; only a project is listed."""
    if isinstance(item, Project):
        members = {str(each).casefold() for each in _named(slugs, item)}
        return {each for each in chosen if str(each).casefold() in members}
    return {each for each in chosen if matches(item, each)}
