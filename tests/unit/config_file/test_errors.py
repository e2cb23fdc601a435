"""Errors of a configuration file: all at once, each with its line."""

import pytest

from pipe.config_file.errors import format_path
from tests.support.settings import PIPELINE, errors_of

FROM_FILE = PIPELINE | {"CONFIG_FILE": "bitbucket-environments.yml"}

INVALID = """\
version: 2
workspce: acme
repositories:
  - !svc-old
  - {projet: X}
  - a b
  - project: PLAT
    exclude: ['project:X']
environments:
  - name: Test
    type: Prod
    admin_only: true
    admin_only: false
    prune: [environments]
  - type: Test
    variables:
      1A: x
      S: {secured: true, value: x}
      T: {from_env: FINGERPRINT_KEY}
      U: {from_env: NOT_SET}
      V:
      W: {from_env: a b}
      X: {secured: maybe}
      Y: [x]
  - name: feat-*
    branches: main
    state: gone
  - name: Test
    rename_from: Test
  - name: Staging
    rename_from: Test
  - name: Old
    rename_from: Older
    state: absent
rules:
  - when: {}
  - when: {type: test, nam: x}
  - admin_only: true
overrides:
  - repositories: [project:X]
    environments: []
  - repositories: ['!a']
    environments: {}
"""
SLUG = "is not a valid slug; copy it from the address, bitbucket.org/WORKSPACE/SLUG"
ONLY_SLUGS = "'project:X' is a project; only slugs and patterns are allowed here"


