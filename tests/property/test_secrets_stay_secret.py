"""No secret, and no transform of one, survives in text that came from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.bitbucket.error_messages import one_line
from pipe.redaction import MASK, Redactor

pytestmark = pytest.mark.promise("P9")

SECRETS = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=12)
TRANSFORMS: list[Callable[[str], str]] = [
    str,
    lambda secret: base64.b64encode(secret.encode()).decode(),
    lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    lambda secret: quote(secret, safe=""),
    quote_plus,
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    shlex.quote,
    lambda secret: secret.encode().hex(),
    lambda secret: hashlib.sha256(secret.encode()).hexdigest(),
    lambda secret: hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest().upper(),
]


@given(
    secret=SECRETS,
    transform=st.sampled_from(TRANSFORMS),
    before=st.text(alphabet="abc :=\"'", max_size=5),
    after=st.text(alphabet="abc :=\"'", max_size=5),
)
def test_no_transform_of_a_secret_survives(
    secret: str, transform: Callable[[str], str], before: str, after: str
) -> None:
    form = transform(secret)

    cleaned = Redactor([secret]).clean(f"{before}{form}{after}")

    assert MASK in cleaned
    assert form not in cleaned


@given(secret=st.text(alphabet="UVWXYZ", min_size=4), text=st.text(alphabet="abcdef \n"))
def test_text_without_secrets_is_left_as_it_is(secret: str, text: str) -> None:
    redactor = Redactor([secret])

    assert redactor.clean(text) == text


@given(
    user=st.text(alphabet="abcdefgh@.", min_size=1, max_size=20),
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12),
)
def test_basic_credentials_do_not_survive_whatever_their_alignment(user: str, secret: str) -> None:
    encoded = base64.b64encode(f"{user}:{secret}".encode()).decode()

    cleaned = one_line(f"Authorization: Basic {encoded}", Redactor([secret]).clean)

    assert MASK in cleaned
    decoded = base64.b64decode(cleaned.partition("Basic ")[2].partition(MASK)[0] + "====")
    assert secret[:4].encode() not in decoded
