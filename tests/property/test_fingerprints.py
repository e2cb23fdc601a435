"""A fingerprint vouches for one value, of one variable, in one environment, under one key."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from pipe.planning.fingerprints import dump, fingerprint, load
from tests.support.values import secret

pytestmark = pytest.mark.promise("P16")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
parts = st.tuples(texts.filter(bool), texts, texts, texts)


def _of(part: tuple[str, str, str, str]) -> str:
    key, uuid, name, value = part
    return fingerprint(SecretStr(key), uuid, secret(name, value))


@given(parts, parts)
def test_only_the_same_four_have_the_same_fingerprint(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    assume(one != other)
    assert _of(one) == _of(one)
    assert _of(one) != _of(other)


@given(parts, st.integers(0, 3), st.integers(1, 3))
def test_what_moves_from_one_part_to_the_next_makes_another(
    part: tuple[str, str, str, str], place: int, length: int
) -> None:
    moved = list(part)
    taken = moved[place][-length:]
    moved[place] = moved[place][: len(moved[place]) - len(taken)]
    moved[(place + 1) % 4] = taken + moved[(place + 1) % 4]
    assume(tuple(moved) != part)
    key, uuid, name, value = moved
    assert _of(part) != _of((key, uuid, name, value))


@given(st.dictionaries(texts, texts))
def test_what_is_stored_is_read_back(entries: dict[str, str]) -> None:
    assert load(dump(entries)) == entries


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(st.text() | json_values.map(json.dumps))
def test_nothing_in_the_variable_can_hurt(value: str) -> None:
    assert {type(part) for pair in load(value).items() for part in pair} <= {str}