def test_all_errors_of_a_file_are_reported_together() -> None:
    found = errors_of(FROM_FILE, **{"bitbucket-environments.yml": INVALID})

    assert {
        source.removeprefix("bitbucket-environments.yml:"): message
        for source, message in found.items()
    } == {
        "1:1 version": "version '2' is not supported; expected 1",
        "2:1 workspce": "unknown key; expected version, workspace, repositories, enable_pipelines,"
        " defaults, environments, repository, rules or overrides (did you mean workspace?)",
        "4:5 repositories[0]": "a text that begins with ! is a YAML tag; quote it: '!svc-old'",
        "5:5 repositories[1].project": "required key",
        "5:6 repositories[1].projet": "unknown key; expected project or exclude (did you mean"
        " project?)",
        "6:5 repositories[2]": f"'a b' {SLUG}",
        "8:15 repositories[3].exclude[0]": ONLY_SLUGS,
        "11:5 environments[0].type": "'Prod' is not a valid type; expected Test, Staging or"
        " Production (did you mean Production?)",
        "13:5 environments[0].admin_only": "duplicate key, first used on line 12",
        "14:13 environments[0].prune[0]": "environments are pruned per repository; set the"
        " variable PRUNE of the pipe",
        "15:5 environments[1].name": "required key",
        "17:7 environments[1].variables.1A": "'1A' is not a valid variable name; use letters,"
        " digits, '_', '-' or '.', beginning with a letter or '_'",
        "18:7 environments[1].variables.S": "secrets are not allowed in the file; use from_env"
        " instead of value",
        "19:11 environments[1].variables.T.from_env": "FINGERPRINT_KEY is a credential of the"
        " pipe, which a configuration file cannot read",
        "20:7 environments[1].variables.U": "NOT_SET is not set or empty; pass it to the pipe as a"
        " variable, NOT_SET: $NOT_SET",
        "21:7 environments[1].variables.V": "has no value; set one ('' for an empty text), or"
        " remove the key",
        "22:11 environments[1].variables.W.from_env": "'a b' is not a valid name of an"
        " environment variable",
        "23:11 environments[1].variables.X.secured": "'maybe' is not a boolean; expected true"
        " or false",
        "24:7 environments[1].variables.Y": "expected a single value, not a list or mapping",
        "25:5 environments[2].name": "'feat-*' is a pattern; declare it under rules, as when:"
        " {name: …}",
        "27:5 environments[2].state": "'gone' is not a valid state; expected present or absent",
        "28:5 environments[3]": "rename_from is the same as name; set the former name",
        "28:5 environments[3].name": "'Test' is already declared on line 10 (case is ignored)",
        "31:5 environments[4].rename_from": "'Test' is declared too; either rename it or keep it",
        "32:5 environments[5]": "rename_from cannot be used with state: absent",
        "36:5 rules[0].when": "requires type, name or both; name: '*' matches every environment",
        "37:24 rules[1].when.nam": "unknown key; expected type or name (did you mean name?)",
        "38:5 rules[2].when": "required key",
        "40:20 overrides[0].repositories[0]": ONLY_SLUGS,
        "42:5 overrides[1].repositories": "selects no repository; list some, or '*' for the whole"
        " workspace",
        "43:5 overrides[1].environments": "expected a list ('- item', one per line)",
    }


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ("", "f:1:1", "the file declares nothing; declare environments or rules"),
        ("# nothing\n---\n", "f:1:1", "the file declares nothing; declare environments or rules"),
        (
            "version: 1\ndefaults: {admin_only: true}",
            "f:1:1",
            "the file declares nothing; declare environments or rules",
        ),
        ("x-targets: {a: 1}", "f:1:1", "the file declares nothing; declare environments or rules"),
        ("~", "f:1:1", "the file declares nothing; declare environments or rules"),
        ("- x", "f:1:1", "expected a mapping ('key: value', one per line)"),
        (
            "environments:\n- {name: A, rename_from: X}\n- {name: B, rename_from: X}",
            "f:3:13 environments[1].rename_from",
            "'X' is already renamed on line 2 (case is ignored)",
        ),
        (
            "environments:\n- {name: Prod, state: absent}\n- {name: PROD, rename_from: Live}",
            "f:3:4 environments[1].name",
            "'PROD' is already declared on line 2 (case is ignored)",
        ),
        (
            "environments: [{name: A, rename_from: X}, {name: a, rename_from: Y}]",
            "f:1:44 environments[1].name",
            "'a' is already declared on line 1 (case is ignored)",
        ),
        (
            "environments: [{name: A, rename_from: X}, {name: x}]",
            "f:1:26 environments[0].rename_from",
            "'X' is declared too; either rename it or keep it",
        ),
        (
            "environments: [{name: '{1}', rename_from: X}]",
            "f:1:16 environments[0]",
            "rename_from cannot be used with a uuid in name, which is no new name",
        ),
        (
            "environments: [&a {name: A}, *a]",
            "f:1:20 environments[1].name",
            "'A' is already declared on line 1 (case is ignored)",
        ),
        (
            (
                "environments: [{name: A, rename_from: X}]\noverrides:\n- repositories: [r]\n"
                "  environments: [{name: B, rename_from: x}]"
            ),
            "f:3:3 overrides[0]",
            "'B' with rename_from 'x': another environment has the same rename_from",
        ),
        (
            (
                "environments: [{name: A, rename_from: X}]\noverrides:\n- repositories: [r]\n"
                "  environments: [{name: x}]"
            ),
            "f:3:3 overrides[0]",
            "'A' with rename_from 'X': both names are declared; either rename it or keep it",
        ),
        (
            (
                "environments: [{name: A, rename_from: X}]\noverrides:\n- repositories: [r]\n"
                "  environments: [{name: A, state: absent}]"
            ),
            "f:3:3 overrides[0]",
            "'A' with rename_from 'X' cannot be absent; remove rename_from or state",
        ),
        (
            (
                "environments: [{name: A}]\noverrides:\n- repositories: [r]\n"
                "  environments: [{name: a, rename_from: A}]"
            ),
            "f:3:3 overrides[0]",
            "'A' with rename_from 'A': the names are the same; set the former name",
        ),
        (
            "defaults: {state: absent}\nenvironments: [{name: A, rename_from: X}]",
            "f:2:1 environments",
            "'A' with rename_from 'X' cannot be absent; remove rename_from or state",
        ),
        (
            "repositories: []",
            "f:1:1 repositories",
            "selects no repository; list some, or '*' for the whole workspace",
        ),
        (
            "repositories: ['!a']",
            "f:1:1 repositories",
            "selects no repository; list some, or '*' for the whole workspace",
        ),
        (
            "a: b: c",
            "f:1:5",
            ("invalid YAML: mapping values are not allowed here; quote a text that contains ': '"),
        ),
        (
            "repositories:\n- *-old",
            "f:2:3",
            "invalid YAML: found undefined alias '-old'; quote a text that begins with *",
        ),
        (
            "repositories:\n- * ",
            "f:2:4",
            (
                "invalid YAML: expected alphabetic or numeric character, but found ' ', while"
                " scanning an alias; quote a text that begins with *"
            ),
        ),
        (
            "a:\n\t- b",
            "f:2:1",
            (
                "invalid YAML: found character '\\t' that cannot start any token, while scanning"
                " for the next token; indent with spaces"
            ),
        ),
        (
            "a: @b",
            "f:1:4",
            (
                "invalid YAML: found character '@' that cannot start any token, while scanning for"
                " the next token; quote a text that begins with such a character"
            ),
        ),
        (
            "a: 1\n---\nb: 1",
            "f:2:1",
            (
                "invalid YAML: but found another document, expected a single document in the"
                " stream; a file contains one document"
            ),
        ),
        (
            "a: [",
            "f:1:5",
            (
                "invalid YAML: expected the node content, but found '<stream end>', while parsing a"
                " flow node"
            ),
        ),
        ("a: x\nb: \x07", "f:2:4", "this character is not allowed in YAML"),
        pytest.param("[" * 500, "f:1:1", "nested too deeply", id="nested too deeply"),
        ('"\\UFFFFFFFF"', "f:1:1", "contains an invalid escape sequence or directive"),
        (
            "workspace: !!python/name:os.system x",
            "f:1:12 workspace",
            "the tag 'python/name:os.system' is not supported; remove it",
        ),
        ('{"a\\ud800": x}', "f:1:2", "contains an incomplete character (a lone surrogate)"),
        (
            "workspace: !!binary aGk=",
            "f:1:12 workspace",
            "the tag 'binary' is not supported; remove it",
        ),
        ("? [a]\n: b", "f:1:3", "a key must be a text, not a list or mapping"),
        ("<<: 3", "f:1:1", "<< expects a mapping or a list of mappings"),
        ("<<: [3]", "f:1:1", "<< expects a mapping or a list of mappings"),
        ("&a\n<<: *a", "f:2:1", "<< expects a mapping or a list of mappings"),
        (
            "x-a: &a [*a]",
            "f:1:6 x-a" + "[0]" * 20,
            "nested too deeply; does an alias refer to its own parent?",
        ),
        (
            'environments: [{name: "a\\ud800"}]',
            "f:1:17 environments[0].name",
            "contains an incomplete character (a lone surrogate)",
        ),
        (
            "environments: [{name: X, variables: []}]",
            "f:1:26 environments[0].variables",
            "expected a mapping ('key: value', one per line)",
        ),
        (
            "environments: [X]",
            "f:1:16 environments[0]",
            "expected a mapping ('key: value', one per line)",
        ),
        (
            "overrides: [x]",
            "f:1:13 overrides[0]",
            "expected a mapping ('key: value', one per line)",
        ),
        (
            "enable_pipelines: on\nrepository: {enable_pipelines: on}",
            "f:1:1",
            "enable_pipelines is set twice; set it in repository only",
        ),
        (
            "environments: [{name: X, variables: {A: {value: x, from_env: y}}}]",
            "f:1:38 environments[0].variables.A",
            "value and from_env are mutually exclusive",
        ),
        (
            "environments: [{name: X, variables: {A: {state: absent, secured: true}}}]",
            "f:1:38 environments[0].variables.A",
            "state: absent excludes value, from_env and secured",
        ),
        (
            "environments: [{name: X, branches: 'a b'}]",
            "f:1:26 environments[0].branches",
            (
                "'a b' is not a valid branch pattern: git does not allow ' ' there; expected for"
                " example main or release/*"
            ),
        ),
        (
            "repositories: {project: '?'}",
            "f:1:16 repositories.project",
            "'?' is not a valid project key; expected for example project:PLAT",
        ),
        (
            "environments: [{name: X, prune: repository-variables}]",
            "f:1:26 environments[0].prune",
            "repository-variables are pruned per repository; set the variable PRUNE of the pipe",
        ),
        ("workspace: [a]", "f:1:1 workspace", "expected a single value, not a list or mapping"),
        (
            "environments: [{name: X, variables: {A: {}}}]",
            "f:1:38 environments[0].variables.A",
            "expected value, from_env, secured: true or state: absent",
        ),
        # Line breaks for YAML, but not for editors.
        (
            "# \x85\u2028\u2029\nworkspace: [a]",
            "f:2:1 workspace",
            "expected a single value, not a list or mapping",
        ),
        (
            "# \r\n# \rworkspace: [a]",
            "f:3:1 workspace",
            "expected a single value, not a list or mapping",
        ),
    ],
)
def test_one_error(text: str, source: str, message: str) -> None:
    assert errors_of(PIPELINE | {"CONFIG_FILE": "f"}, f=text) == {source: message}


