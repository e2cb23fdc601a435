"""Write one comment on a pull request; it is found by its first line and updated in place."""

from collections.abc import Iterator
from http import HTTPMethod
from typing import Final

from msgspec import Struct

from pipe.bitbucket import payloads
from pipe.bitbucket.pagination import Page, page_parser
from pipe.bitbucket.requests import (
    Done,
    IdempotentRequest,
    Json,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
    json_content,
)
from pipe.publishing.publisher import Publisher
from pipe.reports.markdown import render
from pipe.reports.presentation import RunView

_MAX_PAGES: Final = 50
_MAX_CHARACTERS: Final = 30_000
"""Bitbucket refuses comments of more than about 32,000."""


class Comment(Struct, frozen=True):
    """A comment on the pull request.

    Attributes:
        raw: Its text; empty when it was deleted.
    """

    id: int
    raw: str


def body(view: RunView, name: str) -> str:
    """Return the text of the comment, below the marker by which the next run finds it."""
    return f"{marker(name)}\n\n{render(view, _MAX_CHARACTERS)}"


def marker(name: str) -> str:
    """Return the first line of the comment.

    Bitbucket shows HTML comments as text; a link that nothing refers to is not shown.
    """
    return f"[//]: # (bitbucket-environment:{name})"


def put(publisher: Publisher, path: str, text: str) -> Done | Rejected | OutcomeUnknown:
    """Update the pipe's comment, or create it; `path` is that of the pull request's comments.

    Raises:
        PipeError: A request could not be completed.
    """
    first_line = text.partition("\n")[0]
    content = json_content({"content": {"raw": text}})
    for page in _pages(publisher, path):
        if isinstance(page, Rejected):
            return page
        for comment in page.values:
            if comment.raw.partition("\n")[0].rstrip() == first_line:
                update = IdempotentRequest(
                    method=HTTPMethod.PUT,
                    path=f"{path}/{comment.id}",
                    content=content,
                    parse=payloads.accepted,
                )
                # A comment by another account can't be updated; the pipe's may come after it.
                if not isinstance(publisher.send(update), Rejected):
                    return Done()
    return publisher.send(NonIdempotentRequest(path=path, content=content, parse=payloads.accepted))


def _pages(publisher: Publisher, path: str) -> Iterator[Page[Comment] | Rejected]:
    for number in range(1, _MAX_PAGES + 1):
        page = publisher.send(
            IdempotentRequest(
                method=HTTPMethod.GET,
                path=path,
                query=(("pagelen", "100"), ("page", str(number))),
                parse=page_parser(_comment),
            )
        )
        yield page
        if isinstance(page, Rejected) or not page.has_next:
            return


def _comment(value: Json) -> Comment:
    fields = value if isinstance(value, dict) else {}
    id_, content = fields.get("id"), fields.get("content")
    raw = content.get("raw") if isinstance(content, dict) else None
    if not isinstance(raw, str) or fields.get("deleted") is True:
        return Comment(0, "")
    # For Python, true is a number.
    if not isinstance(id_, int) or isinstance(id_, bool) or id_ < 1:
        return Comment(0, "")
    return Comment(id_, raw)
