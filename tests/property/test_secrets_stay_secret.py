"""P9, P24: whole secrets are masked, and nothing that is masked depends on a part of one."""

import json
from http import HTTPMethod
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.bitbucket.error_responses import rejected
from pipe.bitbucket.payloads import accepted
from pipe.bitbucket.requests import Answer, IdempotentRequest, json_content
from pipe.redaction import MASK, MIN_LENGTH, Redactor

pytestmark = pytest.mark.promise("P9", "P24")

TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]))
SECRETS: Final = st.text(st.characters(exclude_categories=["Cs"]), min_size=MIN_LENGTH).filter(
    lambda secret: len(secret.strip()) >= MIN_LENGTH
)


@given(secret=SECRETS, before=TEXT, after=TEXT)
def test_no_whole_secret_survives(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    text = f"{before}{secret}{after}"

    assert redactor.mask_value(text) == MASK
    assert secret not in redactor.mask_words(text)


@given(secret=SECRETS, other=SECRETS, text=TEXT)
def test_texts_without_a_whole_secret_are_the_same_whatever_the_secret(
    secret: str, other: str, text: str
) -> None:
    first, second = Redactor([secret]), Redactor([other])
    for guess in (text, secret[:-1], secret[1:], f"{secret[:-1]}~", secret[: MIN_LENGTH - 1]):
        if not first.holds_secret(guess) and not second.holds_secret(guess):
            assert first.mask_words(guess) == second.mask_words(guess) == guess
            assert first.mask_value(guess) == second.mask_value(guess) == guess


@given(text=TEXT, secret=st.text(max_size=MIN_LENGTH - 1))
def test_a_short_secret_changes_nothing(text: str, secret: str) -> None:
    redactor = Redactor([secret])
    for each in (secret, f"{text}{secret}"):
        assert redactor.mask_words(each) == redactor.mask_value(each) == each


@given(body=st.binary() | TEXT.map(lambda text: json.dumps({"error": {"message": text}}).encode()))
def test_an_answer_to_a_request_with_a_secret_shows_no_word_of_its_own(body: bytes) -> None:
    request = IdempotentRequest(
        method=HTTPMethod.PUT,
        path="/2.0/x",
        parse=accepted,
        content=json_content({"value": "x"}, is_secret=True),
    )
    silent = rejected(request, Answer(400, {}, b"\x00 qqqq"), str)

    shown = rejected(request, Answer(400, {}, body), str)

    assert shown.message in ("", silent.message) or shown.message[0].isalnum()
    assert (shown.key, shown.required, shown.granted) == (None, (), ())


@given(secret=SECRETS, other=SECRETS, body=st.binary())
def test_an_answer_is_shown_alike_whatever_the_secret(secret: str, other: str, body: bytes) -> None:
    request = IdempotentRequest(method=HTTPMethod.GET, path="/2.0/x", parse=accepted)
    texts = [Redactor([each]).mask_words for each in (secret, other)]

    first, second = (rejected(request, Answer(400, {}, body), redact) for redact in texts)

    assert first == second or MASK in first.message or MASK in second.message