def test_aliases_that_expand_exponentially() -> None:
    levels = [f"x-{n}: &n{n} [{', '.join([f'*n{n - 1}'] * 10)}]" for n in range(1, 10)]
    merges = [f"x-{n}: &n{n} {{<<: [{', '.join([f'*n{n - 1}'] * 10)}]}}" for n in range(1, 10)]
    message = "aliases expand to more than 100000 values"

    for first, bomb in (("x-0: &n0 [a]", levels), ("x-0: &n0 {a: b}", merges)):
        text = "\n".join([first, *bomb])
        assert errors_of(PIPELINE | {"CONFIG_FILE": "f"}, f=text) == {"f:1:1": message}


def test_a_path_is_formatted_as_in_code() -> None:
    assert format_path(("environments", 1, "variables", "A")) == "environments[1].variables.A"
    assert format_path(()) == ""


@pytest.mark.parametrize(
    "key", ["repositories", "environments", "rules", "overrides", "defaults:\n  branches"]
)
def test_a_list_without_a_value_says_how_to_write_an_empty_one(key: str) -> None:
    found = errors_of(FROM_FILE, **{"bitbucket-environments.yml": f"version: 1\n{key}:\n"})

    assert "has no value; write [] for an empty list, or remove the key" in found.values()


def test_a_variable_may_have_the_name_of_a_list() -> None:
    text = "version: 1\nenvironments: [{name: Test, variables: {branches: }}]\n"
    found = errors_of(FROM_FILE, **{"bitbucket-environments.yml": text})

    assert list(found.values()) == [
        "has no value; set one ('' for an empty text), or remove the key"
    ]
