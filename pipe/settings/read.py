"""Variables and files → `Settings`, or every fault at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipe.settings.values import Settings


def read_settings(environ: Mapping[str, str], files: Callable[[str], str]) -> Settings:
    """Read what the run was asked to do.

    Args:
        environ: The variables of the pipe; an empty one counts as not given.
        files: Reads a text file of the clone directory, with its line ends as they are; raises
            `OSError` or `UnicodeDecodeError`.

    Raises:
        ConfigurationError: With everything that is wrong, at once.
    """
    raise NotImplementedError


def known_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return every secret value among the variables, longest first, whatever else is wrong."""
    raise NotImplementedError
