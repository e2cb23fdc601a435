"""P24: messages from outside are shown as far as they can't hold a secret in any disguise."""

import base64
import hashlib
import html
import json
from collections.abc import Callable
from http import HTTPMethod
from typing import Final
from urllib.parse import quote, quote_plus

import pytest

from pipe.bitbucket.error_responses import WITHHELD, clean_line, message, redirection, rejected
from pipe.bitbucket.payloads import accepted
from pipe.bitbucket.requests import (
    Answer,
    Done,
    IdempotentRequest,
    NonIdempotentRequest,
    Rejected,
    Request,
    json_content,
)
from pipe.redaction import Redactor

NOPE: Final = "/2.0/repositories/acme/nope"
GET: Final = IdempotentRequest(method=HTTPMethod.GET, path=NOPE, parse=accepted)
RENAME: Final = NonIdempotentRequest(
    path=f"{NOPE}/environments/%7B4f2a%7D/changes",
    content=json_content({"change": {"name": "Test-42 neu", "rank": [3, True]}}),
    parse=accepted,
)
WRITE_SECRET: Final = NonIdempotentRequest(
    path=f"{NOPE}/variables",
    content=json_content({"key": "K", "value": "hunter2"}, is_secret=True),
    parse=accepted,
)


def same(text: str) -> str:
    return text


def read(body: bytes, status: int = 400, request: Request[Done] = GET) -> Rejected:
    return rejected(request, Answer(status, {}, body), same)


def test_the_shape_of_services() -> None:
    body = (
        b'{"key": "deploy-service.environment.change-not-supported",'
        b' "message": "The requested change is not allowed.", "arguments": {}}'
    )

    assert read(body) == Rejected(
        status=400,
        key="deploy-service.environment.change-not-supported",
        message="The requested change is not allowed.",
    )


@pytest.mark.parametrize("kind", [b'"type": "error", ', b""])
def test_the_common_shape(kind: bytes) -> None:
    body = b"{" + kind + b'"error": {"message": "Repository acme/nope not found"}}'

    assert read(body, 404) == Rejected(status=404, message="Repository acme/nope not found")


def test_the_shape_with_data() -> None:
    body = (
        b'{"error": {"message": "Not found", "detail": "No such step.",'
        b' "data": {"key": "result-service.pipeline-id.not-found", "arguments": {}}}}'
    )

    assert read(body, 404) == Rejected(
        status=404,
        key="result-service.pipeline-id.not-found",
        message="Not found; No such step.",
    )


def test_the_shape_with_scopes() -> None:
    body = (
        b'{"type": "error", "error": {"message": "Your credentials lack one or more required'
        b' privilege scopes.", "detail": {"required": ["project", 3],'
        b' "granted": ["pipeline:variable", "account"]}}}'
    )

    assert read(body, 403) == Rejected(
        status=403,
        message="Your credentials lack one or more required privilege scopes.",
        required=("project",),
        granted=("pipeline:variable", "account"),
    )


def test_the_shape_of_oauth() -> None:
    body = (
        b'{"error": "unauthorized_client", "error_description": "Invalid OAuth client credentials"}'
    )

    for request in (GET, WRITE_SECRET):
        assert read(body, request=request).message == (
            "unauthorized_client; Invalid OAuth client credentials"
        )


def test_errors_of_fields_are_included() -> None:
    body = (
        b'{"error": {"message": "Bad request", "fields": {"name": ["too long", "taken", 3],'
        b' "key": "missing", "xx": {}}}, "fields": {"rank": "wrong"}}'
    )

    assert read(body).message == (
        "Bad request; name: too long; name: taken; key: missing; rank: wrong"
    )


def test_what_is_said_twice_is_shown_once() -> None:
    assert read(b'{"error": {"message": "No", "detail": "No"}}').message == "No"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Rate limit for this resource has been exceeded", None),
        (b"", ""),
        (b"[10, 2]", "[10, 2]"),
        (b'{"unknown": 1}', '{"unknown": 1}'),
        (b'{"error": {"message": ""}}', '{"error": {"message": ***'),
        (b"  two\r\n\tlines  ", "two lines"),
        (b"caf\xe9", "***"),
    ],
)
def test_other_text_is_read_as_it_is(body: bytes, words: str | None) -> None:
    assert read(body).message == (body.decode() if words is None else words)


