"""Reading documents that people write: seed files and the bodies of the control calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulator.http import Json

_OBJECT: Final = "an object"
_LIST: Final = "a list"
_TEXT: Final = "a text"
_FLAG: Final = "true or false"
_NUMBER: Final = "a number from 0"
_WHOLE: Final = "a whole number from 0"
_SCALAR: Final = "a text, a number, true or false"


class DocumentError(ValueError):
    """A document that does not say what it should; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A value and where it stands, with a question for each form it may have.

    Every method raises `DocumentError` when the value has another form.
    """

    value: Json
    where: str

    def _must_be(self, wanted: str) -> DocumentError:
        message = f"{self.where} must be {wanted}"
        return DocumentError(message)

    def fields(self, *known: str) -> dict[str, Reader]:
        """Return the fields of an object that are given; others than the known are refused."""
        fields = self.entries()
        for name in fields:
            if name not in known:
                message = f"{self.where} has an unknown key {name!r}; known: {', '.join(known)}"
                raise DocumentError(message)
        return fields

    def entries(self) -> dict[str, Reader]:
        """Return the entries of an object with any keys."""
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise self._must_be(_OBJECT)
        return {str(k): Reader(v, f"{self.where}.{k}") for k, v in self.value.items()}

    def items(self) -> list[Reader]:
        """Return the items of a list."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self._must_be(_LIST)
        return [Reader(item, f"{self.where}[{i}]") for i, item in enumerate(self.value)]

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self._must_be(_TEXT)
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self._must_be(_FLAG)
        return self.value

    def number(self) -> float:
        """Return a number from 0."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._must_be(_NUMBER)
        if not 0 <= self.value < float("inf"):
            raise self._must_be(_NUMBER)
        return self.value

    def count(self) -> int:
        """Return a whole number from 0."""
        number = self.number()
        if number != int(number):
            raise self._must_be(_WHOLE)
        return int(number)

    def texts(self) -> frozenset[str]:
        """Return a list of texts as a set."""
        return frozenset(item.text() for item in self.items())

    def scalar(self) -> str:
        """Return a text, number, true or false as it would be written on a command line."""
        if not isinstance(self.value, str | int | float):
            raise self._must_be(_SCALAR)
        return str(self.value)
