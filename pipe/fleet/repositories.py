"""Which repositories a run is for: those selected, and of these the share of a parallel step."""

from __future__ import annotations

from typing import assert_never

from pipe.bitbucket.client import Bitbucket
from pipe.bitbucket.requests import Rejected
from pipe.models.declaration import Repository
from pipe.models.errors import PipeError
from pipe.models.selection import (
    Exclusion,
    Glob,
    Named,
    Project,
    Selection,
    Slug,
    glob_matches,
    matches,
)
from pipe.planning import problems


def resolve(api: Bitbucket, selection: Selection) -> tuple[Repository, ...]:
    """Return the repositories meant, sorted, each once; list only where a list is needed.

    Raises:
        PipeError: A workspace can't be listed, or nothing is selected.
    """
    lists = _Lists(api)
    chosen: set[Repository] = set()
    for item in selection.items:
        if not isinstance(item, Exclusion):
            chosen |= _named(lists, item)
    for item in selection.items:
        if isinstance(item, Exclusion):
            chosen -= _excluded(lists, item.of, chosen)
    if not chosen:
        raise PipeError(problems.nothing_selected())
    # Bitbucket's slugs know no case: written in two ways, a repository is still one.
    return tuple(sorted({str(each).casefold(): each for each in sorted(chosen)}.values()))


def share(
    repositories: tuple[Repository, ...],
    *,
    parallel: tuple[int, int] | None,
    start_at: Repository | None,
) -> tuple[Repository, ...]:
    """Return what this one of several parallel steps takes on, beginning where it was told to.

    Args:
        repositories: All that are selected, sorted.
        parallel: Which step of how many, from 0. A step may get nothing: that is no mistake.
        start_at: The first repository; those before it were handled by an earlier run.

    Raises:
        PipeError: `start_at` lies behind them all.
    """
    if start_at is not None and start_at > repositories[-1]:
        raise PipeError(problems.nothing_from_start(start_at, repositories[-1]))
    step, count = parallel or (0, 1)
    return tuple(each for each in repositories[step::count] if start_at is None or each >= start_at)


class _Lists:
    """The lists of repositories, each asked for once however many items need it."""

    def __init__(self, api: Bitbucket) -> None:
        self._api = api
        self._known: dict[tuple[str, str | None], tuple[str, ...]] = {}

    def slugs(self, workspace: str, project_key: str | None) -> tuple[str, ...]:
        key = (workspace, project_key)
        if key not in self._known:
            listed = self._api.repositories(workspace, project_key)
            if isinstance(listed, Rejected):
                raise PipeError(problems.workspace_refused(workspace, listed))
            self._known[key] = listed
        return self._known[key]


def _named(lists: _Lists, item: Named) -> set[Repository]:
    match item:
        case Slug(workspace, slug):
            return {Repository(workspace, slug)}
        case Glob(workspace, pattern):
            return {
                Repository(workspace, slug)
                for slug in lists.slugs(workspace, None)
                if glob_matches(pattern, slug)
            }
        case Project(workspace, key, exclude):
            members = {Repository(workspace, slug) for slug in lists.slugs(workspace, key)}
            return {each for each in members if not any(matches(out, each) for out in exclude)}
        case _:
            assert_never(item)


def _excluded(lists: _Lists, item: Named, chosen: set[Repository]) -> set[Repository]:
    """Return what an exclusion takes away; a name or pattern needs no list for that."""
    if isinstance(item, Project):
        members = {str(each).casefold() for each in _named(lists, item)}
        return {each for each in chosen if str(each).casefold() in members}
    return {each for each in chosen if matches(item, each)}