def test_html_is_reduced_to_words() -> None:
    body = (
        b"<!DOCTYPE html><html><head><title>Oops</title><style>p {}</style></head><body>"
        b"<!-- a comment --><script>alert(1)</script><h1>Bad&nbsp;Gateway</h1>"
        b"<p>It's &lt;us&gt; &amp; not you</p></body></html>"
    )

    assert read(body).message == "Bad Gateway It's <us> & not you"


def test_html_without_words_has_a_title() -> None:
    body = b"<html><head><title>503 Service Unavailable</title></head><body><img></body></html>"

    assert read(body).message == "503 Service Unavailable"


@pytest.mark.parametrize("tag", [b"<", b"<script>", b"<!--"])
def test_html_that_never_closes_costs_no_time_to_speak_of(tag: bytes) -> None:
    assert len(read(tag * 100_000).message) <= 300


def test_nothing_that_moves_the_cursor_or_breaks_the_line_gets_through() -> None:
    text = "a\x1b[31mred\x1b[0m\x07\x00b\u202ec\u2028d\u200be\ud800f\x9bg"

    assert clean_line(text, same) == "ared b c d e f g"


def test_long_messages_are_cut() -> None:
    line = clean_line("word " * 100_000, same)

    assert len(line) <= 300
    assert line.endswith("word…")


def test_whole_secrets_are_masked_whether_they_span_lines_or_hide() -> None:
    redact = Redactor(["line-one\nline-two", "canary-four"]).mask_words

    assert clean_line("got line-one\nline-two! now", redact) == "got *** now"
    assert clean_line("got can\x1b[0mary-four", redact) == "got ***"
    assert message(GET, Answer(400, {}, b"got canary-four"), redact) == "got ***"


@pytest.mark.parametrize(
    "words",
    [
        "Ensure this value has at most 30 characters (it has 120).",
        "It's not allowed: see the repository's settings, or 'environments/variables'.",
        "Repository acme/nope not found",
        "A host named 'Test-42 neu' exists in {4f2a}.",
        "CHANGE-2770 - Functionality has been deprecated",
        "A request from 203.0.113.7 & OAuth",
    ],
)
def test_plain_words_and_words_of_the_request_are_shown(words: str) -> None:
    body = json.dumps({"error": {"message": words}}).encode()

    assert read(body, request=RENAME).message == words


SECRET: Final = "ATATT3xFfGF0 /canary&access+token='77BA1C%41'"
ONE_WORD: Final = SECRET.replace(" ", "")
DISGUISES: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.upper,
    str.lower,
    str.swapcase,
    lambda secret: secret[::-1],
    lambda secret: secret[3:],
    lambda secret: secret[:-3],
    lambda secret: secret[:20] + "…",
    lambda secret: secret[:9] + "..." + secret[-9:],
    " ".join,
    "-".join,
    "\u200b".join,
    "\n".join,
    lambda secret: secret.encode().hex(),
    lambda secret: secret.encode().hex().upper(),
    lambda secret: secret.encode().hex(":"),
    lambda secret: secret.encode("utf-16").hex(),
    lambda secret: base64.b64encode(secret.encode()).decode(),
    lambda secret: base64.b64encode(f"x{secret}".encode()).decode(),
    lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    lambda secret: base64.b32encode(secret.encode()).decode(),
    lambda secret: base64.b32encode(secret.encode()).decode().lower(),
    lambda secret: base64.b85encode(secret.encode()).decode(),
    lambda secret: base64.a85encode(secret.encode()).decode(),
    quote,
    lambda secret: quote(secret, safe=""),
    quote_plus,
    lambda secret: quote(secret, safe="").lower(),
    lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    lambda secret: quote(quote(secret)),
    html.escape,
    lambda secret: html.escape(secret).replace("&#x27;", "&#39;"),
    lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    lambda secret: "".join(f"\\u{ord(character):04x}" for character in secret),
    repr,
    lambda secret: hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest(),
    lambda secret: hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest(),
    lambda secret: hashlib.sha256(secret.encode()).hexdigest(),
    lambda secret: hashlib.sha512(secret.encode()).hexdigest(),
    lambda secret: base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode(),
    lambda secret: secret.replace("A", "4").replace("e", "3"),
)
BODIES: Final[tuple[Callable[[str], str], ...]] = (
    lambda echo: json.dumps({"error": {"message": f"Bad value: {echo}", "detail": echo}}),
    lambda echo: json.dumps({"key": echo, "message": echo, "arguments": {}}),
    lambda echo: json.dumps({"error": {"data": {"key": echo}, "fields": {echo: [echo]}}}),
    lambda echo: json.dumps({"error": {"detail": {"required": [echo], "granted": [echo]}}}),
    lambda echo: json.dumps({"error": echo, "error_description": f"Conflict {echo}"}),
    lambda echo: f"Bad Request {echo}",
    lambda echo: f"<html><title>{echo}</title><p>{echo}</p></html>",
    lambda echo: echo,
)


