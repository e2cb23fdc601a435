"""Messages from answers and failures, reduced to what a log may show.

Bitbucket has four shapes of errors, all in use [sure]; gateways in front of it answer with HTML or
plain text; OAuth has a shape of its own. Any of them may echo what was sent, in any disguise. What
is shown therefore does not depend on recognizing a secret:

- To a request whose content is secret, nothing is shown but the status, a well-formed error key,
  and messages that are known word for word.
- Otherwise a message is shown word by word: plain words, numbers, and words of the request itself
  (its address, names in its content). Anything else, such as a token or an encoded one, is masked:
  every request carries a credential in its header.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from http import HTTPMethod, HTTPStatus
from typing import Final, TypeVar
from urllib.parse import unquote

from msgspec.structs import replace

from pipe.bitbucket import problems
from pipe.bitbucket.payloads import read_json
from pipe.bitbucket.requests import Answer, Json, Rejected, Request, UnparseableError
from pipe.bitbucket.retry import (
    Attempts,
    Failed,
    Failure,
    GiveUp,
    Limit,
    NoResponse,
    NotSent,
    Unparseable,
    is_rate_limited,
)
from pipe.models.errors import PipeError, Problem, RunOverError
from pipe.redaction import MASK

T = TypeVar("T")
Redact = Callable[[str], str]

WITHHELD: Final = "message withheld, because the request carried a secret"

_MAX_LENGTH: Final = 300
_MAX_INPUT: Final = 8192
"""Characters of a body that are read: the message comes first, and the time is bounded."""
_MAX_SCOPES: Final = 20

_KNOWN_MESSAGES: Final = (
    "A variable with the key provided already exists",
    "Access denied",
    "Access token expired",
    "An environment host with the provided name already exists",
    "Bad request",
    "CHANGE-2770 - Functionality has been deprecated",
    "Invalid OAuth client credentials",
    "Please read the changelog entry for more details",
    "Rate limit for this resource has been exceeded",
    "Repository is archived",
    "The consumer must be private for this grant",
    "The requested change is not allowed",
    "This API is not accessible by this authentication mechanism",
    "To access this repository, an admin must whitelist your IP",
    "Token is invalid, expired, or not supported for this endpoint",
    "You do not have access to this workspace",
    "You must enable two-step verification",
    "Your credentials lack one or more required privilege scopes",
    "unauthorized_client",
    *(f"{each.value} {each.phrase}" for each in HTTPStatus),
    *(each.phrase for each in HTTPStatus),
)

_KEY: Final = re.compile(r"[a-z]+(-[a-z]+)*-service(\.[a-z]+(-[a-z]+)*){1,4}")
_UUID: Final = re.compile(r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}")
_SCOPE: Final = re.compile(r"[a-z]{1,20}(:[a-z-]{1,20}){0,3}")
_LETTERS: Final = r"(?:[A-Z][a-z]+|[a-z]{2,}|[A-Z]{2,})"
_PLAIN_WORD: Final = re.compile(
    rf"{_LETTERS}(?:/{_LETTERS})*(?:'[a-z]{{1,2}})?|[aAI]|OAuth|\d{{1,6}}(?:[.,:]\d{{1,6}})*|[-&]"
)
_MAX_WORD: Final = 24
_PUNCTUATION: Final = "\"'`()[]{}<>.,:;!?…"

_REPOSITORY_URL: Final = re.compile(
    r"(?:https?://[^/?#]+)?/(?:2\.0|internal)/repositories/([^/?#]+)/([^/?#]+)(/[^?#]*)?(?:[?#].*)?"
)
_SLUG: Final = re.compile(r"[A-Za-z0-9._-]{1,62}")

_INVISIBLE: Final = re.compile(r"(?is)<(script|style|head)\b(?:(?!</\1).)*</\1[^<>]*>|<!--.*?-->")
_TITLE: Final = re.compile(r"(?is)<title[^<>]*>([^<]*)</title")
_TAG: Final = re.compile(r"<[^<>]*>")
_ANSI: Final = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_line(text: str, redact: Redact) -> str:
    """Return text from outside as one line that is fit for a log, with whole secrets masked.

    Secrets are masked before and after cleaning: cleaning could hide one that spans lines, or
    uncover one that was spread with invisible characters.
    """
    without_codes = _ANSI.sub("", redact(text[:_MAX_INPUT]))
    printable = "".join(
        character if unicodedata.category(character) not in _UNPRINTABLE else " "
        for character in without_codes
    )
    line = redact(" ".join(printable.split()))
    return line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1].rstrip()}…"


def rejected(request: Request[T], answer: Answer, redact: Redact) -> Rejected:
    """Read a 4xx answer, whatever its shape."""
    body = _json_object(answer)
    error = _object(body.get("error"))
    detail = _object(error.get("detail"))
    data = _object(error.get("data"))
    key = _text(data.get("key")) or _text(body.get("key"))
    existing = _text(_object(data.get("arguments")).get("externalId"))
    return Rejected(
        status=answer.status,
        key=key if _KEY.fullmatch(key) else None,
        message=message(request, answer, redact),
        required=_scopes(detail.get("required")),
        granted=_scopes(detail.get("granted")),
        existing_uuid=existing if _UUID.fullmatch(existing) else None,
    )


def message(request: Request[T], answer: Answer, redact: Redact) -> str:
    """Return the message of an answer that is an error; empty if it has none."""
    parts = [part for part in _parts(_json_object(answer)) if part] or [_plain(answer.body)]
    if request.carries_secret:
        shown = [_known(part) or WITHHELD for part in parts if part.strip()]
    else:
        allowed = frozenset(_words_of(request))
        lines = (clean_line(part, redact) for part in parts)
        shown = [" ".join(_shown_words(line, allowed)) for line in lines]
    return clean_line("; ".join(dict.fromkeys(shown)), redact)


def _known(text: str) -> str | None:
    """Return the known message that a text begins with: always one of our own constants."""
    folded = " ".join(text.split()).casefold()
    return next((each for each in _KNOWN_MESSAGES if folded.startswith(each.casefold())), None)


def _shown_words(text: str, allowed: frozenset[str]) -> Iterator[str]:
    """Yield the words of a message, masked unless they are plain or in `allowed`."""
    words = text.split()
    if any(text.rstrip(".") == each for each in _KNOWN_MESSAGES):
        yield from words
        return
    bare = [word.strip(_PUNCTUATION) for word in words]
    for index, word in enumerate(words):
        # Single characters in a row could spell anything.
        spelled = all(len(each) <= 1 for each in bare[max(0, index - 1) : index + 2])
        plain = len(bare[index]) <= _MAX_WORD and _PLAIN_WORD.fullmatch(bare[index])
        is_shown = bare[index] in allowed or plain or (bare[index] == "" and len(word) <= 1)
        yield word if is_shown and not (spelled and len(words) > 1) else MASK


def _words_of(request: Request[T]) -> Iterator[str]:
    """Yield the words that a request itself has, which an answer may repeat."""
    texts = [unquote(part) for part in re.split("[/?&=]", request.target)]
    texts.append("/".join(texts[3:5]))  # workspace/slug
    if request.content is not None:
        texts += _texts(read_json(request.content.data))
    for text in texts:
        yield from (word.strip(_PUNCTUATION) for word in text.split())


def _texts(value: Json) -> Iterator[str]:
    """Yield every text in a JSON value."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for each in value.values():
                yield from _texts(each)
        case _:
            pass


