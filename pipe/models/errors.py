"""Exit codes, and failures: what happened, why, and what to do."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace


class ExitCode(IntEnum):
    """The exit codes: a contract with users (README, "Exit codes")."""

    OK = 0
    UNEXPECTED = 1
    CONFIGURATION = 2
    PERMISSION = 3
    DRIFT = 4
    INCOMPLETE = 5
    GAVE_UP = 6
    REFUSED = 7


PRECEDENCE: Final = (
    ExitCode.UNEXPECTED,
    ExitCode.PERMISSION,
    ExitCode.GAVE_UP,
    ExitCode.REFUSED,
    ExitCode.INCOMPLETE,
    ExitCode.DRIFT,
)
"""Which code wins when several apply. A configuration error is alone: nothing was sent."""


def most_important(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that the run exits with, given the codes of its parts."""
    present = set(codes)
    return next((code for code in PRECEDENCE if code in present), ExitCode.OK)


class Problem(Struct, frozen=True):
    """A failure, described so that the reader can act; built positionally by the catalogues.

    Attributes:
        key: A stable name: the heading of its entry in docs/troubleshooting.md.
        code: The exit code of the run, unless a more important one applies.
        what: What failed, one sentence.
        why: The reason, with Bitbucket's message where there is one; may be empty.
        remedy: What to do.
        ends_run: Later repositories would fail the same way: the run stops before them.
        is_drift: `check` reports it as drift, not as a failure.
    """

    key: str
    code: ExitCode
    what: str
    why: str
    remedy: str
    ends_run: bool = False
    is_drift: bool = False


class PipeError(Exception):
    """A failure that ends the work on what was being done; it carries its `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class RunOverError(PipeError):
    """A failure that ends the whole run: time or quota ran out, or it was stopped."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(replace(problem, ends_run=True))


class ConfigError(Struct, frozen=True):
    """One thing wrong with the settings.

    Attributes:
        source: The variable, or `file:line:column path`.
        message: What is wrong and what was expected; never the value of a secret.
    """

    source: str
    message: str


class ConfigurationError(Exception):
    """The configuration is invalid; nothing was sent.

    Attributes:
        errors: All of them.
    """

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        super().__init__(f"{len(errors)} configuration errors")
        self.errors = errors
