"""Gathers everything that is wrong, so that all of it is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pipe.errors import Fault
from pipe.reading.entries import EntryFaultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Value = TypeVar("Value")


class Faults:
    """The faults found so far."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, where: str, message: str) -> None:
        """Remember one fault."""
        self._found.append(Fault(where, message))

    def extend(self, faults: Iterable[Fault]) -> None:
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
        if isinstance(error, EntryFaultsError):
            self.extend(error.faults)
        else:
            self.add(where, str(error))

    def found(self) -> tuple[Fault, ...]:
        """Return all of them, in the order they were found, each once."""
        return tuple(dict.fromkeys(self._found))
