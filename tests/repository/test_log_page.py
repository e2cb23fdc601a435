"""The page that pictures of logs are made of."""

import io

from pipe.redaction import Redactor
from pipe.reports.console import Line, Log, Style
from scripts.log_page import log_page


def test_every_colour_of_the_log_has_a_class() -> None:
    stream = io.StringIO()
    Log(stream, color=True, redactor=Redactor()).write(Line(style, style.name) for style in Style)
    page = log_page(stream.getvalue())
    for style in Style:
        if style is not Style.PLAIN:
            assert f'<span class="{style.name.lower()}">{style.name}</span>' in page
    assert "<pre>PLAIN\n" in page
    assert "\x1b" not in page


def test_a_log_is_text() -> None:
    page = log_page("<script>\x1b[31m&\x1b[0m")
    assert '<pre>&lt;script&gt;<span class="bad">&amp;</span></pre>' in page
