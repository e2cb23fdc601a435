"""What carrying out a plan needs: Bitbucket's calls, and patience between looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipe.bitbucket.api import Bitbucket
    from pipe.plan import SecretsPolicy

FIRST_PAUSE: Final = 0.25
"""Seconds. A queued change usually shows within a second, so that an immediate look is wasted."""

LOOKS: Final = 6
"""Looks at what should show: 0.25, 0.5, 1, 2, 4 and 8 seconds apart, almost 16 in all. Bitbucket's
lists were seen to lag by one to five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Bitbucket, as seen by those who change it.

    Attributes:
        api: One method a call.
        wait: Waits for some seconds; raises `RunOverError` rather than pass the deadline.
        policy: How secured values are treated.
        force: Whether the user has said that safety refusals are to be passed.
        reviewed: Whether only what was reviewed may be done (`PLAN_CHECKSUM`): what is decided
            anew in the middle of a run is then refused.
    """

    api: Bitbucket
    wait: Callable[[float], None]
    policy: SecretsPolicy
    force: bool = False
    reviewed: bool = False

    def looks(self) -> Iterator[int]:
        """Pause before each look, a little longer each time; end when patience does."""
        for number in range(LOOKS):
            self.wait(FIRST_PAUSE * 2**number)
            yield number

    def tries(self) -> Iterator[int]:
        """Begin at once, then pause before each further try; end when patience does."""
        yield 0
        for number in self.looks():
            yield number + 1