def _parts(body: dict[str, Json]) -> Iterator[str]:
    error = _object(body.get("error"))
    yield _text(error.get("message"))
    yield _text(body.get("message"))
    yield _text(body.get("error"))
    yield _text(body.get("error_description"))
    yield _text(error.get("detail"))
    for fields in (error.get("fields"), body.get("fields")):
        for name, found in _object(fields).items():
            errors = found if isinstance(found, list) else [found]
            yield from (f"{name}: {_text(each)}" for each in errors if _text(each))


def _plain(body: bytes) -> str:
    # Four bytes are the most that one character takes.
    text = body[: 4 * _MAX_INPUT].decode("utf-8", "replace")[:_MAX_INPUT]
    if "<" not in text:
        return text
    title = _TITLE.search(text)
    visible = _TAG.sub(" ", _INVISIBLE.sub(" ", text))
    heading = title.group(1) if title else ""
    return html.unescape(visible if visible.strip() else heading)


def _json_object(answer: Answer) -> dict[str, Json]:
    try:
        return _object(read_json(answer.body))
    except UnparseableError:
        return {}


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _scopes(value: Json) -> tuple[str, ...]:
    names = value if isinstance(value, list) else []
    return tuple(
        name for name in names[:_MAX_SCOPES] if isinstance(name, str) and _SCOPE.fullmatch(name)
    )


