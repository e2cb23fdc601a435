"""What is shown is safe, and what differs looks different."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.reports.text import before_after, counted, cut, one_line, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(none)"),
        (True, "true"),
        (False, "false"),
        ("plain", "plain"),
        ("", "''"),
        ("(none)", "'(none)'"),
        (" a", "' a'"),
        ("a\nb", r"'a\nb'"),
        ("a\u00a0b", r"'a\xa0b'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ((), "[]"),
        (("main", "release/*", ""), "[main, release/*, '']"),
    ],
)
def test_values_as_people_read_them(value: str | bool | tuple[str, ...] | None, text: str) -> None:  # noqa: FBT001 - a field's value
    assert shown(value) == text


@given(st.text(), st.text())
def test_two_texts_that_differ_look_different(one: str, other: str) -> None:
    assert (shown(one) == shown(other)) is (one == other)
    assert shown(one) == one_line(shown(one))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.text("ab"), st.text("ab"))
def test_the_part_that_differs_is_seen(common: str, one: str, other: str) -> None:
    before, _, after = before_after(common + one, common + other).rpartition(" → ")
    long = max(len(one), len(other)) > 30
    if not long:
        assert (before == after) is (one == other)
    assert len(before) <= 48
    assert len(after) <= 48


def test_long_values_begin_where_they_differ() -> None:
    start = "https://api.acme.example/" + "x" * 60
    assert before_after(f"{start}/old", f"{start}/new") == "…xxxxxxx/old → …xxxxxxx/new"
    assert before_after("a" * 60, "b" * 60) == f"{'a' * 47}… → {'b' * 47}…"


def test_a_text_is_cut_visibly() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"


def test_numbers_come_with_their_noun() -> None:
    assert [counted(number, "read") for number in (0, 1, 2)] == ["no reads", "1 read", "2 reads"]
    assert [counted(number, "retry", "retries") for number in (0, 1, 5)] == [
        "no retries",
        "1 retry",
        "5 retries",
    ]


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\x1b", "\x9b", "\x85", "\u2028", "\u202e", "\u200b", "\ud800", "\uffff"],
)
def test_nothing_controls_the_terminal(character: str) -> None:
    assert one_line(f"a{character}b") == "a�b"
