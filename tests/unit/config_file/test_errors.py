"""What is said of a faulty configuration file: all at once, each with its line."""

from __future__ import annotations

import pytest

from pipe.config_file.errors import show
from tests.support.settings import PIPELINE, faults

FROM_FILE = PIPELINE | {"CONFIG_FILE": "bitbucket-environments.yml"}

FAULTY = """\
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
SLUG = "is no slug; write it as in the address: bitbucket.org/WORKSPACE/SLUG"
ONLY_SLUGS = "'project:X' is a project; only slugs and patterns over slugs can stand here"


def test_all_faults_of_a_file() -> None:
    found = faults(FROM_FILE, **{"bitbucket-environments.yml": FAULTY})

    assert {
        where.removeprefix("bitbucket-environments.yml:"): message
        for where, message in found.items()
    } == {
        "1:1 version": "'2' is not a version that this pipe reads; write 1",
        "2:1 workspce": "is no key that can stand here; did you mean 'workspace'?",
        "4:5 repositories[0]": "what begins with ! is a tag in YAML; put it in quotes: '!svc-old'",
        "5:5 repositories[1].project": "is missing",
        "5:6 repositories[1].projet": "is no key that can stand here; did you mean 'project'?",
        "6:5 repositories[2]": f"'a b' {SLUG}",
        "8:15 repositories[3].exclude[0]": ONLY_SLUGS,
        "11:5 environments[0].type": "'Prod' is not a type; did you mean 'Production'?",
        "13:5 environments[0].admin_only": "is already given on line 12",
        "14:13 environments[0].prune[0]": "environments are pruned in a whole repository: set the"
        " pipe's variable PRUNE",
        "15:5 environments[1].name": "is missing",
        "17:7 environments[1].variables.1A": "'1A' is no key of a variable; a key begins with a"
        " letter or '_' and goes on with letters, digits, '_', '-' or '.'",
        "18:7 environments[1].variables.S": "a secret is never written in the file; give from_env"
        " instead of value",
        "19:11 environments[1].variables.T.from_env": "FINGERPRINT_KEY authenticates the pipe: a"
        " configuration file can't read it",
        "20:7 environments[1].variables.U": "NOT_SET is not set, or empty; pass it to the pipe as a"
        " variable, NOT_SET: $NOT_SET",
        "21:7 environments[1].variables.V": "has no value; give one ('' is an empty text), or leave"
        " it out",
        "22:11 environments[1].variables.W.from_env": "'a b' is no name of an environment variable",
        "23:11 environments[1].variables.X.secured": "'maybe' is not a boolean; write true or"
        " false",
        "24:7 environments[1].variables.Y": "is a list or mapping, where one text is needed",
        "25:5 environments[2].name": "'feat-*' is a pattern; put it under rules, as when: {name:"
        " …}",
        "26:5 environments[2].branches": "is not a list; write its items as '- item', one a line",
        "27:5 environments[2].state": "'gone' is not a state; write present or absent",
        "28:5 environments[3]": "rename_from is the same as name; give the former name",
        "28:5 environments[3].name": "'Test' is already declared on line 10",
        "31:5 environments[4].rename_from": "'Test' is declared too; it can't be both renamed and"
        " kept",
        "32:5 environments[5]": "rename_from does not go with state: absent; name what is to go",
        "36:5 rules[0].when": "needs type, name or both; name: '*' is every environment",
        "37:24 rules[1].when.nam": "is no key that can stand here; did you mean 'name'?",
        "38:5 rules[2].when": "is missing",
        "40:20 overrides[0].repositories[0]": ONLY_SLUGS,
        "42:5 overrides[1].repositories": "chooses no repository; name some, or write '*' for all"
        " of the workspace",
        "43:5 overrides[1].environments": "is not a list; write its items as '- item', one a line",
    }


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("", "f:1:1", "is empty; declare environments or rules"),
        ("# nothing\n---\n", "f:1:1", "is empty; declare environments or rules"),
        ("~", "f:1:1", "is empty; declare environments or rules"),
        ("- x", "f:1:1", "is not a mapping; write its keys as 'key: value', one a line"),
        ("environments:\n- {name: A, rename_from: X}\n- {name: B, rename_from: X}",
         "f:3:13 environments[1].rename_from", "'X' is already renamed on line 2"),
        ("repositories: []", "f:1:1 repositories",
         "chooses no repository; name some, or write '*' for all of the workspace"),
        ("repositories: ['!a']", "f:1:1 repositories",
         "chooses no repository; name some, or write '*' for all of the workspace"),
        ("a: b: c", "f:1:5",
         ("is not YAML: mapping values are not allowed here; a text with ': ' in it stands in"
          " quotes")),
        ("repositories:\n- *-old", "f:2:3",
         "is not YAML: found undefined alias '-old'; a text that begins with * stands in quotes"),
        ("repositories:\n- * ", "f:2:4",
         ("is not YAML: expected alphabetic or numeric character, but found ' ', while scanning an"
          " alias; a text that begins with * stands in quotes")),
        ("a:\n\t- b", "f:2:1",
         ("is not YAML: found character '\\t' that cannot start any token, while scanning for the"
          " next token; indent with spaces")),
        ("a: @b", "f:1:4",
         ("is not YAML: found character '@' that cannot start any token, while scanning for the"
          " next token; a text that begins with such a character stands in quotes")),
        ("a: 1\n---\nb: 1", "f:2:1",
         ("is not YAML: but found another document, expected a single document in the stream; one"
          " file holds one document")),
        ("a: [", "f:1:5",
         ("is not YAML: expected the node content, but found '<stream end>', while parsing a flow"
          " node")),
        ("a: x\nb: \x07", "f:2:4", "this character can't stand in YAML"),
        ("[" * 2000, "f:1:1", "is nested too deeply"),
        ('"\\UFFFFFFFF"', "f:1:1", "holds an escape or directive that stands for nothing"),
        ("workspace: !!python/name:os.system x", "f:1:12 workspace",
         "the tag 'python/name:os.system' means nothing here; leave it out"),
        ('{"a\\ud800": x}', "f:1:2", "holds half a character, which can't be sent"),
        ("workspace: !!binary aGk=", "f:1:12 workspace",
         "the tag 'binary' means nothing here; leave it out"),
        ("? [a]\n: b", "f:1:3", "a key is one word, not a list or mapping"),
        ("<<: 3", "f:1:1", "<< takes a mapping, or a list of mappings"),
        ("<<: [3]", "f:1:1", "<< takes a mapping, or a list of mappings"),
        ("&a\n<<: *a", "f:2:1", "<< takes a mapping, or a list of mappings"),
        ("x-a: &a [*a]", "f:1:6 x-a" + "[0]" * 20,
         "is nested too deeply; does an alias stand in what it names?"),
        ('environments: [{name: "a\\ud800"}]', "f:1:17 environments[0].name",
         "holds half a character, which can't be sent"),
        ("environments: [{name: X, variables: []}]", "f:1:26 environments[0].variables",
         "is not a mapping; write its keys as 'key: value', one a line"),
        ("environments: [X]", "f:1:16 environments[0]",
         "is not a mapping; write its keys as 'key: value', one a line"),
        ("overrides: [x]", "f:1:13 overrides[0]",
         "is not a mapping; write its keys as 'key: value', one a line"),
        ("workspace: [a]", "f:1:1 workspace", "is a list or mapping, where one text is needed"),
        ("environments: [{name: X, variables: {A: {}}}]",
         "f:1:38 environments[0].variables.A", "takes either value or from_env"),
        ("environments: [{name: X, variables: {A: {value: x, from_env: y}}}]",
         "f:1:38 environments[0].variables.A", "takes either value or from_env"),
    ],
)  # fmt: skip
def test_one_fault(text: str, where: str, message: str) -> None:
    assert faults(PIPELINE | {"CONFIG_FILE": "f"}, f=text) == {where: message}


def test_aliases_that_explode() -> None:
    levels = [f"x-{n}: &n{n} [{', '.join([f'*n{n - 1}'] * 10)}]" for n in range(1, 10)]
    merges = [f"x-{n}: &n{n} {{<<: [{', '.join([f'*n{n - 1}'] * 10)}]}}" for n in range(1, 10)]
    message = "unfolds to more than 100000 values: its aliases repeat too much"

    for first, bomb in (("x-0: &n0 [a]", levels), ("x-0: &n0 {a: b}", merges)):
        text = "\n".join([first, *bomb])
        assert faults(PIPELINE | {"CONFIG_FILE": "f"}, f=text) == {"f:1:1": message}


def test_a_path_is_shown_as_it_is_written() -> None:
    assert show(("environments", 1, "variables", "A")) == "environments[1].variables.A"
    assert show(()) == ""
