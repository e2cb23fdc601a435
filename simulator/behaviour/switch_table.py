"""The switches as a table: to describe them, to read and to write their values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from simulator.behaviour.facts import FACTS, Certainty
from simulator.behaviour.switches import Switches, SwitchValue


@dataclass(frozen=True, slots=True)
class SwitchInfo:
    """One switch, described.

    Attributes:
        name: As in `Switches`.
        meaning: One or two sentences.
        values: What it can be set to; a number is described.
        default: Its value under the profile `observed`.
        certainty: How sure the default is.
        samples: Values that random switches are drawn from.
    """

    name: str
    meaning: str
    values: tuple[str, ...]
    default: SwitchValue
    certainty: Certainty
    samples: tuple[SwitchValue, ...]


class SwitchError(ValueError):
    """A switch that does not exist, or a value that it does not take."""


def describe() -> tuple[SwitchInfo, ...]:
    """Describe every switch, in the order in which they are defined."""
    return _DESCRIBED


def parse_switch(name: str, text: str) -> SwitchValue:
    """Turn the text of one switch into its value.

    Raises:
        SwitchError: There is no such switch, or it does not take this value.
    """
    info = next((each for each in describe() if each.name == name), None)
    if info is None:
        message = f"There is no switch {name!r}; --list-switches shows them all."
        raise SwitchError(message)
    try:
        return _parse(info.default, text.strip().lower())
    except (ValueError, KeyError):
        message = f"Switch {name!r} does not take {text!r}; it takes {' | '.join(info.values)}."
        raise SwitchError(message) from None


def _parse(like: SwitchValue, text: str) -> SwitchValue:
    if isinstance(like, bool):
        return {"true": True, "false": False}[text]
    if isinstance(like, StrEnum):
        return type(like)(text)
    number = type(like)(text)
    if not 0 <= number < float("inf"):
        raise ValueError(text)
    return number


def _values(like: SwitchValue) -> tuple[str, ...]:
    if isinstance(like, float):
        return ("seconds from 0",)
    if isinstance(like, int) and not isinstance(like, bool):
        return ("a number from 0",)
    return tuple(show(value) for value in _all_values(like))


def _all_values(like: SwitchValue) -> tuple[SwitchValue, ...]:
    return tuple(type(like)) if isinstance(like, StrEnum) else (False, True)


def show(value: SwitchValue) -> str:
    """Write the value of a switch as it is read."""
    return str(value).lower()


def _describe() -> tuple[SwitchInfo, ...]:
    infos = []
    for each in fields(Switches):
        fact = FACTS[each.name]
        default: SwitchValue = getattr(Switches(), each.name)
        infos.append(
            SwitchInfo(
                name=each.name,
                meaning=fact.meaning,
                values=_values(default),
                default=default,
                certainty=fact.certainty,
                samples=fact.samples or _all_values(default),
            )
        )
    return tuple(infos)


_DESCRIBED: Final = _describe()
