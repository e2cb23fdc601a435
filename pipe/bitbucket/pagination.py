"""Lists that come in pages, put together without believing `next`.

Bitbucket's `next` is known to be missing while there is more, to repeat the current page and to
point past the end (BCLOUD-20796), and it could name another host. So it is never followed: pages
are asked for by number, their values kept by identity, until it is certain that nothing is missing.

When is a pass over the pages at its end?

- `size` values are kept: the list is complete, whatever else the answer claims.
- A page is empty.
- The same page comes again and again, which is how a service answers that ignores `page`, or that
  gives its last page to whoever asks for a later one.
- A page is shorter than the `pagelen` it states, and `size` does not ask for more. A `next` that
  contradicts this is followed up with one request: a lost value would be worse.
- `size`, `pagelen` and `next` are all missing: for a list that is not paged by contract, the end.
  For the others one more page is asked for: a service that cuts pages may cut them at any length,
  so no number of values proves that they were all. Complete lists come before saved requests;
  Bitbucket does send `size` and `pagelen`, so in practice this costs nothing.

When a pass has ended, is the list complete? A list in a stable order has no value twice. So the
values received in one pass, counted with repeats, tell how long the list must be at least, even if
`size` is missing. If fewer are kept, the order changed between two requests (it is undefined), and
another pass collects what slipped through. A list that stays short is an error, never a short list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pipe.bitbucket.payloads import read_json
from pipe.bitbucket.requests import Answer, Json, UnparseableError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_MAX_PASSES: Final = 20
"""Enough for 250 values in pages of 10, each page a random draw, to be seen with certainty."""
_MAX_STABLE_PASSES: Final = 3
"""When no pass saw a value twice, the order is not what hides the missing ones."""
_MAX_REPEATS: Final = 5
"""Of the same page: fewer could be chance where short pages come in random order."""
_MAX_PAGES: Final = 1000
"""Of one pass: a list without end is a fault of the service."""


class Page(Struct, Generic[T_co], frozen=True, kw_only=True):
    """One page, as told.

    Attributes:
        values: What is on it.
        size: How many there are on all pages, where told.
        length: How many one page holds at most, where told.
        has_next: Whether there was a `next`.
    """

    values: tuple[T_co, ...] = ()
    size: int | None = None
    length: int | None = None
    has_next: bool = False


class Ask(Struct, frozen=True):
    """The page with this number is needed."""

    number: int


class Complete(Struct, Generic[T_co], frozen=True):
    """All values, in the order in which they first came."""

    values: tuple[T_co, ...]


class Incomplete(Struct, frozen=True):
    """Values are missing and do not come; `size` is `None` for a list without end."""

    found: int
    size: int | None


class _Pass(Struct, frozen=True, kw_only=True):
    """What one pass over the pages has brought so far.

    Attributes:
        pages: How many pages.
        received: How many values, repeats counted, but not those of a page that only came again.
        names: The identities of the values.
        last: Those of the last page, in its order.
        repeats: How often the last page had come before without a break.
        size: What was last told of the whole list.
    """

    pages: int = 0
    received: int = 0
    names: frozenset[str] = frozenset()
    last: tuple[str, ...] = ()
    repeats: int = 0
    size: int | None = None

    def after(self, names: tuple[str, ...], size: int | None) -> _Pass:
        told = self.size if size is None else size
        if names and names == self.last:
            return replace(self, pages=self.pages + 1, repeats=self.repeats + 1, size=told)
        # The repeats were no repeats but chance if something else follows.
        chance = self.repeats * len(self.last)
        return _Pass(
            pages=self.pages + 1,
            received=self.received + chance + len(names),
            names=self.names | set(names),
            last=names,
            size=told,
        )


class Listing(Struct, Generic[T], frozen=True, kw_only=True):
    """A list on its way: immutable, `take` returns the next state.

    Attributes:
        identity: What makes two values the same.
        paged: Whether the list is known to come in pages.
        step: What to do now.
    """

    identity: Callable[[T], str]
    paged: bool = True
    step: Ask | Complete[T] | Incomplete = Ask(1)
    _kept: dict[str, T] = {}
    _expected: int = 0
    _overlapped: bool = False
    _passes: int = 1
    _pass: _Pass = _Pass()

    def take(self, page: Page[T]) -> Listing[T]:
        """Return the state after this page, the answer to the last `Ask`."""
        found = {self.identity(value): value for value in page.values}
        kept = {**self._kept, **found}
        # A `size` below what was seen is wrong, or counts what was deleted meanwhile.
        size = page.size if page.size is not None and page.size >= len(kept) else None
        now = self._pass.after(tuple(found), size)
        after = replace(self, _kept=kept, _pass=now)
        if size == len(kept) or (self._passes > 1 and len(kept) >= self._expected):
            return after.completed()
        if not found or now.repeats == _MAX_REPEATS or self._is_last(page, size):
            return after.looked_through()
        if now.pages == _MAX_PAGES:
            return replace(after, step=Incomplete(len(kept), None))
        return replace(after, step=Ask(now.pages + 1))

    def _is_last(self, page: Page[T], size: int | None) -> bool:
        if size is not None or page.has_next:
            return False
        if page.length is None:
            return not self.paged
        return len(page.values) < page.length

    def completed(self) -> Listing[T]:
        """Return the state when nothing can be missing."""
        return replace(self, step=Complete(tuple(self._kept.values())))

    def looked_through(self) -> Listing[T]:
        """Return the state when the pages have come to an end: complete, or look again."""
        # This pass is the newest word on the length: the list may have changed since the last.
        expected = max(self._pass.received, self._pass.size or 0)
        if len(self._kept) >= expected:
            return self.completed()
        overlapped = self._overlapped or self._pass.received > len(self._pass.names)
        if self._passes == (_MAX_PASSES if overlapped else _MAX_STABLE_PASSES):
            return replace(self, step=Incomplete(len(self._kept), expected))
        return replace(
            self,
            step=Ask(1),
            _expected=expected,
            _overlapped=overlapped,
            _passes=self._passes + 1,
            _pass=_Pass(),
        )


def page_parser(item: Callable[[Json], T]) -> Callable[[Answer], Page[T]]:
    """Return a parser of pages from a parser of one value; only `values` must be there."""

    def parse(answer: Answer) -> Page[T]:
        value = read_json(answer.body)
        values = value.get("values") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(values, list):
            message = "JSON that is not a page of a list"
            raise UnparseableError(message)
        return Page(
            values=tuple(item(each) for each in values),
            size=_count(value.get("size")),
            length=_count(value.get("pagelen")),
            has_next=isinstance(value.get("next"), str),
        )

    return parse


def _count(value: Json) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value
