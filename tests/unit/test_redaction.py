import base64
import hashlib
import html
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest

from pipe.redaction import Redactor

SECRET = "pa ss'w\"örd/+&<4711>\\"


def test_nothing_is_known_at_first() -> None:
    assert Redactor().clean("some text") == "some text"


def test_secrets_can_be_learned_at_any_time() -> None:
    redactor = Redactor(["first-secret"])
    assert redactor.clean("first-secret second-secret") == "*** second-secret"

    redactor.add("second-secret")

    assert redactor.clean("first-secret second-secret") == "*** ***"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        base64.b64encode(b"user:" + SECRET.encode() + b"\n").decode(),
        quote(base64.b64encode(SECRET.encode()), safe=""),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET).lower(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps(SECRET)),
        repr(SECRET),
        shlex.quote(SECRET),
        html.escape(SECRET),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        hashlib.sha256(SECRET.encode()).hexdigest(),
        hashlib.sha1(SECRET.encode(), usedforsecurity=False).hexdigest(),
        SECRET[:9],
    ],
)
def test_every_transform_is_found(form: str) -> None:
    cleaned = Redactor([SECRET]).clean(f"before {form} after")

    assert "***" in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert not any(form[i : i + 8] in cleaned for i in range(len(form) - 7))


def test_a_secret_of_many_lines_is_found_by_each_line() -> None:
    redactor = Redactor(["-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nab\n-----END KEY-----\n"])

    assert redactor.clean("bad line: MIIEowIBAAKCAQEA!") == "bad line: ***!"
    assert redactor.clean("about") == "about"


def test_a_beginning_that_was_cut_off_is_found() -> None:
    redactor = Redactor(["canary-4711-very-long-secret"])

    assert redactor.clean("invalid: canary-4711-ve…") == "invalid: ***…"
    assert redactor.clean("canary-4") == "***"
    assert redactor.clean("canary-") == "canary-"


def test_a_middling_secret_is_replaced_where_it_is_a_word() -> None:
    redactor = Redactor(["prod"])

    assert redactor.clean("prod: 'prod' is not production, preprod") == (
        "***: '***' is not production, preprod"
    )


def test_a_short_secret_is_replaced_between_quotes_only() -> None:
    redactor = Redactor(["1", "a"])

    assert redactor.clean("11 requests, 1 a day, 'a', \"1\", `1`") == (
        "11 requests, 1 a day, '***', \"***\", `***`"
    )


def test_blank_secrets_hide_nothing() -> None:
    assert Redactor(["", " ", "\n"]).clean("some ' ' text\n") == "some ' ' text\n"


def test_secrets_that_overlap_leave_nothing_over() -> None:
    redactor = Redactor(["secret-one-two", "two-three-four"])

    assert redactor.clean("<secret-one-two-three-four>") == "<***>"
