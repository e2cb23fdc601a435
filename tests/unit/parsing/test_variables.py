"""Deployment variables in all their forms, byte for byte."""

import json

import pytest
from pydantic import SecretStr

from pipe.models.declaration import (
    AbsentVariable,
    DeclaredVariable,
    ManagedSecret,
    PlainVariable,
    Repository,
    SecuredVariable,
)
from pipe.models.errors import ConfigError
from pipe.parsing.variables import duplicates, from_file
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
        ({"VARIABLES": '{"A": ""}'}, plain(A="")),
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
          "VARIABLES[1]": "unknown field 'kye'; expected key, value, secured or state (did"
          " you mean key?)",
          "VARIABLES[2]": "the value of A must be a string",
          "VARIABLES[3]": "the field key must be a string",
          "VARIABLES[4]": "the value of A must be a string",
          "VARIABLES[5]": "the field secured must be true or false"}),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": "", "secured": false}]'},
         {"SECURED_VARIABLES[0]": "the field secured must be true"}),
        ({"VARIABLES": '{"A": "\\ud800", "B": ["x"]}'},
         {"VARIABLES[0]": "the value of A must be a string",
          "VARIABLES[1]": "the value of B must be a string"}),
        ({"VARIABLES": "A=\udcff"}, {"VARIABLES": "the value of A is not valid UTF-8"}),
        ({"SECURED_VARIABLES": "{'A': 'canary'}"},
         {"SECURED_VARIABLES": "begins like JSON, but is not valid JSON: Expecting property name"
          " enclosed in double quotes at line 1, column 2; use double quotes, or write a YAML"
          " list"}),
    ],
)  # fmt: skip
def test_invalid_forms(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert errors_of(ONE | environ) == expected


EMPTY = "the secret value of A is empty; is it defined?"
EMPTY_PLAIN = "the value of A is empty; is it defined? An empty value needs JSON or a file"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SECURED_VARIABLES": '["A=", "B=x"]'}, {"SECURED_VARIABLES[0]": EMPTY}),
        ({"SECURED_VARIABLES_COUNT": "1", "SECURED_VARIABLES_0": "A="},
         {"SECURED_VARIABLES_0": EMPTY}),
        ({"SECURED_VARIABLES": '{"A": ""}'}, {"SECURED_VARIABLES[0]": EMPTY}),
        ({"SECURED_VARIABLES": '[{"key": "A", "value": ""}]'}, {"SECURED_VARIABLES[0]": EMPTY}),
        ({"VARIABLES": '[{"key": "A", "value": "", "secured": true}]'}, {"VARIABLES[0]": EMPTY}),
        ({"SECURED_VARIABLES_FILE": "env"}, {"env:1": EMPTY}),
        ({"SECURED_VARIABLES_FILE": "a.json"}, {"a.json[0]": EMPTY}),
        ({"SECURED_REPOSITORY_VARIABLES": "A="}, {"SECURED_REPOSITORY_VARIABLES": EMPTY}),
        ({"VARIABLES": "A="}, {"VARIABLES": EMPTY_PLAIN}),
        ({"VARIABLES": '["A=", "B=1", "C="]'},
         {"VARIABLES[0]": EMPTY_PLAIN, "VARIABLES[2]": EMPTY_PLAIN.replace("A", "C", 1)}),
        ({"REPOSITORY_VARIABLES": "A="}, {"REPOSITORY_VARIABLES": EMPTY_PLAIN}),
    ],
)  # fmt: skip
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
        ({"key": "A", "state": "absent", "value": "x"},
         "state: absent and a value are mutually exclusive"),
        ({"key": "A", "state": "gone", "value": "x"},
         "the field state must be present or absent"),
        ({"key": "A", "state": ["absent"]}, "the field state must be present or absent"),
    ],
)  # fmt: skip
def test_invalid_variables_without_a_value(item: object, message: str) -> None:
    assert errors_of(ONE | {"VARIABLES": json.dumps([item])}) == {"VARIABLES[0]": message}


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
        ("[1, null]", {"a.json[0]": "'=' is missing; expected KEY=VALUE",
                       "a.json[1]": "expected KEY=VALUE or an object with key and value"}),
        ('{"A": "1", "A": "2"}', {"a.json[1]": "A is already declared in a.json[0]"}),
        ("A=1", {"a.json": "begins like JSON, but is not valid JSON: Expecting value at line 1,"
                 " column 1"}),
    ],
)  # fmt: skip
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
