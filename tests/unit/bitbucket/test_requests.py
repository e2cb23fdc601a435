from http import HTTPMethod
from urllib.parse import unquote

import pytest

from pipe.bitbucket.requests import (
    Done,
    IdempotentRequest,
    NonIdempotentRequest,
    form_content,
    json_content,
    segment,
)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("{439ec094}", "%7B439ec094%7D"),
        ("svc.api", "svc.api"),
        ("X.X", "X.X"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("é", "%C3%A9"),
    ],
)
def test_a_segment_stays_one_segment(text: str, encoded: str) -> None:
    assert segment(text) == encoded
    assert unquote(encoded) == text


def test_repr_does_not_show_a_body() -> None:
    post = NonIdempotentRequest(
        path="/2.0/x", parse=lambda _: Done(), content=json_content({"value": "canary"})
    )
    put = IdempotentRequest(
        method=HTTPMethod.PUT,
        path="/2.0/x",
        parse=lambda _: Done(),
        content=form_content({"a": "b c"}),
    )

    assert "canary" not in repr(post)
    assert post.method is HTTPMethod.POST
    assert put.content is not None
    assert put.content.data == b"a=b+c"


@pytest.mark.parametrize("is_secret", [True, False])
def test_a_request_knows_whether_it_carries_a_secret(is_secret: bool) -> None:
    content = json_content({"value": "canary"}, is_secret=is_secret)

    assert NonIdempotentRequest(
        path="/2.0/x", parse=lambda _: Done(), content=content
    ).carries_secret is (is_secret)
    assert not NonIdempotentRequest(path="/2.0/x", parse=lambda _: Done()).carries_secret


def test_json_can_carry_every_text() -> None:
    assert json_content({"v": "\ud800é"}).data == b'{"v":"\\ud800\\u00e9"}'


def test_the_target_is_path_and_query() -> None:
    plain = NonIdempotentRequest(path="/2.0/x", parse=lambda _: Done())
    paged = NonIdempotentRequest(path="/2.0/x", parse=lambda _: Done(), query=(("q", 'a="b"'),))

    assert plain.target == "/2.0/x"
    assert paged.target == "/2.0/x?q=a%3D%22b%22"
