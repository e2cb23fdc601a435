"""What the service says when it does not do what was asked, in one clean line.

Bitbucket has four shapes of errors, all of them in use; gateways before it answer with HTML or
plain text; OAuth has a shape of its own. Whatever comes becomes words that a log can show: without
control characters, markup, secrets, and never long.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from http import HTTPMethod
from typing import Final, TypeVar, assert_never

from pipe.bitbucket import problems
from pipe.bitbucket.payloads import read_json
from pipe.bitbucket.requests import Answer, Json, Rejected, Request, UnparseableError
from pipe.bitbucket.retry import (
    Failed,
    GiveUp,
    Limit,
    NoResponse,
    NotSent,
    Trouble,
    Unparseable,
    is_rate_limited,
)
from pipe.models.errors import PipeError, Problem, RunOverError

_MAX_LENGTH: Final = 300
_MAX_INPUT: Final = 8192
"""Characters of a body that are looked at: words come first, and time is bounded."""
_MAX_SCOPES: Final = 20

_INVISIBLE: Final = re.compile(r"(?is)<(script|style|head)\b(?:(?!</\1).)*</\1[^<>]*>|<!--.*?-->")
_TITLE: Final = re.compile(r"(?is)<title[^<>]*>([^<]*)</title")
_TAG: Final = re.compile(r"<[^<>]*>")
_ANSI: Final = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def one_line(text: str, redact: Callable[[str], str]) -> str:
    """Return text from outside as one line that is fit for a log, without secrets.

    Secrets are taken out before and after cleaning: cleaning could hide one that spans lines, or
    bring one to light that was spread with invisible characters.
    """
    without_codes = _ANSI.sub("", redact(text[:_MAX_INPUT]))
    printable = "".join(
        character if unicodedata.category(character) not in _UNPRINTABLE else " "
        for character in without_codes
    )
    line = redact(" ".join(printable.split()))
    return line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1].rstrip()}…"


def rejected(answer: Answer, redact: Callable[[str], str]) -> Rejected:
    """Read a 4xx answer, whatever its shape."""
    body = _json(answer)
    error = _object(body.get("error"))
    detail = _object(error.get("detail"))
    key = _text(_object(error.get("data")).get("key")) or _text(body.get("key"))
    return Rejected(
        status=answer.status,
        key=one_line(key, redact) or None,
        message=message(answer, redact),
        required=_scopes(detail.get("required"), redact),
        granted=_scopes(detail.get("granted"), redact),
    )


def message(answer: Answer, redact: Callable[[str], str]) -> str:
    """Return the words of an answer that is an error; empty when it has none."""
    told = "; ".join(dict.fromkeys(part for part in _parts(_json(answer)) if part))
    return one_line(told or _plain(answer.body), redact)


def _parts(body: dict[str, Json]) -> Iterator[str]:
    error = _object(body.get("error"))
    yield _text(error.get("message"))
    yield _text(body.get("message"))
    yield _text(body.get("error"))
    yield _text(body.get("error_description"))
    yield _text(error.get("detail"))
    for fields in (error.get("fields"), body.get("fields")):
        for name, faults in _object(fields).items():
            told = faults if isinstance(faults, list) else [faults]
            yield from (f"{name}: {_text(fault)}" for fault in told if _text(fault))


def _plain(body: bytes) -> str:
    # Four bytes are the most that one character takes.
    text = body[: 4 * _MAX_INPUT].decode("utf-8", "replace")[:_MAX_INPUT]
    if "<" not in text:
        return text
    title = _TITLE.search(text)
    visible = _TAG.sub(" ", _INVISIBLE.sub(" ", text))
    heading = title.group(1) if title else ""
    return html.unescape(visible if visible.strip() else heading)


def _json(answer: Answer) -> dict[str, Json]:
    try:
        return _object(read_json(answer.body))
    except UnparseableError:
        return {}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _scopes(value: Json, redact: Callable[[str], str]) -> tuple[str, ...]:
    names = value if isinstance(value, list) else []
    return tuple(one_line(name, redact) for name in names[:_MAX_SCOPES] if isinstance(name, str))


T = TypeVar("T")


def seen(trouble: Trouble, redact: Callable[[str], str]) -> str:
    """Return what was seen instead of a good answer, in words."""
    match trouble:
        case Failed(answer):
            words = message(answer, redact)
            return f"HTTP {answer.status}: {words}" if words else f"HTTP {answer.status}"
        case NotSent(reason):
            return f"not sent: {one_line(reason, redact)}"
        case NoResponse(reason):
            return f"no whole answer: {one_line(reason, redact)}"
        case Unparseable(reason, status):
            return f"HTTP {status}, but {one_line(reason, redact)}"
        case _:
            assert_never(trouble)


def gave_up(
    request: Request[T], given_up: GiveUp, attempts: int, redact: Callable[[str], str]
) -> PipeError:
    """Return the error that ends the request, or the run."""
    what = _call(request, redact)
    last = seen(given_up.last, redact)
    match given_up.limit:
        case Limit.TIME:
            return RunOverError(problems.no_time_to_retry(what, last, given_up.asked))
        case Limit.BUDGET:
            # Only repeats are spent: another repository may still be handled without any.
            return PipeError(problems.retry_budget_spent(what, last))
        case Limit.ATTEMPTS:
            return _after_all_tries(request, given_up.last, attempts, (what, last))
        case _:
            assert_never(given_up.limit)


def redirected(request: Request[T], answer: Answer, redact: Callable[[str], str]) -> Problem:
    """Return the problem of an answer that points elsewhere."""
    where = one_line(answer.headers.get("location", ""), redact)
    return problems.redirected(_call(request, redact), answer.status, where)


def _after_all_tries(
    request: Request[T], last: Trouble, attempts: int, told: tuple[str, str]
) -> PipeError:
    what, words = told
    match last:
        case Unparseable():
            return PipeError(problems.unexpected_response(what, attempts, words))
        case NotSent():
            return PipeError(problems.unreachable(what, attempts, words))
        case Failed(answer) if is_rate_limited(answer):
            return RunOverError(problems.rate_limited(what, attempts, words))
        case Failed() | NoResponse():
            is_write = request.method is not HTTPMethod.GET
            return PipeError(problems.unavailable(what, attempts, words, is_write=is_write))
        case _:
            assert_never(last)


def _call(request: Request[T], redact: Callable[[str], str]) -> str:
    return f"{request.method} {one_line(request.target, redact)}"
