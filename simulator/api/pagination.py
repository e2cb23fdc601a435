"""Pages of a list, `next` included in each of the ways in which it was seen to be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar, assert_never
from urllib.parse import parse_qsl, urlencode

from simulator.api.errors import ApiError
from simulator.behaviour.choices import NextLink, Oversized
from simulator.behaviour.switches import Switches
from simulator.http import Json

OTHER_HOST: Final = "https://other-host.invalid"
"""Where `next` points when it points to another host; nothing can answer there."""

_HUNDRED: Final = 100
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Window:
    """Which page of how many items is asked for; pages count from 1."""

    number: int
    length: int


def window(query: str, default_length: int, switches: Switches) -> Window:
    """Read the page and its length from a query.

    Raises:
        ApiError: 400 when they are no numbers from 1.
    """
    asked = dict(parse_qsl(query, keep_blank_values=True))
    length = _positive(asked.get("pagelen", str(default_length)), "Invalid pagelen")
    if length > _HUNDRED and switches.page_size_over_100 is Oversized.REFUSED:
        raise ApiError(400, "Invalid pagelen")
    number = _positive(asked.get("page", "1"), "Invalid page")
    return Window(number, min(length, switches.max_page_size or _HUNDRED))


def _positive(text: str, message: str) -> int:
    number = whole_number(text)
    if number < 1:
        raise ApiError(400, message)
    return number


def whole_number(text: str) -> int:
    """Return the number that a text says; 0 when it says none, or one that is out of reach."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def page(
    items: Sequence[_T],
    asked: Window,
    address: str,
    query: str,
    switches: Switches,
    write: Callable[[_T], Json],
) -> dict[str, Json]:
    """Return one page as Bitbucket writes it.

    Args:
        items: The whole list.
        asked: Which page.
        address: Address of the list, without a query.
        query: The query that was sent, carried over to `next`.
        switches: What is wrong with `next`, and which keys there are.
        write: Writes one item of the page down.
    """
    start = (asked.number - 1) * asked.length
    document: dict[str, Json] = {
        "values": [write(item) for item in items[start : start + asked.length]]
    }
    if switches.page_has_number:
        document["page"] = asked.number
    if switches.page_has_pagelen:
        document["pagelen"] = asked.length
    if switches.page_has_size:
        document["size"] = len(items)
    target = _next_page(asked.number, start + asked.length < len(items), switches.next_links)
    if target is not None:
        # The service stands behind a gateway, so the host can be another one; never the path.
        kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "page"]
        link = f"{address}?{urlencode([*kept, ('page', str(target))])}"
        if switches.next_links is NextLink.OTHER_HOST:
            link = OTHER_HOST + "/" + link.split("/", 3)[3]
        document["next"] = link
    return document


def _next_page(number: int, more: bool, links: NextLink) -> int | None:  # noqa: FBT001 - private
    match links:
        case NextLink.RIGHT | NextLink.OTHER_HOST:
            return number + 1 if more else None
        case NextLink.MISSING:
            return None
        case NextLink.REPEATING:
            return number if more else None
        case NextLink.PAST_THE_END:
            return number + 1
        case _:
            assert_never(links)
