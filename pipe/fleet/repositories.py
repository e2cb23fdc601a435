"""Select the repositories of a run, and the share of one parallel step."""

from __future__ import annotations

from pipe.bitbucket import problems as bitbucket_problems
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
    glob_matches,
    matches,
)
from pipe.planning import problems


def resolve(api: Bitbucket, selection: Selection) -> tuple[Repository, ...]:
    """Return the selected repositories, sorted and without duplicates.

    A workspace is listed only for a pattern or a project.

    Raises:
        PipeError: A workspace can't be listed, or nothing is selected.
    """
    listings = _Listings(api)
    chosen: set[Repository] = set()
    for item in selection.items:
        if not isinstance(item, Exclusion):
            chosen |= _named(listings, item)
    for item in selection.items:
        if isinstance(item, Exclusion):
            chosen -= _excluded(listings, item.of, chosen)
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


class _Listings:
    """Lists the repositories of workspaces and projects, each once."""

    def __init__(self, api: Bitbucket) -> None:
        self._api = api
        self._slugs: dict[tuple[str, str | None], tuple[str, ...]] = {}

    def slugs(self, workspace: str, project_key: str | None) -> tuple[str, ...]:
        key = (workspace, project_key)
        if key not in self._slugs:
            listed = self._api.repositories(workspace, project_key)
            if isinstance(listed, Rejected):
                raise PipeError(
                    bitbucket_problems.rejection_about(
                        f"list the repositories of the workspace {workspace}",
                        f"The workspace {workspace}",
                        listed,
                    )
                )
            self._slugs[key] = listed
        return self._slugs[key]


def _named(listings: _Listings, item: Named) -> set[Repository]:
    match item:
        case Repository():
            return {item}
        case Glob(workspace, pattern):
            return {
                Repository(workspace, slug)
                for slug in listings.slugs(workspace, None)
                if glob_matches(pattern, slug)
            }
        case Project(workspace, key, exclude):
            members = {Repository(workspace, slug) for slug in listings.slugs(workspace, key)}
            return {each for each in members if not any(matches(out, each) for out in exclude)}


def _excluded(listings: _Listings, item: Named, chosen: set[Repository]) -> set[Repository]:
    """Return the chosen repositories that an exclusion matches; only a project is listed."""
    if isinstance(item, Project):
        members = {str(each).casefold() for each in _named(listings, item)}
        return {each for each in chosen if str(each).casefold() in members}
    return {each for each in chosen if matches(item, each)}
