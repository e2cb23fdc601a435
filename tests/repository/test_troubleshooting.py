"""Every message that the pipe can print is explained, and no other."""

import re
from collections.abc import Iterable
from typing import Final

import pytest

from tests.repository import messages
from tests.repository.markdown import PROJECT

TEXT: Final = (PROJECT / "docs" / "troubleshooting.md").read_text("utf-8")
SECTIONS: Final = {
    "Authentication and permission": "PERMISSION",
    "Refused for safety": "REFUSED",
    "Not done, or not verified": "INCOMPLETE",
    "Gave up": "GAVE_UP",
    "A bug": "UNEXPECTED",
}
"""Which exit code each section is for."""


def section(title: str) -> str:
    _, found, rest = TEXT.partition(f"\n## {title}\n")
    assert found, title
    return rest.partition("\n## ")[0]


def entries() -> dict[str, tuple[str, str]]:
    """Return the exit code and the text of each entry, by its key."""
    return {
        key: (code, text)
        for title, code in SECTIONS.items()
        for key, text in re.findall(
            r"^### (\S+)\n(.*?)(?=^### |\Z)", section(title), re.MULTILINE | re.DOTALL
        )
    }


def quoted(text: str) -> list[str]:
    """Return what stands in code, however its lines are broken."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", text)]


def stands_in(message: str, quotes: Iterable[str]) -> bool:
    """Whether one of the quotes is the message; where it has `…`, the quote has what it likes."""
    pattern = ".*".join(re.escape(part) for part in message.split("…"))
    return any(re.fullmatch(pattern, quote) for quote in quotes)


@pytest.mark.parametrize(
    "problem", messages.problem_texts(), ids=lambda each: f"{each.function}-{each.key}"
)
def test_every_problem_is_explained_where_its_exit_code_is(problem: messages.ProblemText) -> None:
    keys = {problem.key} if problem.key else messages.keys_of_rejections()
    for key in keys:
        assert key in entries(), key
        code, text = entries()[str(key)]
        assert stands_in(problem.what, quoted(text)), problem.what
        if problem.code is not None:
            assert code == problem.code


def test_no_entry_is_left_over() -> None:
    known = {each.key for each in messages.problem_texts()} | messages.keys_of_rejections()
    assert set(entries()) == known - {None}


def test_every_place_that_makes_a_problem_was_found() -> None:
    assert len(messages.problem_texts()) == messages.constructions() > 40


def bullets(title: str, after: str) -> set[str]:
    """Return the code at the start of each item of a section that `after` follows."""
    found = re.findall(rf"^- `([^`]+)`{after}", section(title), re.MULTILINE)
    return {" ".join(text.split()) for text in found}


def test_every_fault_of_the_configuration_is_explained_and_no_other() -> None:
    assert bullets("The configuration is wrong", "$") == messages.faults()


def test_every_warning_is_explained_and_no_other() -> None:
    assert bullets("Warnings", r"\s+\w") == messages.warnings()
