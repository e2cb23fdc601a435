"""Text to a value, one value at a time (pure).

Each function raises `ValueError` with a message that says what is wrong and what was expected.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, TypeVar

from pydantic import SecretStr

from pipe.models.selection import is_glob
from pipe.parsing.suggestions import expected, quoted

Choice = TypeVar("Choice", bound=StrEnum)

_BOOLEANS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_INTEGER: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TOKEN: Final = re.compile(r"[!-~]+")
_REFERENCE: Final = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})")
_NOT_IN_NAMES: Final = re.compile(r"[^\w -]")
_EMAIL: Final = re.compile(r"[^\s:@\x00-\x1f]+@[^\s:@\x00-\x1f]+")
REPORT_FORMATS: Final = {".json": "json", ".xml": "junit", ".md": "markdown", ".html": "html"}
"""The extensions of report files, and the module of `pipe.reports` that renders each."""
_PREFIX: Final = "sha256:"
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{64}")
_NOT_A_BRANCH: Final = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff~^:\\]|\.\.|@\{|//|^/|/$|(^|/)\.|\.lock(/|$)|\.$|^@?$"
)
_MIN_KEY: Final = 16
_NOT_REPLACED: Final = "the name of a variable that was not replaced; is it defined?"


def boolean(text: str) -> bool:
    """Read `true`, `yes`, `on`, `1` or their opposites, in any case."""
    value = _BOOLEANS.get(text.casefold())
    if value is None:
        raise ValueError(f"{quoted(text)} is not a boolean; expected true or false")
    return value


def is_true(text: str) -> bool:
    """Return whether this is a boolean that is true; what is no boolean is not."""
    return _BOOLEANS.get(text.casefold(), False)


def choice(kind: type[Choice], noun: str, text: str) -> Choice:
    """Read the value of a member of a closed set, in any case; messages use `noun` for it."""
    for each in kind:
        if each.value.casefold() == text.casefold():
            return each
    values = [each.value for each in kind]
    raise ValueError(f"{quoted(text)} is not a valid {noun}; {expected(text, values)}")


def integer(text: str, *, maximum: int) -> int:
    """Read an integer from 1 to `maximum`."""
    value = int(text) if _INTEGER.fullmatch(text) else 0
    if not 1 <= value <= maximum:
        raise ValueError(f"{quoted(text)} is not an integer from 1 to {maximum}")
    return value


def seconds(text: str, *, maximum: int) -> float:
    """Read a number of seconds, greater than 0."""
    value = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < value <= maximum:
        raise ValueError(f"{quoted(text)} is not a number of seconds above 0 and up to {maximum}")
    return value


def name(text: str) -> str:
    """Read the name of an environment: anything that Bitbucket might accept."""
    if not text.strip():
        raise ValueError("the name is blank")
    if _CONTROL.search(text):
        raise ValueError(f"{quoted(text)} contains a line break or control character")
    return text


def name_warnings(text: str) -> Iterator[str]:
    """Yield why Bitbucket will probably refuse a valid name; a uuid is none."""
    found = None if text.startswith("{") else _NOT_IN_NAMES.search(text)
    if is_reference(text):
        yield f"Environment name {quoted(text)} is {_NOT_REPLACED}"
    elif found is not None:
        yield (
            f"Environment name {quoted(text)} contains {quoted(found[0])}: Bitbucket allows"
            " letters, digits, spaces, _ and -"
        )


def is_reference(text: str) -> bool:
    """Return whether a text is `$NAME` or `${NAME}`: a variable that was not replaced."""
    return _REFERENCE.fullmatch(text) is not None


def plain_name(text: str) -> str:
    """Read the name of an environment, where a pattern is not allowed."""
    if is_glob(text):
        raise ValueError(f"{quoted(text)} is a pattern; expected the name of one environment")
    return name(text)


def branch(text: str) -> str:
    """Read a branch pattern such as `main` or `release/*`.

    Git allows no branch that matches one of the forbidden parts: such a pattern locks everyone out.
    """
    found = _NOT_A_BRANCH.search(text)
    if found is not None:
        raise ValueError(
            f"{quoted(text)} is not a valid branch pattern: git does not allow {quoted(found[0])}"
            " there; expected for example main or release/*"
        )
    return text


def branch_warnings(pattern: str) -> Iterator[str]:
    """Yield why a valid branch pattern probably matches nothing."""
    if pattern.startswith("refs/heads/"):
        short = pattern.removeprefix("refs/heads/")
        yield f"Branch pattern {quoted(pattern)} has a prefix; Bitbucket expects {quoted(short)}"
    if is_reference(pattern):
        yield f"Branch pattern {quoted(pattern)} is {_NOT_REPLACED}"
    if "," in pattern:
        yield f"Branch pattern {quoted(pattern)} is a single pattern; write a list for several"


def token(text: str) -> str:
    """Read a credential as it goes into an HTTP header; the message never quotes it."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            "contains a space, a line break or a character that no token contains, often copied"
            " by accident; store it again without"
        )
    if is_reference(text):
        raise ValueError(_NOT_REPLACED)
    return text


def email(text: str) -> str:
    """Read the user name of Basic authentication; the message never quotes it."""
    if not _EMAIL.fullmatch(text):
        raise ValueError("not an e-mail address; use the address of the Atlassian account")
    return text


def plan_checksum(text: str) -> str:
    """Read the checksum of a plan, as `MODE=plan` prints it; the prefix may be repeated.

    Digits are missing where it was cut off: that is another error than a plan that changed.
    """
    digits = text.removeprefix(_PREFIX).removeprefix(_PREFIX)
    if not digits:
        raise ValueError(f"{quoted(text)} has no digits; is the variable behind it defined?")
    if not text.startswith(_PREFIX) or not _HEXADECIMAL.fullmatch(digits):
        raise ValueError(
            f"{quoted(text)} is not a checksum; copy sha256: and all 64 digits printed by MODE=plan"
        )
    return _PREFIX + digits


def fingerprint_key(text: str) -> SecretStr:
    """Read the key of the fingerprints; the message never quotes it."""
    if len(text) < _MIN_KEY:
        raise ValueError(f"too short; use a random key of {_MIN_KEY} characters or more")
    if is_reference(text):
        raise ValueError(_NOT_REPLACED)
    return SecretStr(text)


def path(text: str) -> str:
    """Read the path of a file."""
    if not text.strip() or _CONTROL.search(text):
        raise ValueError(f"{quoted(text)} is not a file path")
    return text


def report_file(text: str) -> str:
    """Read the path of a report, whose extension chooses its format."""
    if not text.casefold().endswith(tuple(REPORT_FORMATS)):
        raise ValueError(
            f"{quoted(text)} has an unknown extension; {expected(text, tuple(REPORT_FORMATS))}"
        )
    return path(text)
