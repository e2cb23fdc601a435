"""What a configuration file says of what exists, and what it can't."""

from __future__ import annotations

from typing import Any

import yaml

from pipe.export.document import Held, make, text
from pipe.models.declaration import Repository
from pipe.models.existing import ExistingContents, ExistingVariable
from tests.support.values import PRODUCTION, SHOP, STAGING, TEST, TROUBLE, branch, env, var

OTHER = Repository("acme", "web")


def _held(name: str, *variables: ExistingVariable, **fields: Any) -> Held:  # noqa: ANN401 - of env
    return Held(env(name, **fields), ExistingContents(variables=variables, branches=()))


def _environments(*held: Held) -> Any:  # noqa: ANN401 - parsed YAML
    return yaml.safe_load(text(make({SHOP: held}, several=False), ()))["environments"]


def test_what_bitbucket_does_not_tell_is_not_told() -> None:
    assert _environments(_held("Test", kind=None, admin_only=None)) == [{"name": "Test"}]


def test_environments_stand_in_the_order_of_their_types_and_names() -> None:
    held = [
        _held("b", kind=PRODUCTION),
        _held("x", kind=None),
        _held("B", kind=TEST),
        _held("a", kind=TEST),
        _held("s", kind=STAGING),
    ]
    assert [each["name"] for each in _environments(*held)] == ["a", "B", "s", "b", "x"]


def test_branches_that_can_not_be_read_are_left_out() -> None:
    held = Held(env("Live"), ExistingContents(variables=(), branches=TROUBLE))
    file = make({SHOP: [held]}, several=False)
    assert file.left_out == (
        "Left out: the branches of the environment 'Live' of acme/shop: It. Because.",
    )


def test_of_branches_all_or_none_are_told() -> None:
    sayable = Held(env("A"), ExistingContents(branches=(branch("main"), branch("dev"))))
    unsayable = Held(env("B"), ExistingContents(branches=(branch("main"), branch("\n"))))
    first, second = _environments(sayable, unsayable)
    assert first["branches"] == ["dev", "main"]
    assert "branches" not in second


def test_suggested_names_are_unique_and_can_be_read_by_a_file() -> None:
    held = [_held("A b", var("C")), _held("A", var("B_C"), var("b-c"), var("OIDC_TOKEN"))]
    names = [
        variable["from_env"]
        for each in _environments(*held)
        for variable in each["variables"].values()
    ]
    assert names == ["SECRET_A_B_C", "SECRET_A_OPENID_TOKEN", "SECRET_A_B_C_2", "SECRET_A_B_C_3"]


def test_secrets_of_several_repositories_are_not_taken_for_the_same() -> None:
    file = make(
        {SHOP: [_held("Live", var("KEY"))], OTHER: [_held("Live", var("KEY"))]}, several=True
    )
    assert "SECRET_SHOP_LIVE_KEY" in text(file, ())
    assert "SECRET_WEB_LIVE_KEY" in text(file, ())


def test_what_is_the_same_everywhere_is_said_once() -> None:
    live = _held("Live", var("A", "1"), kind=PRODUCTION)
    file = make({SHOP: [live, _held("Only")], OTHER: [live]}, several=True)
    document = yaml.safe_load(text(file, ()))
    assert document == {
        "version": 1,
        "workspace": "acme",
        "repositories": ["shop", "web"],
        "environments": [
            {"name": "Live", "type": "Production", "admin_only": False, "variables": {"A": "1"}}
        ],
        "overrides": [
            {
                "repositories": ["shop"],
                "environments": [{"name": "Only", "type": "Test", "admin_only": False}],
            }
        ],
    }


def test_repositories_of_several_workspaces_are_told_in_full() -> None:
    file = make({SHOP: [_held("Live")], Repository("else", "shop"): []}, several=True)
    document = yaml.safe_load(text(file, ()))
    assert "workspace" not in document
    assert document["repositories"] == ["acme/shop", "else/shop"]


def test_namesakes_are_left_out() -> None:
    held = [_held("Live", uuid="{1}"), _held("Live", uuid="{2}"), _held("Test")]
    file = make({SHOP: held}, several=False)
    assert [each["name"] for each in _environments(*held)] == ["Test"]
    assert len(file.left_out) == 2


def test_lines_are_written_below_each_other_where_people_can_read_them_so() -> None:
    key = "-----BEGIN-----\nabc\n-----END-----\n"
    written = text(
        make({SHOP: [_held("Live", var("K", key), var("S", " a\nb"))]}, several=False), ()
    )
    assert "K: |\n" in written
    assert r'S: " a\nb"' in written


def test_the_file_says_what_is_missing_in_it() -> None:
    assert "# Not in it, because it could not be read: acme/web\n" in text(
        make({SHOP: []}, several=True), [OTHER]
    )
