"""How messages quote wrong values."""

import pytest

from pipe.parsing.suggestions import cut_quotes, quoted

LONG = "x" * 61


@pytest.mark.parametrize("text", ["short", "", 'with "', "with '", "a\\b", "x" * 60])
def test_a_short_quote_is_kept(text: str) -> None:
    message = f"{quoted(text)} is not a number; {quoted('b')}"

    assert cut_quotes(message) == message


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (LONG, f"'{'x' * 60}…'"),
        (f"'{LONG}", f'"\'{"x" * 59}…"'),
        (f"{LONG}\n{LONG}", f"'{'x' * 60}…'"),
        ("\n" * 61, f"'{chr(92) + 'n'}" + "\\n" * 59 + "…'"),
    ],
)
def test_a_long_quote_is_cut_between_characters(text: str, cut: str) -> None:
    assert cut_quotes(f"{quoted(text)} is not a number; {quoted(text)} neither") == (
        f"{cut} is not a number; {cut} neither"
    )


def test_apostrophes_and_short_quotes_do_not_begin_a_long_one() -> None:
    message = f"it can't be 'a b', as {LONG} is not what '..' or '/' stand for"

    assert cut_quotes(message) == message
