"""Collects configuration errors, so that all of them are reported together."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from pipe.models.errors import ConfigError
from pipe.parsing.lists import InvalidItemsError
from pipe.parsing.suggestions import quoted

Value = TypeVar("Value")


class ErrorCollector:
    """The errors found so far."""

    def __init__(self) -> None:
        self._errors: list[ConfigError] = []

    def add(self, source: str, message: str) -> None:
        """Add one error."""
        self._errors.append(ConfigError(source, message))

    def extend(self, errors: Iterable[ConfigError]) -> None:
        """Add several errors."""
        self._errors += errors

    def add_exception(self, source: str, error: Exception) -> None:
        """Add what an exception says; errors of list items bring their own sources."""
        if isinstance(error, InvalidItemsError):
            self.extend(error.errors)
        else:
            self.add(source, str(error))

    def attempt(self, source: str, read: Callable[[], Value]) -> Value | None:
        """Return what `read` returns; if it raises `ValueError`, add that and return `None`."""
        try:
            return read()
        except ValueError as error:
            self.add_exception(source, error)
            return None

    def found(self) -> tuple[ConfigError, ...]:
        """Return all errors in the order they were added, each once."""
        return tuple(dict.fromkeys(self._errors))


def read_text(
    name: str, path: str, files: Callable[[str], str], errors: ErrorCollector
) -> str | None:
    """Read the file that a variable names; if that fails, add the error and return `None`."""
    try:
        text = files(path)
    except UnicodeDecodeError:
        errors.add(name, f"{quoted(path)} is not valid UTF-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        errors.add(
            name,
            f"{quoted(path)} cannot be read: {reason}; paths are relative to the working directory",
        )
    else:
        if "\0" not in text:
            return text.removeprefix("\ufeff")
        errors.add(name, f"{quoted(path)} contains a NUL character; it is not a text file")
    return None
