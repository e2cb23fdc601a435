import pytest

from pipe.planning.fingerprints import dump, fingerprint, load, load_mark
from tests.support.values import KEY, secret


def test_fingerprints_survive_being_stored() -> None:
    entries = {"B": "2" * 32, "A": "1" * 32}
    assert load(dump(entries)) == entries
    # Without blanks: the value of a variable is limited.
    assert dump({"B": "2", "A": "1"}) == '{"version":1,"hmac-sha256-128":{"A":"1","B":"2"}}'
    assert dump(entries) == dump(dict(reversed(entries.items())))


def test_the_mark_of_a_run_stands_beside_the_fingerprints() -> None:
    marked = dump({"A": "1"}, mark="of-this-run")
    assert marked == '{"version":1,"hmac-sha256-128":{"A":"1"},"run":"of-this-run"}'
    assert (load(marked), load_mark(marked)) == ({"A": "1"}, "of-this-run")
    assert load_mark(dump({"A": "1"})) is None


@pytest.mark.promise("P16")
@pytest.mark.parametrize(
    "damaged",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"version": 2, "hmac-sha256-128": {"A": "1"}}',
        '{"hmac-sha256-128": {"A": "1"}}',
        '{"version": 1}',
        '{"version": 1, "hmac-sha256-128": ["A"]}',
    ],
)
def test_what_is_damaged_counts_as_not_there(damaged: str | None) -> None:
    """A missing fingerprint only costs another write."""
    assert load(damaged) == {}


def test_of_a_damaged_entry_only_that_entry_is_lost() -> None:
    assert load('{"version": 1, "hmac-sha256-128": {"A": 1, "B": "2"}}') == {"B": "2"}


def test_a_fingerprint_is_128_bits_and_shows_nothing_of_the_value() -> None:
    found = fingerprint(KEY, "{live}", secret("A", "hunter2-hunter2"))
    assert len(bytes.fromhex(found)) == 16
    assert "hunter2" not in found
