"""What a list shows: for a while after a write the old state, or nothing, or in any order."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from msgspec import Struct

from simulator.behaviour.switches import Switches

T = TypeVar("T")


class Lag(Struct, frozen=True, kw_only=True):
    """How far a list stays behind.

    Attributes:
        seconds: How long a write does not show.
        reads: For how many reads of the first page a write does not show.
        empty: How many reads of the first page show nothing at all after a write.
    """

    seconds: float
    reads: int
    empty: int


def environment_lag(switches: Switches) -> Lag:
    """Return how far lists of environments stay behind."""
    return Lag(
        seconds=switches.environment_list_lag_seconds,
        reads=switches.environment_list_lag_reads,
        empty=switches.empty_environment_lists,
    )


def variable_lag(switches: Switches) -> Lag:
    """Return how far lists of variables stay behind."""
    return Lag(
        seconds=switches.variable_list_lag_seconds,
        reads=switches.variable_list_lag_reads,
        empty=switches.empty_variable_lists,
    )


@dataclass(slots=True)
class LaggingList(Generic[T]):
    """The memory of one list.

    Attributes:
        old: What the list shows until it has caught up; `None`: it is up to date.
        until: Time from which it may catch up, in seconds of the simulator's clock.
        reads: Remaining reads that show `old`.
        empty: Remaining reads that show nothing.
        first_shown: What the first page was taken from, for the pages after it; `None`: the truth.
    """

    old: Sequence[T] | None = None
    until: float = 0.0
    reads: int = 0
    empty: int = 0
    first_shown: Sequence[T] | None = None

    def before_write(self, truth: Iterable[T], lag: Lag, now: float) -> None:
        """Keep copies of what is shown now, where the list lags behind the write to come."""
        if not (lag.seconds or lag.reads or lag.empty):
            return
        if self.old is None:
            self.old = [copy(each) for each in truth]
        self.until = now + lag.seconds
        self.reads = lag.reads
        self.empty = lag.empty

    def read(
        self, truth: Sequence[T], *, first_page: bool, now: float, shuffle: Random | None
    ) -> Sequence[T]:
        """Return what a reader sees.

        Args:
            truth: The items that really exist.
            first_page: Whether the first page is requested.
            now: Time in seconds.
            shuffle: Where a random order comes from; `None` keeps the order.
        """
        if not first_page:
            return truth if self.first_shown is None else self.first_shown
        shown = self._shown(truth, now)
        if shuffle is not None:
            shown = shuffle.sample(shown, len(shown))
        self.first_shown = None if shown is truth else shown
        return shown

    def _shown(self, truth: Sequence[T], now: float) -> Sequence[T]:
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
