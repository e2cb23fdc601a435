"""Reading paginated lists completely without trusting `next`.

Bitbucket's `next` is known to be missing while there is more, to repeat the current page and to
point past the end (BCLOUD-20796) [sure], and it could name another host. It is therefore never
followed: pages are requested by number, and their values kept by identity, until nothing can be
missing.

A pass over the pages ends when

- `size` values are kept and there is no `next`: the list is complete. With a `next`, `size` may
  count one page only, so pages are requested until one brings nothing new;
- a page is empty;
- the same page is returned again and again, which is how a service answers that ignores `page` or
  returns its last page for any later number;
- a page is shorter than its `pagelen`, `size` does not ask for more, and there is no `next`. A
  `next` that contradicts this costs one more request: a lost value would be worse;
- `size`, `pagelen` and `next` are all missing, for a list that is not paginated. For the others one
  more page is requested, because pages may have any length.

A list in a stable order contains no value twice. So the values received in one pass, repeats
included, are the least number of values to expect, even if `size` is missing. If fewer are kept,
the order changed between two requests (Bitbucket does not define it), and another pass collects
the rest. A list that stays short is an error, never a short list.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Generic, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from pipe.bitbucket.payloads import convert, read_json
from pipe.bitbucket.requests import Answer, Json

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_MAX_PASSES: Final = 20
"""Enough to see each of 250 values in pages of 10, each page a random draw."""
_MAX_STABLE_PASSES: Final = 3
"""If no pass contained a value twice, it is not the order that hides the missing ones."""
_MAX_REPEATS: Final = 5
"""Of the same page: fewer could be chance when short pages come in random order."""
_LONG_PAGE: Final = 10
"""Values that do not come twice in the same order by chance: one repeat is enough."""
_MAX_PAGES: Final = 1000
"""In one pass: an endless list is an error of the service."""


class Page(Struct, Generic[T_co], frozen=True, kw_only=True):
    """One page of a list.

    Attributes:
        values: The values on this page.
        size: The number of values on all pages; `None`: not given.
        length: The maximum number of values on one page; `None`: not given.
        has_next: Whether the page has a `next`.
    """

    values: tuple[T_co, ...] = ()
    size: int | None = None
    length: int | None = None
    has_next: bool = False


class FetchPage(Struct, frozen=True):
    """A page is needed.

    Attributes:
        number: Its number, from 1.
        expected_pages: How many pages the list seems to have; 0 where that is not known. Pages up
            to it may be fetched together with this one.
    """

    number: int
    expected_pages: int = 0


class Complete(Struct, Generic[T_co], frozen=True):
    """All values, in the order in which they were first received."""

    values: tuple[T_co, ...]


class Incomplete(Struct, frozen=True):
    """Values are missing and not obtainable; `size` is `None` for an endless list."""

    found: int
    size: int | None


class _Pass(Struct, frozen=True, kw_only=True):
    """State of one pass over the pages.

    Attributes:
        pages: The number of pages received.
        received: The number of values received, counting repeats except those of a repeated page.
        names: The identities of the values.
        last: The identities on the last page, in its order.
        repeats: How often in a row the last page had come before.
        size: The last `size` received.
    """

    pages: int = 0
    received: int = 0
    names: frozenset[str] = frozenset()
    last: tuple[str, ...] = ()
    repeats: int = 0
    size: int | None = None

    def add(self, names: tuple[str, ...], size: int | None) -> _Pass:
        """Return the state after a page with these values."""
        size = self.size if size is None else size
        if names and names == self.last:
            return replace(self, pages=self.pages + 1, repeats=self.repeats + 1, size=size)
        # Another page follows, so the repeats were chance and count as values.
        by_chance = self.repeats * len(self.last)
        return _Pass(
            pages=self.pages + 1,
            received=self.received + by_chance + len(names),
            names=self.names | set(names),
            last=names,
            size=size,
        )


class Listing(Struct, Generic[T], frozen=True, kw_only=True):
    """A list being read: immutable, `add` returns the next state.

    Attributes:
        identity: Returns what makes two values the same.
        paginated: Whether the list is known to come in pages.
        step: What to do next.
    """

    identity: Callable[[T], str]
    paginated: bool = True
    step: FetchPage | Complete[T] | Incomplete = FetchPage(1)
    _kept: dict[str, T] = {}
    _expected: int = 0
    _overlapped: bool = False
    _passes: int = 1
    _pass: _Pass = _Pass()

    def add(self, page: Page[T]) -> Listing[T]:
        """Return the state after the page that the last `FetchPage` asked for."""
        found = {self.identity(value): value for value in page.values}
        kept = {**self._kept, **found}
        # A smaller `size` is wrong, or does not count values deleted since.
        size = page.size if page.size is not None and page.size >= len(kept) else None
        current = self._pass.add(tuple(found), size)
        after = replace(self, _kept=kept, _pass=current)
        is_new = len(kept) > len(self._kept)
        if size == len(kept) and not (page.has_next and is_new):
            return after.completed()
        if self._passes > 1 and len(kept) >= self._expected:
            return after.completed()
        max_repeats = 1 if len(found) >= _LONG_PAGE else _MAX_REPEATS
        if not found or current.repeats == max_repeats or self._is_last(page, size):
            return after.pass_ended()
        if current.pages == _MAX_PAGES:
            return replace(after, step=Incomplete(len(kept), None))
        return replace(after, step=FetchPage(current.pages + 1, _expected_pages(page)))

    def _is_last(self, page: Page[T], size: int | None) -> bool:
        if size is not None or page.has_next:
            return False
        if page.length is None:
            return not self.paginated
        return len(page.values) < page.length

    def completed(self) -> Listing[T]:
        """Return the state when no value can be missing."""
        return replace(self, step=Complete(tuple(self._kept.values())))

    def pass_ended(self) -> Listing[T]:
        """Return the state after the last page of a pass: complete, or another pass."""
        # The latest pass decides the length: the list may have changed since the one before.
        expected = max(self._pass.received, self._pass.size or 0)
        if len(self._kept) >= expected:
            return self.completed()
        overlapped = self._overlapped or self._pass.received > len(self._pass.names)
        if self._passes == (_MAX_PASSES if overlapped else _MAX_STABLE_PASSES):
            return replace(self, step=Incomplete(len(self._kept), expected))
        return replace(
            self,
            step=FetchPage(1),
            _expected=expected,
            _overlapped=overlapped,
            _passes=self._passes + 1,
            _pass=_Pass(),
        )


def _expected_pages(page: Page[T]) -> int:
    """Return the number of pages of a list, as far as a full page tells it; else 0."""
    if page.size is None or not page.length or len(page.values) != page.length:
        return 0
    return math.ceil(page.size / page.length)


class _PageBody(Struct):
    values: list[object]
    size: object = None
    pagelen: object = None
    next: object = None


def page_parser(read: Callable[[Json], T]) -> Callable[[Answer], Page[T]]:
    """Return a parser of pages from a reader of one value; only `values` is required."""

    def parse(answer: Answer) -> Page[T]:
        body = convert(read_json(answer.body), _PageBody)
        return Page(
            values=tuple(read(cast("Json", each)) for each in body.values),
            size=_count(body.size),
            length=_count(body.pagelen),
            has_next=isinstance(body.next, str),
        )

    return parse


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value
