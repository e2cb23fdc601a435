"""Dependencies of reading and applying: the API client, the polling policy, what is permitted.

What every write to one environment needs is passed as one value, an `EnvironmentWriter`.
"""

from collections.abc import Callable, Iterator
from secrets import token_hex
from typing import Final

from msgspec import Struct, field

from pipe.apply.outcomes import ChangeOutcomes
from pipe.bitbucket.api import Bitbucket
from pipe.models.changes import Change
from pipe.models.declaration import Repository
from pipe.models.existing import ExistingEnvironment
from pipe.planning.variables import SecretsPolicy

FIRST_PAUSE: Final = 0.25
"""Seconds. A queued change usually shows within a second, so an immediate read is wasted."""

POLLS: Final = 6
"""Reads after a write: 0.25, 0.5, 1, 2, 4 and 8 seconds apart, almost 16 in all. Bitbucket's lists
were seen to lag by one to seven seconds."""


_LONG_POLL: Final = 3
"""The poll before which the log says that the run waits: the first three take 1.75 seconds."""


def ignore(_: str) -> None:
    """Log nothing."""


class ApplyContext(Struct, frozen=True, kw_only=True):
    """What reading and applying depend on.

    Attributes:
        wait: Waits for some seconds; raises `RunOverError` rather than exceed the deadline.
        force: Whether safety checks that may be overridden are overridden (`FORCE`).
        reviewed: Whether only what was reviewed may be applied (`PLAN_CHECKSUM`): what is planned
            anew during the run is then refused.
        counted: Whether what is deleted or loosened is limited over several repositories: what is
            planned anew during the run then does neither unless that was counted.
        notify: Logs why the run waits; safe to share between threads.
        workers: How many variables of one owner are written at the same time.
        mark: Identifies this run in the variable that keeps fingerprints.
    """

    api: Bitbucket
    wait: Callable[[float], None]
    policy: SecretsPolicy
    force: bool = False
    reviewed: bool = False
    counted: bool = False
    notify: Callable[[str], None] = ignore
    workers: int = 1
    mark: str = field(default_factory=lambda: token_hex(8))

    def poll(self) -> Iterator[int]:
        """Pause before each read, longer each time; yield the number of the read from 0."""
        for number in range(POLLS):
            if number == _LONG_POLL:
                self.notify("Waiting: Bitbucket's list may not be up to date")
            self.wait(FIRST_PAUSE * 2**number)
            yield number

    def check(self) -> None:
        """Return if the run may go on.

        Raises:
            RunOverError: Its time is over, or it was asked to stop.
        """
        self.wait(0)

    def poll_at_once(self) -> Iterator[int]:
        """Read at once, then pause before each further read; yield its number from 0."""
        yield 0
        for number in self.poll():
            yield number + 1


class EnvironmentWriter(Struct, frozen=True):
    """One environment that is being changed.

    Attributes:
        environment: The environment as it was before the first write.
    """

    context: ApplyContext
    repository: Repository
    environment: ExistingEnvironment
    outcomes: ChangeOutcomes

    @property
    def api(self) -> Bitbucket:
        """Bitbucket's API."""
        return self.context.api

    def begin(self, *changes: Change) -> None:
        """Return if these changes may be made; they are skipped if the run is over.

        Raises:
            RunOverError: It is.
        """
        with self.outcomes.skip_on_error(*changes):
            self.context.check()