def describe_failure(request: Request[T], failure: Failure, redact: Redact) -> str:
    """Return what was seen instead of a good answer."""
    match failure:
        case Failed(answer):
            text = message(request, answer, redact)
            return f"HTTP {answer.status}: {text}" if text else f"HTTP {answer.status}"
        case NotSent(reason):
            return f"not sent: {clean_line(reason, redact)}"
        case NoResponse(reason):
            return f"no complete answer: {clean_line(reason, redact)}"
        case Unparseable(reason, status):
            return f"HTTP {status}, but {clean_line(reason, redact)}"


def gave_up(request: Request[T], given_up: GiveUp, attempts: Attempts, redact: Redact) -> PipeError:
    """Return the error that ends the request, or the run."""
    problem = _reason(request, given_up, attempts.made, redact)
    if request.method is not HTTPMethod.GET and attempts.may_have_worked:
        problem = replace(problem, what=f"{problem.what} Whether it took effect is unknown.")
    is_limited = isinstance(given_up.last, Failed) and is_rate_limited(given_up.last.answer)
    # A spent retry budget does not end the run: other requests may work without any retry.
    ends_run = given_up.limit is Limit.TIME or (given_up.limit is Limit.ATTEMPTS and is_limited)
    return RunOverError(problem) if ends_run else PipeError(problem)


def _reason(request: Request[T], given_up: GiveUp, attempts: int, redact: Redact) -> Problem:
    call = _call(request, redact)
    last = describe_failure(request, given_up.last, redact)
    match given_up.limit, given_up.last:
        case Limit.TIME, _:
            return problems.no_time_to_retry(call, last, given_up.asked)
        case Limit.BUDGET, _:
            return problems.retry_budget_spent(call, last)
        case _, Unparseable():
            return problems.unexpected_response(call, attempts, last)
        case _, NotSent():
            return problems.unreachable(call, attempts, last)
        case _, Failed(answer) if is_rate_limited(answer):
            return problems.rate_limited(call, attempts, last)
        case _:
            return problems.unavailable(call, attempts, last)


def redirection(request: Request[T], answer: Answer, redact: Redact) -> Problem:
    """Return the problem of a redirection: a renamed repository, or anything else."""
    call = _call(request, redact)
    old = _REPOSITORY_URL.fullmatch(request.path)
    new = _REPOSITORY_URL.fullmatch(answer.headers.get("location", ""))
    if not old or not new or old[3] != new[3] or old.groups() == new.groups():
        return problems.redirected(call, answer.status)
    workspace, slug = (
        text if _SLUG.fullmatch(text) and not request.carries_secret else None
        for text in (redact(unquote(new[1])), redact(unquote(new[2])))
    )
    return problems.repository_renamed(
        f"{unquote(old[1])}/{unquote(old[2])}", answer.status, workspace, slug
    )


def _call(request: Request[T], redact: Redact) -> str:
    """Return method and address of a request, masked whole if the address holds a secret."""
    decoded = unquote(request.target)
    target = request.target if redact(decoded) == decoded else MASK
    return f"{request.method} {clean_line(target, redact)}"
