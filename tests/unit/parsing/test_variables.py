"""Deployment variables in all their forms, byte for byte."""

import json

import pytest

from pipe.models.declaration import (
    AbsentVariable,
    DeclaredVariable,
    ManagedSecret,
    PlainVariable,
)
from tests.support.settings import ONE, errors_of
from tests.unit.parsing.declared import INVALID_KEY, plain, secured, variables

ODD = "a=b 'c' \"d\" $E ${F} `g` \\n #h\n\té✔"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"VARIABLES": "{}"}, ()),
        ({"SECURED_VARIABLES": "[]"}, ()),
        ({"VARIABLES": '{"A": ""}'}, plain(A="")),
        ({"VARIABLES": f"A={ODD}"}, plain(A=ODD)),
        ({"VARIABLES": json.dumps([f"A={ODD}", "B.c-d=1"])}, plain(A=ODD, **{"B.c-d": "1"})),
        ({"VARIABLES": json.dumps({"A": ODD, "b": True})}, plain(A=ODD, b="true")),
        ({"VARIABLES": '{"A": "1\n2"}'}, plain(A="1\n2")),
        ({"VARIABLES": '{"A": 1.50, "B": 1e400, "C": NaN}'}, plain(A="1.50", B="1e400", C="NaN")),
        (
            {"VARIABLES_COUNT": "2", "VARIABLES_0": "A=1", "VARIABLES_1": 'B={"x": 1}'},
            plain(A="1", B='{"x": 1}'),
        ),
        (
            {
                "VARIABLES": '[{"key": "A", "value": "1"}, {"value": "2", "secured": true, "key":'
                ' "B"}, {"key": "C", "value": "3", "secured": false}, "D=4"]'
            },
            (*plain(A="1"), *secured(B="2"), *plain(C="3", D="4")),
        ),
        ({"SECURED_VARIABLES": f"A={ODD}"}, secured(A=ODD)),
        ({"SECURED_VARIABLES": '{"A": "1"}'}, secured(A="1")),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": "1"}]'}, secured(A="1")),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": "1", "secured": true}]'}, secured(A="1")),
        ({"VARIABLES": "A=1", "SECURED_VARIABLES": "B=2"}, (*plain(A="1"), *secured(B="2"))),
        ({"VARIABLES": "A=1", "SECURED_VARIABLES": "a=2"}, (*plain(A="1"), *secured(a="2"))),
    ],
)
def test_forms(environ: dict[str, str], expected: tuple[DeclaredVariable, ...] | None) -> None:
    assert variables(environ) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"VARIABLES": "A"}, {"VARIABLES": "'=' is missing; expected KEY=VALUE"}),
        ({"VARIABLES": "1A=x"}, {"VARIABLES": f"'1A' {INVALID_KEY}"}),
        ({"VARIABLES": "=x"}, {"VARIABLES": f"'' {INVALID_KEY}"}),
        (
            {"SECURED_VARIABLES": "canary+secret="},
            {"SECURED_VARIABLES": f"the text before = {INVALID_KEY}"},
        ),
        (
            {"VARIABLES": "bitbucket_environment_FINGERPRINTS=x"},
            {
                "VARIABLES": "bitbucket_environment_FINGERPRINTS is reserved for the fingerprints"
                " of this pipe; use another name"
            },
        ),
        (
            {"VARIABLES": '["A=1", "A=2", "A=3"]'},
            {
                "VARIABLES[1]": "A is already declared in VARIABLES[0]",
                "VARIABLES[2]": "A is already declared in VARIABLES[0]",
            },
        ),
        (
            {"VARIABLES": '{"A": "1", "A": "1"}'},
            {"VARIABLES[1]": "A is already declared in VARIABLES[0]"},
        ),
        (
            {"VARIABLES": '["A=1", "A=2", "B"]'},
            {
                "VARIABLES[1]": "A is already declared in VARIABLES[0]",
                "VARIABLES[2]": "'=' is missing; expected KEY=VALUE",
            },
        ),
        (
            {"VARIABLES": "A=1", "SECURED_VARIABLES": "A=1"},
            {"SECURED_VARIABLES": "A is already declared in VARIABLES"},
        ),
        (
            {"VARIABLES": "[1, null, []]"},
            {
                "VARIABLES[0]": "'=' is missing; expected KEY=VALUE",
                "VARIABLES[1]": "expected KEY=VALUE or an object with key and value",
                "VARIABLES[2]": "expected KEY=VALUE or an object with key and value",
            },
        ),
        (
            {
                "VARIABLES": '[{"key": "A", "key": "A", "value": ""}, {"kye": "A", "value": ""},'
                ' {"key": "A"}, {"value": ""}, {"key": "A", "value": null},'
                ' {"key": "A", "value": "", "secured": "true"}]'
            },
            {
                "VARIABLES[0]": "a field is repeated",
                "VARIABLES[1]": "unknown field 'kye'; expected key, value, secured or state (did"
                " you mean key?)",
                "VARIABLES[2]": "the value of A must be a string",
                "VARIABLES[3]": "the field key must be a string",
                "VARIABLES[4]": "the value of A must be a string",
                "VARIABLES[5]": "the field secured must be true or false",
            },
        ),
        (
            {"SECURED_VARIABLES": '[{"key": "A", "value": "", "secured": false}]'},
            {"SECURED_VARIABLES[0]": "the field secured must be true"},
        ),
        (
            {"VARIABLES": '{"A": "\\ud800", "B": ["x"]}'},
            {
                "VARIABLES[0]": "the value of A must be a string",
                "VARIABLES[1]": "the value of B must be a string",
            },
        ),
        ({"VARIABLES": "A=\udcff"}, {"VARIABLES": "the value of A is not valid UTF-8"}),
        (
            {"SECURED_VARIABLES": "{'A': 'canary'}"},
            {
                "SECURED_VARIABLES": "begins like JSON, but is not valid JSON: Expecting property"
                " name enclosed in double quotes at line 1, column 2; use double quotes, or write a"
                " YAML list"
            },
        ),
    ],
)
def test_invalid_forms(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert errors_of(ONE | environ) == expected


EMPTY = "the secret value of A is empty; is it defined?"
EMPTY_PLAIN = "the value of A is empty; is it defined? An empty value needs JSON or a file"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SECURED_VARIABLES": '["A=", "B=x"]'}, {"SECURED_VARIABLES[0]": EMPTY}),
        (
            {"SECURED_VARIABLES_COUNT": "1", "SECURED_VARIABLES_0": "A="},
            {"SECURED_VARIABLES_0": EMPTY},
        ),
        ({"SECURED_VARIABLES": '{"A": ""}'}, {"SECURED_VARIABLES[0]": EMPTY}),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": ""}]'}, {"SECURED_VARIABLES[0]": EMPTY}),
        ({"VARIABLES": '[{"key": "A", "value": "", "secured": true}]'}, {"VARIABLES[0]": EMPTY}),
        ({"SECURED_VARIABLES_FILE": "env"}, {"env:1": EMPTY}),
        ({"SECURED_VARIABLES_FILE": "a.json"}, {"a.json[0]": EMPTY}),
        ({"SECURED_REPOSITORY_VARIABLES": "A="}, {"SECURED_REPOSITORY_VARIABLES": EMPTY}),
        ({"VARIABLES": "A="}, {"VARIABLES": EMPTY_PLAIN}),
        (
            {"VARIABLES": '["A=", "B=1", "C="]'},
            {"VARIABLES[0]": EMPTY_PLAIN, "VARIABLES[2]": EMPTY_PLAIN.replace("A", "C", 1)},
        ),
        ({"REPOSITORY_VARIABLES": "A="}, {"REPOSITORY_VARIABLES": EMPTY_PLAIN}),
    ],
)
@pytest.mark.promise("P25")
def test_an_empty_value_is_an_error(environ: dict[str, str], expected: dict[str, str]) -> None:
    files = {"env": "A=", "a.json": '{"A": ""}'}

    assert errors_of(ONE | environ, **files) == expected


