"""Which repositories, and how several are handled at the same time without changing the result."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, TypeVar, assert_never

from pipe import refusals
from pipe.bitbucket.protocol import Rejected
from pipe.declaration import Repository
from pipe.errors import PipeError
from pipe.globs import glob_matches
from pipe.selection import Exclusion, Glob, Project, Slug, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pipe.bitbucket.api import Bitbucket
    from pipe.selection import Named, Selection

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL_SECONDS: Final = 0.1


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
        raise PipeError(refusals.nothing_selected())
    return tuple(sorted(chosen))


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
                raise PipeError(refusals.workspace_refused(workspace, listed))
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
        return _named(lists, item)
    return {each for each in chosen if matches(item, each)}


def in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    waiting: Callable[[int], bool],
) -> Iterator[Result]:
    """Call the function for each item, several at a time; yield the results in the items' order.

    The threads are daemons: a run that is told to stop need not wait for an answer that never
    comes.

    Args:
        function: Called in one of the threads.
        items: Taken all at once.
        workers: The number of threads, at most one for each item.
        waiting: Called with the number of results so far, several times a second while none
            comes; `False` ends the wait for all that is still missing.
    """
    todo: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    futures: deque[Future[Result]] = deque()
    for item in items:
        future: Future[Result] = Future()
        futures.append(future)
        todo.put((future, item))
    for _ in range(min(workers, len(futures))):
        todo.put(None)
        Thread(target=_work, args=(function, todo), daemon=True).start()
    done = 0
    while futures:
        try:
            result = futures[0].result(timeout=_POLL_SECONDS)
        except NotYet:
            if not waiting(done):
                return
        else:
            futures.popleft()
            done += 1
            yield result


def _work(
    function: Callable[[Item], Result], todo: SimpleQueue[tuple[Future[Result], Item] | None]
) -> None:
    while (task := todo.get()) is not None:
        future, item = task
        try:
            future.set_result(function(item))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
            future.set_exception(error)
