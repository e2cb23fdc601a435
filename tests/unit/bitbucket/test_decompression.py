"""How far a compressed response body is decompressed."""

import gzip
import zlib

import httpx
import pytest

from pipe.bitbucket.exchange import MAX_ANSWER_BYTES, decoded, exchange
from pipe.bitbucket.http_client import HttpClient
from pipe.bitbucket.requests import Json, UnparseableError
from pipe.bitbucket.retry import AttemptOutcome, Understood, Unparseable
from tests.unit.bitbucket.doubles import GET


def outcome_of(response: httpx.Response) -> AttemptOutcome[Json]:
    transport = httpx.MockTransport(lambda _: response)
    client = HttpClient("https://api.bitbucket.example", transport)
    return exchange(client, GET, "", 600)


@pytest.mark.parametrize("encoding", ["gzip", " GZIP ", "x-gzip"])
def test_a_compressed_body_is_read(encoding: str) -> None:
    content = httpx.ByteStream(gzip.compress(b'{"a": 1}'))
    outcome = outcome_of(
        httpx.Response(200, headers={"Content-Encoding": encoding}, stream=content)
    )

    assert isinstance(outcome, Understood)
    assert outcome.value == {"a": 1}


def test_an_empty_body_may_be_declared_as_compressed() -> None:
    assert b"".join(decoded([], "gzip")) == b""


def test_a_decompression_bomb_is_not_expanded() -> None:
    bomb = gzip.compress(b"0" * 3 * MAX_ANSWER_BYTES, compresslevel=1)

    expanded = [len(piece) for piece in decoded([bomb], "gzip")]

    assert expanded == [MAX_ANSWER_BYTES + 1]


def test_a_decompression_bomb_is_an_oversized_answer() -> None:
    bomb = httpx.ByteStream(gzip.compress(b"0" * (MAX_ANSWER_BYTES + 1), compresslevel=1))
    outcome = outcome_of(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=bomb))

    assert outcome == Unparseable("an answer of more than 10 MB", 200)


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (b"plain text", "gzip", "an answer whose compression is damaged"),
        (
            gzip.compress(b"1", mtime=0)[:-6],
            "gzip",
            "an answer that ends in the middle of its compression",
        ),
        (
            zlib.compress(b"1"),
            "deflate",
            "an answer that is compressed in a way that was not asked for",
        ),
        (b"1", "gzip, gzip", "an answer that is compressed in a way that was not asked for"),
    ],
)
def test_a_body_that_can_not_be_decompressed_is_unparseable(
    body: bytes, encoding: str, reason: str
) -> None:
    with pytest.raises(UnparseableError, match=reason):
        list(decoded([body], encoding))

    response = httpx.Response(
        502, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(body)
    )
    assert outcome_of(response) == Unparseable(reason, 502)
