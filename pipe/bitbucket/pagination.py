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

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Generic, TypeVar, cast

from msgspec import Struct

from pipe.bitbucket.payloads import convert, read_json
from pipe.bitbucket.requests import Answer, Json, Rejected
from pipe.process.parallel import map_parallel

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_MAX_PASSES: Final = 20
"""Enough to see each of 250 values in pages of 10, each page a random draw."""
_MAX_STABLE_PASSES: Final = 3
"""If no pass contained a value twice, it is not the order that hides the missing ones."""
_MAX_REPEATS: Final = 5
"""So many times the same page: fewer could be chance when short pages come in random order."""
_LONG_PAGE: Final = 10
"""Values that do not come twice in the same order by chance: one repeat is enough."""
_MAX_PAGES: Final = 1000
"""One pass reads at most so many: an endless list is an error of the service."""


class Page(Struct, Generic[T_co], frozen=True, kw_only=True):
    """One page of a list.

    Attributes:
        size: The number of values on all pages; `None`: not given.
        length: The maximum number of values on one page; `None`: not given.
    """

    values: tuple[T_co, ...] = ()
    size: int | None = None
    length: int | None = None
    has_next: bool = False


class Incomplete(Struct, frozen=True):
    """Values are missing and not obtainable; `size` is `None` for an endless list."""

    found: int
    size: int | None


class _Pass(Struct):
    """One pass over the pages.

    Attributes:
        received: The number of values received, counting repeats except those of a repeated page.
        names: The identities of the values.
        repeats: How often in a row the last page had come before.
    """

    received: int = 0
    names: set[str] = set()
    repeats: int = 0
    size: int | None = None
    _last: tuple[str, ...] = ()

    def add(self, names: tuple[str, ...], size: int | None) -> None:
        """Add a page with these values."""
        self.size = self.size if size is None else size
        if names and names == self._last:
            self.repeats += 1
            return
        # Another page follows, so the repeats were chance and count as values.
        self.received += self.repeats * len(self._last) + len(names)
        self.names |= set(names)
        self.repeats = 0
        self._last = names


class ListReader(Struct, Generic[T], kw_only=True, eq=False):
    """Reads one list.

    Attributes:
        fetch: Returns the page with a number, from 1.
        identity: Returns what makes two values the same.
        paginated: Whether the list is known to come in pages.
        workers: How many pages to fetch at the same time where their number is known.
    """

    fetch: Callable[[int], Page[T] | Rejected]
    identity: Callable[[T], str]
    paginated: bool = True
    workers: int = 1
    _fetched: dict[int, Page[T] | Rejected] = {}
    _kept: dict[str, T] = {}

    def read(self) -> tuple[T, ...] | Rejected | Incomplete:
        """Return all values, in the order in which they were first received."""
        expected: int | None = None
        overlapped = False
        passes = 0
        while True:
            current = _Pass()
            outcome = self._read_pass(current, expected)
            if outcome is not None:
                return outcome
            # The latest pass decides the length: the list may have changed since the one before.
            expected = max(current.received, current.size or 0)
            if len(self._kept) >= expected:
                return self._values()
            overlapped = overlapped or current.received > len(current.names)
            passes += 1
            if passes == (_MAX_PASSES if overlapped else _MAX_STABLE_PASSES):
                return Incomplete(len(self._kept), expected)

    def _values(self) -> tuple[T, ...]:
        return tuple(self._kept.values())

    def _read_pass(
        self, current: _Pass, expected: int | None
    ) -> tuple[T, ...] | Rejected | Incomplete | None:
        """Read page after page; return `None` after the last one if values may be missing.

        Args:
            current: Receives what is read.
            expected: The number of values that an earlier pass showed to exist.
        """
        pages = 0
        for number in range(1, _MAX_PAGES + 1):
            page = self._page(number, pages)
            if isinstance(page, Rejected):
                if number == 1 or page.status != HTTPStatus.NOT_FOUND:
                    return page
                page = Page()  # some services answer 404 for a page past the end
            kept_before = len(self._kept)
            found = {self.identity(value): value for value in page.values}
            self._kept |= found
            count = len(self._kept)
            # A smaller `size` is wrong, or does not count values deleted since.
            size = page.size if page.size is not None and page.size >= count else None
            current.add(tuple(found), size)
            if size == count and not (page.has_next and count > kept_before):
                return self._values()
            if expected is not None and count >= expected:
                return self._values()
            max_repeats = 1 if len(found) >= _LONG_PAGE else _MAX_REPEATS
            if not found or current.repeats == max_repeats or self._is_last(page, size):
                return None
            pages = _expected_pages(page)
        return Incomplete(len(self._kept), None)

    def _page(self, number: int, expected_pages: int) -> Page[T] | Rejected:
        """Return a page; fetch those after it too, as far as they are expected."""
        if number not in self._fetched:
            last = max(number, min(number + self.workers - 1, expected_pages))
            numbers = range(number, last + 1)
            pages = map_parallel(self.fetch, numbers, workers=self.workers)
            self._fetched = dict(zip(numbers, pages, strict=True))
        return self._fetched.pop(number)

    def _is_last(self, page: Page[T], size: int | None) -> bool:
        if size is not None or page.has_next:
            return False
        if page.length is None:
            return not self.paginated
        return len(page.values) < page.length


def _expected_pages(page: Page[T]) -> int:
    """Return the number of pages of a list, as far as a full page shows it; else 0."""
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
