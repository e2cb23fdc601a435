import pytest

from pipe.bitbucket.error_messages import message, one_line, rejected
from pipe.bitbucket.requests import Answer, Rejected
from pipe.redaction import Redactor


def same(text: str) -> str:
    return text


def read(body: bytes, status: int = 400) -> Rejected:
    return rejected(Answer(status, {}, body), same)


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

    assert read(body).message == "unauthorized_client; Invalid OAuth client credentials"


def test_fields_are_folded_in() -> None:
    body = (
        b'{"error": {"message": "Bad request", "fields": {"name": ["too long", "taken", 3],'
        b' "key": "missing", "x": {}}}, "fields": {"y": "wrong"}}'
    )

    assert read(body).message == "Bad request; name: too long; name: taken; key: missing; y: wrong"


def test_what_is_said_twice_is_told_once() -> None:
    assert read(b'{"error": {"message": "No", "detail": "No"}}').message == "No"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Rate limit for this resource has been exceeded", None),
        (b"", ""),
        (b"[1, 2]", "[1, 2]"),
        (b'{"unknown": 1}', '{"unknown": 1}'),
        (b'{"error": {"message": ""}}', '{"error": {"message": ""}}'),
        (b"  two\r\n\tlines  ", "two lines"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_other_text_is_taken_as_it_is(body: bytes, words: str | None) -> None:
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


@pytest.mark.parametrize("body", [b"<" * 100_000, b"<script>" * 20_000, b"<!--" * 50_000])
def test_html_that_never_closes_costs_no_time_to_speak_of(body: bytes) -> None:
    assert len(read(body).message) <= 300


def test_nothing_that_moves_the_cursor_or_breaks_the_line_gets_through() -> None:
    text = "a\x1b[31mred\x1b[0m\x07\x00b\u202ec\u2028d\u200be\ud800f\x9bg"

    assert one_line(text, same) == "ared b c d e f g"


def test_long_messages_are_cut() -> None:
    line = one_line("word " * 100_000, same)

    assert len(line) <= 300
    assert line.endswith("word…")


def test_secrets_are_taken_out_whether_they_span_lines_or_hide() -> None:
    redactor = Redactor(["line-one\nline-two", "canary-4711"])

    assert one_line("got line-one\nline-two!", redactor.clean) == "got ***!"
    assert one_line("got canary\x00-4711 can\x1b[0mary-4711", redactor.clean) == (
        "got canary -4711 ***"
    )


def test_everything_that_is_told_is_clean() -> None:
    secret = "canary-4711-secret"
    body = (
        f'{{"key": "k {secret}", "error": {{"message": "m {secret}",'
        f' "detail": {{"required": ["{secret}"], "granted": ["{secret}"]}}}}}}'
    )
    answer = Answer(403, {}, body.encode())

    told = rejected(answer, Redactor([secret]).clean)

    assert secret not in repr(told)
    assert told == Rejected(
        status=403, key="k ***", message="m ***", required=("***",), granted=("***",)
    )
    assert message(answer, Redactor([secret]).clean) == "m ***"
