"""Text → value, for one value at a time (pure).

Each function raises `ValueError` with a message that says what is wrong and what to write instead.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, TypeVar

from pipe.models.selection import is_glob
from pipe.parsing.wording import instead, quoted

Choice = TypeVar("Choice", bound=StrEnum)

_BOOLEANS: Final = {
    "true": True, "yes": True, "on": True, "1": True,
    "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TOKEN: Final = re.compile(r"[!-~]+")
_EMAIL: Final = re.compile(r"[^\s:@\x00-\x1f]+@[^\s:@\x00-\x1f]+")
_CHECKSUM: Final = re.compile(r"sha256:[0-9a-f]+")
_REPORT_ENDINGS: Final = (".json", ".xml", ".md", ".html")


def boolean(text: str) -> bool:
    """Read `true`, `yes`, `on`, `1` or their opposites, in any case."""
    value = _BOOLEANS.get(text.casefold())
    if value is None:
        message = f"{quoted(text)} is not a boolean; write true or false"
        raise ValueError(message)
    return value


def choice(kind: type[Choice], noun: str, text: str) -> Choice:
    """Read one of a closed set of words, in any case."""
    for each in kind:
        if each.value.casefold() == text.casefold():
            return each
    message = f"{quoted(text)} is not a {noun}; {instead(text, [each.value for each in kind])}"
    raise ValueError(message)


def whole(text: str, *, most: int) -> int:
    """Read a whole number from 1 to `most`."""
    value = int(text) if _WHOLE.fullmatch(text) else 0
    if not 1 <= value <= most:
        message = f"{quoted(text)} is not a whole number from 1 to {most}"
        raise ValueError(message)
    return value


def seconds(text: str, *, most: int) -> float:
    """Read a number of seconds above 0."""
    value = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < value <= most:
        message = f"{quoted(text)} is not a number of seconds above 0 and up to {most}"
        raise ValueError(message)
    return value


def name(text: str) -> str:
    """Read the name of an environment: whatever Bitbucket might accept."""
    if not text.strip():
        message = "the name is blank; write the environment's name"
        raise ValueError(message)
    if _CONTROL.search(text):
        message = f"{quoted(text)} holds a line break or control character; a name is one line"
        raise ValueError(message)
    return text


def plain_name(text: str) -> str:
    """Read a name that can't be a pattern."""
    if is_glob(text):
        message = f"{quoted(text)} is a pattern; one environment's name is needed here"
        raise ValueError(message)
    return name(text)


def branch(text: str) -> str:
    """Read a branch pattern such as `main` or `release/*`."""
    if not text.strip() or _CONTROL.search(text):
        message = f"{quoted(text)} is no branch pattern; write for example main or release/*"
        raise ValueError(message)
    return text


def token(text: str) -> str:
    """Read a credential as it goes into an HTTP header; the message never shows it."""
    if not _TOKEN.fullmatch(text):
        message = (
            "holds a space, a line break or a character that no token has, often copied along;"
            " store it again without"
        )
        raise ValueError(message)
    return text


def email(text: str) -> str:
    """Read the user name of Basic authentication; a token in its place is never shown."""
    if not _EMAIL.fullmatch(text):
        message = "is no e-mail address; write that of the Atlassian account"
        raise ValueError(message)
    return text


def checksum(text: str) -> str:
    """Read a plan's checksum as `plan` prints it."""
    if not _CHECKSUM.fullmatch(text):
        message = f"{quoted(text)} is no checksum; copy the whole sha256:… that MODE=plan printed"
        raise ValueError(message)
    return text


def fingerprint_key(text: str) -> str:
    """Read the key of the fingerprints; the message never shows it."""
    least = 16
    if len(text) < least:
        message = (
            f"is too short to protect anything; use a random one of {least} characters or more"
        )
        raise ValueError(message)
    return text


def path(text: str) -> str:
    """Read the path of a file."""
    if not text.strip() or _CONTROL.search(text):
        message = f"{quoted(text)} is no path of a file"
        raise ValueError(message)
    return text


def report_file(text: str) -> str:
    """Read the path of a report, whose ending chooses its form."""
    if not text.casefold().endswith(_REPORT_ENDINGS):
        message = (
            f"{quoted(text)} ends with none of {', '.join(_REPORT_ENDINGS)}, which choose the form"
        )
        raise ValueError(message)
    return path(text)