def test_a_secret_without_its_key_is_not_quoted_as_one() -> None:
    assert errors_of(ONE | {"SECURED_VARIABLES": "c2VjcmV0LWNhbmFyeQ="}) == {
        "SECURED_VARIABLES": "the secret value of the variable is empty; is it defined?"
    }


PEM = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
c2hvcnQgbGluZQ==
b25lIHBhZA=
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize("name", ["VARIABLES", "SECURED_VARIABLES"])
@pytest.mark.promise("P25")
def test_a_block_of_variables_is_an_error(name: str) -> None:
    message = (
        "the value of {} contains another KEY=VALUE line; write a list with one item per variable"
        ' (- \'A=1\'), or, for a value with line breaks, JSON: {{"A": "line 1\\nline 2"}}'
    )

    for block in ("A=1\nB=2", "A=1\n  B=2\n", "A=1\r\nB=2", "A=\nB=2", "A=1\n\nb.c-d==\nB=2"):
        assert errors_of(ONE | {name: block}) == {name: message.format("A")}
    assert errors_of(ONE | {f"{name}_COUNT": "1", f"{name}_0": "A=1\nB=2"}) == {
        f"{name}_0": message.format("A")
    }


def test_a_private_key_is_one_value() -> None:
    assert variables({"SECURED_VARIABLES": f"KEY={PEM}"}) == secured(KEY=PEM)
    assert variables({"VARIABLES": json.dumps({"A": "x\nB=2"})}) == plain(A="x\nB=2")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"VARIABLES": '[{"key": "A", "secured": true}]'}, ManagedSecret("A")),
        ({"SECURED_VARIABLES": '[{"key": "A"}]'}, ManagedSecret("A")),
        ({"SECURED_VARIABLES": '[{"key": "A", "secured": true}]'}, ManagedSecret("A")),
        ({"VARIABLES": '[{"key": "A", "state": "absent"}]'}, AbsentVariable("A")),
        ({"SECURED_VARIABLES": '[{"key": "A", "state": "absent"}]'}, AbsentVariable("A")),
        ({"VARIABLES": '[{"key": "A", "state": "present", "value": ""}]'}, PlainVariable("A", "")),
    ],
)
def test_variables_without_a_value(environ: dict[str, str], expected: DeclaredVariable) -> None:
    assert variables(environ) == (expected,)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"key": "A"}, "the value of A must be a string"),
        ({"key": "A", "secured": True, "value": None}, "the value of A must be a string"),
        (
            {"key": "A", "state": "absent", "value": "x"},
            "state: absent and a value are mutually exclusive",
        ),
        ({"key": "A", "state": "gone", "value": "x"}, "the field state must be present or absent"),
        ({"key": "A", "state": ["absent"]}, "the field state must be present or absent"),
    ],
)
def test_invalid_variables_without_a_value(item: object, message: str) -> None:
    assert errors_of(ONE | {"VARIABLES": json.dumps([item])}) == {"VARIABLES[0]": message}
