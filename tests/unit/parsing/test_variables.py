"""Deployment variables in all their forms, byte for byte."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from pipe.models.declaration import DeclaredVariable, PlainVariable, Repository, SecuredVariable
from tests.support.settings import ONE, errors_of, settings

ODD = "a=b 'c' \"d\" $E ${F} `g` \\n #h\n\té✔"


def variables(
    environ: dict[str, str], files: dict[str, str] | None = None
) -> tuple[DeclaredVariable, ...] | None:
    read = settings(ONE | environ, **(files or {}))
    return read.declaration_for(Repository("acme", "shop")).environments[0].desired.variables


def plain(**values: str) -> tuple[PlainVariable, ...]:
    return tuple(PlainVariable(key, value) for key, value in values.items())


def secured(**values: str) -> tuple[SecuredVariable, ...]:
    return tuple(SecuredVariable(key, SecretStr(value)) for key, value in values.items())


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"VARIABLES": "{}"}, ()),
        ({"SECURED_VARIABLES": "[]"}, ()),
        ({"VARIABLES": "A="}, plain(A="")),
        ({"VARIABLES": f"A={ODD}"}, plain(A=ODD)),
        ({"VARIABLES": json.dumps([f"A={ODD}", "B.c-d=1"])}, plain(A=ODD, **{"B.c-d": "1"})),
        ({"VARIABLES": json.dumps({"A": ODD, "b": True})}, plain(A=ODD, b="true")),
        ({"VARIABLES": '{"A": "1\n2"}'}, plain(A="1\n2")),
        ({"VARIABLES": '{"A": 1.50, "B": 1e400, "C": NaN}'}, plain(A="1.50", B="1e400", C="NaN")),
        ({"VARIABLES_COUNT": "2", "VARIABLES_0": "A=1", "VARIABLES_1": 'B={"x": 1}'},
         plain(A="1", B='{"x": 1}')),
        ({"VARIABLES": '[{"key": "A", "value": "1"}, {"value": "2", "secured": true, "key": "B"},'
          ' {"key": "C", "value": "3", "secured": false}, "D=4"]'},
         (*plain(A="1"), *secured(B="2"), *plain(C="3", D="4"))),
        ({"SECURED_VARIABLES": f"A={ODD}"}, secured(A=ODD)),
        ({"SECURED_VARIABLES": '{"A": "1"}'}, secured(A="1")),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": "1"}]'}, secured(A="1")),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": "1", "secured": true}]'}, secured(A="1")),
        ({"VARIABLES": "A=1", "SECURED_VARIABLES": "B=2"}, (*plain(A="1"), *secured(B="2"))),
        ({"VARIABLES": "A=1", "SECURED_VARIABLES": "a=2"}, (*plain(A="1"), *secured(a="2"))),
    ],
)  # fmt: skip
def test_forms(environ: dict[str, str], expected: tuple[DeclaredVariable, ...] | None) -> None:
    assert variables(environ) == expected


INVALID_KEY = "is not a valid variable name; use letters, digits, '_', '-' or '.', beginning with a"
INVALID_KEY = f"{INVALID_KEY} letter or '_'"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"VARIABLES": "A"}, {"VARIABLES": "'=' is missing; expected KEY=VALUE"}),
        ({"VARIABLES": "1A=x"}, {"VARIABLES": f"'1A' {INVALID_KEY}"}),
        ({"VARIABLES": "=x"}, {"VARIABLES": f"'' {INVALID_KEY}"}),
        ({"SECURED_VARIABLES": "canary+secret="},
         {"SECURED_VARIABLES": f"the text before = {INVALID_KEY}"}),
        ({"VARIABLES": "bitbucket_environment_FINGERPRINTS=x"},
         {"VARIABLES": "bitbucket_environment_FINGERPRINTS is reserved for the fingerprints"
          " of this pipe; use another name"}),
        ({"VARIABLES": '["A=1", "A=2", "A=3"]'},
         {"VARIABLES[1]": "A is already declared in VARIABLES[0]",
          "VARIABLES[2]": "A is already declared in VARIABLES[0]"}),
        ({"VARIABLES": '{"A": "1", "A": "1"}'},
         {"VARIABLES[1]": "A is already declared in VARIABLES[0]"}),
        ({"VARIABLES": '["A=1", "A=2", "B"]'},
         {"VARIABLES[1]": "A is already declared in VARIABLES[0]",
          "VARIABLES[2]": "'=' is missing; expected KEY=VALUE"}),
        ({"VARIABLES": "A=1", "SECURED_VARIABLES": "A=1"},
         {"SECURED_VARIABLES": "A is already declared in VARIABLES"}),
        ({"VARIABLES": "[1, null, []]"},
         {"VARIABLES[0]": "'=' is missing; expected KEY=VALUE",
          "VARIABLES[1]": "expected KEY=VALUE or an object with key and value",
          "VARIABLES[2]": "expected KEY=VALUE or an object with key and value"}),
        ({"VARIABLES": '[{"key": "A", "key": "A", "value": ""}, {"kye": "A", "value": ""},'
          ' {"key": "A"}, {"value": ""}, {"key": "A", "value": null},'
          ' {"key": "A", "value": "", "secured": "true"}]'},
         {"VARIABLES[0]": "a field is repeated",
          "VARIABLES[1]": "unknown field 'kye'; expected key, value or secured (did you mean key?)",
          "VARIABLES[2]": "the field value must be a string",
          "VARIABLES[3]": "the field key must be a string",
          "VARIABLES[4]": "the field value must be a string",
          "VARIABLES[5]": "the field secured must be true or false"}),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": "", "secured": false}]'},
         {"SECURED_VARIABLES[0]": "the field secured must be true"}),
        ({"VARIABLES": '{"A": "\\ud800", "B": ["x"]}'},
         {"VARIABLES[0]": "the field value must be a string",
          "VARIABLES[1]": "the field value must be a string"}),
        ({"VARIABLES": "A=\udcff"}, {"VARIABLES": "the value of A is not valid UTF-8"}),
        ({"SECURED_VARIABLES": "{'A': 'canary'}"},
         {"SECURED_VARIABLES": "begins like JSON, but is not valid JSON: Expecting property name"
          " enclosed in double quotes at line 1, column 2"}),
    ],
)  # fmt: skip
def test_invalid_forms(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert errors_of(ONE | environ) == expected


def test_an_empty_secret_is_a_warning() -> None:
    assert settings(ONE | {"SECURED_VARIABLES": '["A=", "B=x"]', "VARIABLES": "C="}).warnings == (
        "SECURED_VARIABLES[0]: the secured value of A is empty; is it defined?",
    )


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


def test_an_empty_file_declares_no_variable() -> None:
    assert variables({"VARIABLES_FILE": "plain"}, {"plain": ""}) == ()


def test_invalid_files() -> None:
    text = "A=1\n\n\n1A=2\nB\n'\nA=3\n"

    assert errors_of(
        ONE | {"VARIABLES": "A=1", "VARIABLES_FILE": "a", "SECURED_VARIABLES_FILE": "b"},
        a=text,
        b="1canary=x",
    ) == {
        "a:4": f"'1A' {INVALID_KEY}",
        "a:5": "expected KEY=VALUE",
        "a:6": "expected KEY=VALUE",
        "a:7": "A is already declared in a:1",
        "b:1": f"the text before = {INVALID_KEY}",
    }


def test_a_key_in_two_places() -> None:
    assert errors_of(ONE | {"VARIABLES": "A=1", "VARIABLES_FILE": "a"}, a="\nA=1") == {
        "a:2": "A is already declared in VARIABLES"
    }


def test_a_missing_file() -> None:
    assert errors_of(ONE | {"VARIABLES_FILE": "a", "SECURED_VARIABLES_FILE": "b"}) == {
        "VARIABLES_FILE": "'a' cannot be read: No such file or directory; paths are relative to"
        " the clone directory",
        "SECURED_VARIABLES_FILE": "'b' cannot be read: No such file or directory; paths are"
        " relative to the clone directory",
    }
