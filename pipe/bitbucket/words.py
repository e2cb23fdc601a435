"""What the service says when it does not do what was asked, in one clean line.

Bitbucket has four shapes of errors, all of them in use; gateways before it answer with HTML or
plain text; OAuth has a shape of its own. Whatever comes becomes words that a log can show: without
control characters, markup, secrets, and never long.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING, Final

from pipe.bitbucket.objects import read_json, well_formed
from pipe.bitbucket.protocol import GarbledError, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipe.bitbucket.protocol import Answer, Json

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
    except GarbledError:
        return {}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return well_formed(value) if isinstance(value, str) else ""


def _scopes(value: Json, redact: Callable[[str], str]) -> tuple[str, ...]:
    names = value if isinstance(value, list) else []
    return tuple(one_line(name, redact) for name in names[:_MAX_SCOPES] if isinstance(name, str))