@pytest.mark.promise("P24")
@pytest.mark.parametrize("disguise", range(len(DISGUISES)))
def test_nothing_is_shown_of_an_answer_to_a_request_with_a_secret(disguise: int) -> None:
    echo = DISGUISES[disguise](SECRET)
    for body in BODIES:
        shown = read(body(echo).encode(), request=WRITE_SECRET)

        assert set(shown.message.split("; ")) <= {WITHHELD, "Conflict", "Bad request"}
        assert (shown.key, shown.required, shown.granted) == (None, (), ())


@pytest.mark.promise("P24")
@pytest.mark.parametrize("disguise", range(len(DISGUISES)))
def test_no_disguise_of_a_credential_is_shown(disguise: int) -> None:
    echo = DISGUISES[disguise](ONE_WORD)
    pieces = {echo[start : start + 6] for start in range(len(echo) - 5)}
    for body in BODIES:
        shown = read(body(echo).encode())

        assert not [piece for piece in pieces if piece in repr(shown)]


def test_a_known_message_is_shown_whatever_follows_it() -> None:
    body = json.dumps(
        {
            "error": {
                "message": "Conflict",
                "detail": "A variable with the key provided already exists for account hunter2",
                "data": {"key": "variable-service.variable.duplicate"},
            }
        }
    )

    assert read(body.encode(), 409, WRITE_SECRET) == Rejected(
        status=409,
        key="variable-service.variable.duplicate",
        message="Conflict; A variable with the key provided already exists",
    )
    assert read(b"", 400, WRITE_SECRET).message == ""
    assert read(b"<p>hunter2</p>", 400, WRITE_SECRET).message == WITHHELD


RENAMED: Final = "/2.0/repositories/acme/new-name"


@pytest.mark.parametrize("host", ["", "https://api.bitbucket.org", "http://127.0.0.1:1"])
@pytest.mark.parametrize("query", ["", "?pagelen=100"])
@pytest.mark.parametrize("api", ["/2.0", "/internal"])
def test_a_renamed_repository_is_named(host: str, query: str, api: str) -> None:
    path = f"{NOPE}/environments".replace("/2.0", api)
    request = IdempotentRequest(method=HTTPMethod.GET, path=path, parse=accepted)
    location = f"{host}{RENAMED}/environments{query}".replace("/2.0", api)
    answer = Answer(301, {"location": location}, b"")

    problem = redirection(request, answer, same)

    assert problem.key == "repository-renamed"
    assert problem.what == "The repository acme/nope was renamed or moved (HTTP 301)."
    assert "WORKSPACE: acme and REPO_SLUG: new-name" in problem.remedy


@pytest.mark.parametrize(
    ("refused", "location"),
    [
        (GET, "/2.0/repositories/acme/%7Bb7f3%7D"),
        (GET, "/2.0/repositories/acme/canary-4711"),
        (WRITE_SECRET, f"{RENAMED}/variables"),
    ],
)
def test_a_new_name_that_may_not_be_shown_is_not(refused: Request[Done], location: str) -> None:
    redact = Redactor(["canary-4711"]).mask_words

    problem = redirection(refused, Answer(302, {"location": location}, b""), redact)

    assert problem.key == "repository-renamed"
    assert problem.why.startswith("Bitbucket redirects to another repository")
    assert "Write its new name" in problem.remedy


@pytest.mark.parametrize(
    "location",
    ["", "https://login.example/?token=x", NOPE, f"{RENAMED}/else", "https://[", "//evil/2.0/x"],
)
def test_any_other_redirection_is_not_shown(location: str) -> None:
    problem = redirection(GET, Answer(302, {"location": location}, b""), same)

    assert problem.key == "redirected"
    assert "login" not in problem.why


def test_an_address_that_holds_a_secret_is_masked_whole() -> None:
    request = IdempotentRequest(method=HTTPMethod.GET, path="/2.0/x/canary%20four", parse=accepted)

    problem = redirection(request, Answer(302, {}, b""), Redactor(["canary four"]).mask_words)

    assert problem.what == "GET *** was redirected (HTTP 302)."
