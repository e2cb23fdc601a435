"""Texts in reports are safe, and values that differ look different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipe.reports.text import (
    count_list,
    counted,
    format_difference,
    format_value,
    name_list,
    one_line,
    repositories,
    truncate,
)


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
def test_values_are_readable(value: str | bool | tuple[str, ...] | None, text: str) -> None:
    assert format_value(value) == text


@given(st.text(), st.text())
def test_two_texts_that_differ_look_different(one: str, other: str) -> None:
    assert (format_value(one) == format_value(other)) is (one == other)
    assert format_value(one) == one_line(format_value(one))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.text("ab"), st.text("ab"))
def test_the_part_that_differs_is_visible(common: str, one: str, other: str) -> None:
    before, _, after = format_difference(common + one, common + other).rpartition(" → ")
    long = max(len(one), len(other)) > 30
    if not long:
        assert (before == after) is (one == other)
    assert len(before) <= 48
    assert len(after) <= 48


def test_long_values_are_shown_from_where_they_differ() -> None:
    start = "https://api.acme.example/" + "x" * 60
    assert format_difference(f"{start}/old", f"{start}/new") == "…xxxxxxx/old → …xxxxxxx/new"
    assert format_difference("a" * 60, "b" * 60) == f"{'a' * 47}… → {'b' * 47}…"


def test_a_cut_text_ends_with_an_ellipsis() -> None:
    assert truncate("abcdef", 6) == "abcdef"
    assert truncate("abcdefg", 6) == "abcde…"


def test_numbers_have_a_noun() -> None:
    assert [counted(number, "read") for number in (0, 1, 2)] == ["no reads", "1 read", "2 reads"]
    assert [counted(number, "retry", "retries") for number in (0, 1, 5)] == [
        "no retries",
        "1 retry",
        "5 retries",
    ]
    assert repositories(2) == "2 repositories"


def test_only_the_first_of_many_names_are_listed() -> None:
    assert name_list(["a", "b"]) == "a, b"
    assert name_list(["n"] * 22).endswith("n, n and 2 more")


def test_counts_are_listed_without_zeroes() -> None:
    counts = [(0, "created"), (2, "updated"), (1, "failed")]
    assert count_list(counts, "variable") == "2 variables updated, 1 failed"
    assert count_list(counts[:1], "variable") == ""


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\x1b", "\x9b", "\x85", "\u2028", "\u202e", "\u200b", "\ud800", "\uffff"],
)
def test_control_characters_are_replaced(character: str) -> None:
    assert one_line(f"a{character}b") == "a�b"
