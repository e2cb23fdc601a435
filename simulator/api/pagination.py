"""Pages of a list, with `next` in each of the ways in which it was seen to be wrong."""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from simulator.api.errors import ApiError
from simulator.behaviour.switches import Switches
from simulator.http import Json

OTHER_HOST: Final = "https://other-host.invalid"
"""Where `next` points when it points to another host, which cannot exist."""

LARGEST_PAGE: Final = 100
_T = TypeVar("_T")


class PageRequest(Struct, frozen=True):
    """The requested page.

    Attributes:
        number: Counted from 1.
        length: How many items a page has.
        oversized: Whether more than 100 items were requested.
        repeats_last: Whether pages after the last one repeat it.
    """

    number: int
    length: int
    oversized: bool = False
    repeats_last: bool = False


def page_request(query: str, default_length: int, switches: Switches) -> PageRequest:
    """Return the page and length that a query asks for.

    Raises:
        ApiError: 400 when they are not positive numbers.
    """
    asked = dict(parse_qsl(query, keep_blank_values=True))
    length = _positive(asked.get("pagelen", str(default_length)), "Invalid pagelen")
    oversized = length > LARGEST_PAGE
    if oversized and switches.page_size_over_100 == "refused":
        raise ApiError(400, "Invalid pagelen")
    number = _positive(asked.get("page", "1"), "Invalid page")
    return PageRequest(number, min(length, switches.max_page_size or LARGEST_PAGE), oversized)


def _positive(text: str, message: str) -> int:
    number = whole_number(text)
    if number < 1:
        raise ApiError(400, message)
    return number


def whole_number(text: str) -> int:
    """Return the number in a text; 0 when it is not a number, or longer than nine digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def page(
    items: Sequence[_T],
    asked: PageRequest,
    address: str,
    query: str,
    switches: Switches,
    write: Callable[[_T], Json],
) -> dict[str, Json]:
    """Return one page as Bitbucket writes it.

    Args:
        items: The complete list.
        asked: The requested page.
        address: Address of the list, without query.
        query: The query that was sent, carried over to `next`.
        switches: What is wrong with `next`, and which keys a page has.
        write: Returns one item as JSON.
    """
    if asked.oversized and switches.page_size_over_100 == "lossy":
        items = items[: asked.length]
    start = (asked.number - 1) * asked.length
    if asked.repeats_last and items and start >= len(items):
        start = (len(items) - 1) // asked.length * asked.length
    document: dict[str, Json] = {
        "values": [write(item) for item in items[start : start + asked.length]]
    }
    if switches.page_has_number:
        document["page"] = asked.number
    if switches.page_has_pagelen:
        document["pagelen"] = asked.length
    if switches.page_has_size:
        document["size"] = len(items)
    target = _next_page(asked.number, switches.next_links, more=start + asked.length < len(items))
    if target is not None:
        kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "page"]
        link = f"{address}?{urlencode([*kept, ('page', str(target))])}"
        if switches.next_links == "other-host":
            link = OTHER_HOST + "/" + link.split("/", 3)[3]
        document["next"] = link
    return document


def _next_page(number: int, links: str, *, more: bool) -> int | None:
    match links:
        case "missing":
            return None
        case "repeating":
            return number if more else None
        case "past-the-end":
            return number + 1
        case _:
            return number + 1 if more else None
