"""Deployment variables in files, and beside them."""

import pytest

from pipe.models.declaration import (
    ManagedSecret,
)
from pipe.models.errors import ConfigError
from pipe.parsing.variables import duplicates, from_file
from tests.support.settings import ONE, errors_of
from tests.unit.parsing.declared import INVALID_KEY, plain, secured, variables

DOTENV = """\
# a comment
A=plain $NOT ${INTERPOLATED}
export B='single $x \\' y'

C="double\\nline"
D=
E="two
lines"
F=value # comment
"""


def test_files() -> None:
    environ = {
        "VARIABLES": "Z=1",
        "VARIABLES_FILE": "plain",
        "SECURED_VARIABLES_FILE": "secured",
    }

    assert variables(environ, {"plain": "\ufeff" + DOTENV, "secured": "S=$x=y"}) == (
        *plain(
            Z="1",
            A="plain $NOT ${INTERPOLATED}",
            B="single $x ' y",
            C="double\nline",
            D="",
            E="two\nlines",
            F="value",
        ),
        *secured(S="$x=y"),
    )


@pytest.mark.parametrize("name", ["VARIABLES_FILE", "SECURED_VARIABLES_FILE"])
@pytest.mark.parametrize("text", ["", "\n# A=1\n"])
def test_a_file_that_declares_nothing_is_an_error(name: str, text: str) -> None:
    assert errors_of(ONE | {name: "env", "PRUNE": "variables"}, env=text) == {
        name: "'env' declares nothing; a .json file with [] may"
    }


def test_invalid_files() -> None:
    text = "A=1\n\n\n1A=2\nB\n'\nA=3\n"

    assert errors_of(
        ONE | {"VARIABLES_FILE": "a", "SECURED_VARIABLES_FILE": "b"},
        a=text,
        b="1canary=x",
    ) == {
        "a:4": f"'1A' {INVALID_KEY}",
        "a:5": "expected KEY=VALUE",
        "a:6": "expected KEY=VALUE",
        "a:7": "A is already declared in a:1",
        "b:1": f"the text before = {INVALID_KEY}",
    }


def test_variables_override_files_and_later_files_earlier_ones() -> None:
    environ = {"VARIABLES": "A=list", "VARIABLES_FILE": '["one.env", "two.json"]'}
    files = {"one.env": "A=1\nB=1\nC=1", "two.json": '{"B": "2", "D": ""}'}

    assert variables(environ, files) == plain(A="list", B="2", C="1", D="")


def test_a_json_file_takes_the_forms_of_variables() -> None:
    items = '["A=1", {"key": "B", "value": "2", "secured": true}, {"key": "C", "secured": true}]'

    assert variables({"VARIABLES_FILE": "a.JSON"}, {"a.JSON": items}) == (
        *plain(A="1"),
        *secured(B="2"),
        ManagedSecret("C"),
    )
    assert variables({"SECURED_VARIABLES_FILE": "a.json"}, {"a.json": "\ufeff{}"}) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"A=1"', {"a.json": "expected a JSON array or object"}),
        (
            "[1, null]",
            {
                "a.json[0]": "'=' is missing; expected KEY=VALUE",
                "a.json[1]": "expected KEY=VALUE or an object with key and value",
            },
        ),
        ('{"A": "1", "A": "2"}', {"a.json[1]": "A is already declared in a.json[0]"}),
        (
            "A=1",
            {
                "a.json": "begins like JSON, but is not valid JSON: Expecting value at line 1,"
                " column 1"
            },
        ),
    ],
)
def test_invalid_json_files(text: str, expected: dict[str, str]) -> None:
    assert errors_of(ONE | {"VARIABLES_FILE": "a.json"}, **{"a.json": text}) == expected


def test_a_key_both_plain_and_secured_is_an_error_even_in_files() -> None:
    plain_list, secured_file = {"VARIABLES": "A=1"}, {"SECURED_VARIABLES_FILE": "a"}

    assert errors_of(ONE | plain_list | secured_file, a="\nA=1") == {
        "a:2": "A is already declared in VARIABLES"
    }


@pytest.mark.parametrize(("name", "text"), [("a.env", "A=1\nB=2"), ("a.json", '{"A": "1"}')])
@pytest.mark.promise("P25")
def test_one_file_of_plain_and_of_secured_variables_is_an_error(name: str, text: str) -> None:
    both = {"VARIABLES_FILE": name, "SECURED_VARIABLES_FILE": f'["b.env", "{name}"]'}

    assert errors_of(ONE | both, **{name: text, "b.env": "C=3"}) == {
        "SECURED_VARIABLES_FILE": f"{name!r} is also in VARIABLES_FILE, but a variable is plain or"
        " secured; name it in one of them"
    }


def test_a_key_is_declared_once_whatever_its_source() -> None:
    (variable,) = from_file("a.env", "A=1", secured=False)

    assert duplicates((variable, variable)) == [
        ConfigError("a.env:1", "A is already declared in a.env:1")
    ]


def test_a_file_with_a_nul_character() -> None:
    assert errors_of(ONE | {"VARIABLES_FILE": "a"}, a="A=1\0") == {
        "VARIABLES_FILE": "'a' contains a NUL character; it is not a text file"
    }


def test_a_missing_file() -> None:
    assert errors_of(ONE | {"VARIABLES_FILE": "a", "SECURED_VARIABLES_FILE": "b"}) == {
        "VARIABLES_FILE": "'a' cannot be read: No such file or directory; paths are relative to"
        " the working directory",
        "SECURED_VARIABLES_FILE": "'b' cannot be read: No such file or directory; paths are"
        " relative to the working directory",
    }
