"""Checks of messages against docs/troubleshooting.md, which claims to list every one."""

import re
from functools import cache
from pathlib import Path
from typing import Any

_MAY_HAVE_WORKED = "Whether it took effect is unknown."
_DOCUMENT = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    text = " ".join(_DOCUMENT.read_text("utf-8").split())
    quotes = (quote for quote in re.findall(r"`([^`]+)`", text) if " " in quote)
    return tuple(
        re.compile(".*".join(re.escape(part) for part in quote.split("…")), re.DOTALL)
        for quote in quotes
    )


def is_documented(message: str) -> bool:
    """Return whether a message stands in the document; `…` there is any text.

    Where something was masked, only what is left of the fixed words could be compared. What is said
    of a write that may have worked is documented once.
    """
    return "***" in message or _matches(message.removesuffix(f" {_MAY_HAVE_WORKED}"))


def _matches(message: str) -> bool:
    return any(pattern.fullmatch(message) for pattern in _patterns())


def assert_documented(report: Any) -> None:
    """Check the problems and configuration errors of a report."""
    for error in report["errors"]:
        assert is_documented(error["what"]), f"not in troubleshooting.md: {error['what']}"
    for repository in report["repositories"]:
        for each in (repository, *repository["environments"]):
            if each["error"] is not None:
                what = each["error"]["what"]
                assert is_documented(what), f"not in troubleshooting.md: {what}"
