"""Gathers everything that is wrong, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from pipe.models.errors import ConfigError
from pipe.parsing.lists import ListItemError
from pipe.parsing.wording import quoted

Value = TypeVar("Value")


class ConfigErrors:
    """The faults found so far."""

    def __init__(self) -> None:
        self._found: list[ConfigError] = []

    def add(self, where: str, message: str) -> None:
        """Remember one fault."""
        self._found.append(ConfigError(where, message))

    def extend(self, faults: Iterable[ConfigError]) -> None:
        """Remember several."""
        self._found += faults

    def attempt(self, where: str, read: Callable[[], Value]) -> Value | None:
        """Return what is read; if that is faulty, remember it and return `None`."""
        try:
            return read()
        except ValueError as error:
            self.tell(where, error)
            return None

    def tell(self, where: str, error: Exception) -> None:
        """Remember what an error says; several faults say themselves where they are."""
        if isinstance(error, ListItemError):
            self.extend(error.faults)
        else:
            self.add(where, str(error))

    def found(self) -> tuple[ConfigError, ...]:
        """Return all of them, in the order they were found, each once."""
        return tuple(dict.fromkeys(self._found))


_LONGEST: Final = 1024 * 1024


def read_text(
    name: str, path: str, files: Callable[[str], str], faults: ConfigErrors
) -> str | None:
    """Read the file that a variable names; if it can't be read, remember why."""
    try:
        text = files(path)
    except UnicodeDecodeError:
        faults.add(name, f"{quoted(path)} is not text in UTF-8")
    except OSError as error:
        faults.add(
            name,
            f"{quoted(path)} can't be read: {error.strerror or type(error).__name__};"
            " the path starts in the clone directory",
        )
    else:
        if len(text) <= _LONGEST:
            return text
        faults.add(name, f"{quoted(path)} is longer than {_LONGEST} characters")
    return None
