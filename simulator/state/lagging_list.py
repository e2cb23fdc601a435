"""What a list shows: after a write the old state for a while, or nothing, or in any order."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from simulator.http import Json

Documents = tuple["Json", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far a list stays behind.

    Attributes:
        seconds: A write does not show for so long.
        reads: A write does not show for so many reads of the first page.
        empty: So many reads of the first page show nothing at all after a write.
    """

    seconds: float
    reads: int
    empty: int

    def __bool__(self) -> bool:
        return bool(self.seconds or self.reads or self.empty)


@dataclass(slots=True)
class LaggingList:
    """The memory of one list.

    Attributes:
        old: What the list shows until it has caught up; `None`: it is up to date.
        until: Time from which it may catch up.
        reads: Reads that still show `old`.
        empty: Reads that still show nothing.
        walk: What the first page was taken from, for the pages after it; `None`: the truth.
    """

    old: Documents | None = None
    until: float = 0.0
    reads: int = 0
    empty: int = 0
    walk: Documents | None = None

    def before_write(self, shown: Documents, lag: Lag, now: float) -> None:
        """Keep what is shown now, since a write is about to come."""
        if self.old is None:
            self.old = shown
        self.until = now + lag.seconds
        self.reads = lag.reads
        self.empty = lag.empty

    def read(
        self, truth: Documents, *, first_page: bool, now: float, shuffle: Random | None
    ) -> Documents:
        """Return what a reader sees.

        Args:
            truth: What there really is.
            first_page: Whether a new walk through the pages begins.
            now: Time in seconds.
            shuffle: What to draw an order from; `None` keeps the order.
        """
        if not first_page:
            return truth if self.walk is None else self.walk
        shown = self._shown(truth, now)
        if shuffle is not None:
            shown = tuple(shuffle.sample(shown, len(shown)))
        self.walk = None if shown is truth else shown
        return shown

    def _shown(self, truth: Documents, now: float) -> Documents:
        if self.empty > 0:
            self.empty -= 1
            return ()
        if self.old is None:
            return truth
        if now < self.until or self.reads > 0:
            self.reads = max(0, self.reads - 1)
            return self.old
        self.old = None
        return truth
