"""The forms in which a list arrives."""

import json
from functools import partial

import pytest

from pipe.models.declaration import Repository
from pipe.parsing.lists import InvalidItemsError, ListItem, each
from pipe.parsing.values import integer
from tests.support.settings import ONE, errors_of, settings


def branches(**variables: str) -> tuple[str, ...] | None:
    declaration = settings(ONE | variables).declaration_for(Repository("acme", "shop"))
    return declaration.environments[0].desired.branches


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"BRANCHES": "main"}, ("main",)),
        ({"BRANCHES": "main,release/*"}, ("main,release/*",)),
        ({"BRANCHES": "[]"}, ()),
        ({"BRANCHES": '["main", "release/*"]'}, ("main", "release/*")),
        ({"BRANCHES": '\n ["main"]\n'}, ("main",)),
        ({"BRANCHES": "[1.10, true, false]"}, ("1.10", "true", "false")),
        ({"BRANCHES_COUNT": "0"}, ()),
        ({"BRANCHES_COUNT": "2", "BRANCHES_0": "main", "BRANCHES_1": "[x]"}, ("main", "[x]")),
        ({"BRANCHES_COUNT": "1", "BRANCHES_0": "main", "BRANCHES_01": "x"}, ("main",)),
        (
            {"BRANCHES_COUNT": "11"} | {f"BRANCHES_{i}": f"b{i}" for i in range(11)},
            tuple(f"b{i}" for i in range(11)),
        ),
    ],
)
def test_forms(variables: dict[str, str], expected: tuple[str, ...] | None) -> None:
    assert branches(**variables) == expected


INVALID_BRANCH = (
    "{} is not a valid branch pattern: git does not allow {} there; expected for example main or"
    " release/*"
)
BOTH = "set both as one value and as a list (BRANCHES_COUNT, BRANCHES_0, …); remove one"
UNCOUNTED = "required when BRANCHES_0 is set: the number of items"
MISSING = (
    "missing or empty, but BRANCHES_COUNT is {}; an undefined $variable arrives empty:"
    " define it, or remove the item"
)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"BRANCHES": "a", "BRANCHES_COUNT": "0"}, {"BRANCHES": BOTH}),
        ({"BRANCHES": "a", "BRANCHES_0": "b"}, {"BRANCHES": BOTH}),
        (
            {"BRANCHES_0": "a"},
            {"BRANCHES_COUNT": UNCOUNTED},
        ),
        ({"BRANCHES_COUNT": "two"}, {"BRANCHES_COUNT": "'two' is not a number of items"}),
        ({"BRANCHES_COUNT": "-1"}, {"BRANCHES_COUNT": "'-1' is not a number of items"}),
        (
            {"BRANCHES_COUNT": "2", "BRANCHES_0": "a", "BRANCHES_1": ""},
            {"BRANCHES_1": MISSING.format(2)},
        ),
        (
            {"BRANCHES_COUNT": "999999999", "BRANCHES_1": "a"},
            {"BRANCHES_0": MISSING.format(999999999)},
        ),
        (
            {"BRANCHES_COUNT": "1", "BRANCHES_0": "a", "BRANCHES_1": "b"},
            {"BRANCHES_1": "unexpected item: BRANCHES_COUNT is 1"},
        ),
        (
            {"BRANCHES": '["main", "a\\nb", null, {}, ["x"], "\\ud800"]'},
            {
                "BRANCHES[1]": INVALID_BRANCH.format("'a\\nb'", "'\\n'"),
                "BRANCHES[2]": "expected a string",
                "BRANCHES[3]": "expected a string",
                "BRANCHES[4]": "expected a string",
                "BRANCHES[5]": "expected a string",
            },
        ),
        (
            {"BRANCHES": '["main"'},
            {
                "BRANCHES": "begins like JSON, but is not valid JSON: Expecting ','"
                " delimiter at line 1, column 8"
            },
        ),
        (
            {"BRANCHES": "[" * 100_000},
            {"BRANCHES": "begins like JSON, but is not valid JSON: nested too deeply"},
        ),
    ],
)
def test_invalid_forms(variables: dict[str, str], expected: dict[str, str]) -> None:
    assert errors_of(ONE | variables) == expected


def test_every_list_takes_both_forms() -> None:
    read = settings(
        ONE
        | {
            "REPORT_FILES_COUNT": "2",
            "REPORT_FILES_0": "a.json",
            "REPORT_FILES_1": "a.md",
            "PRUNE_COUNT": "1",
            "PRUNE_0": "environments",
        }
    )

    assert read.options.report_files == ("a.json", "a.md")
    assert read.declaration_for(Repository("acme", "shop")).prune_environments


@pytest.mark.parametrize(
    ("variables", "is_list"),
    [
        ({"MODE": '["plan"]'}, True),
        ({"MODE_COUNT": "1", "MODE_0": "plan"}, True),
        ({"MODE_0": "plan"}, True),
        ({"MODE_COUNT": "0"}, True),
        ({"ENVIRONMENT_NAME": "[prod]"}, False),
        ({"ENVIRONMENT_NAME": "[" * 100_000}, False),
    ],
)
@pytest.mark.promise("P25")
def test_a_list_for_one_value_is_an_error(variables: dict[str, str], *, is_list: bool) -> None:
    message = "takes one value, not a list (MODE_COUNT, MODE_0, … or JSON)"

    assert errors_of(ONE | variables) == ({"MODE": message} if is_list else {})


@pytest.mark.parametrize(
    ("pattern", "forbidden"),
    [
        *((f"a{part}b", part) for part in (" ", "\t", "~", "^", ":", "..", "@{", "//", "/.")),
        *((f"{part}a", part) for part in ("/", ".")),
        *((f"a{part}", part) for part in ("/", ".", ".lock", " ")),
        ("a.lock/b", ".lock/"),
        ("@", "@"),
        ("refs heads", " "),
    ],
)
@pytest.mark.promise("P25")
def test_a_branch_pattern_that_git_forbids_is_an_error(pattern: str, forbidden: str) -> None:
    message = INVALID_BRANCH.format(repr(pattern), repr(forbidden))

    assert errors_of(ONE | {"BRANCHES": json.dumps([pattern])}) == {"BRANCHES[0]": message}


@pytest.mark.parametrize(
    "pattern", ["main", "release/*", "**", "v1.0", "a.lockx", "[ab]?", "é", "x@y", "@x", "a.*"]
)
def test_a_branch_pattern_that_git_allows(pattern: str) -> None:
    assert branches(BRANCHES=json.dumps([pattern])) == (pattern,)


def test_only_a_lone_value_is_told_to_become_a_list() -> None:
    for source, hint in (("X", True), ("X_2", False), ("X[2]", False)):
        with pytest.raises(InvalidItemsError) as found:
            each(partial(integer, maximum=9), (ListItem(source, "1,2"),))
        assert found.value.errors[0].message.endswith("; write a list for several") is hint
