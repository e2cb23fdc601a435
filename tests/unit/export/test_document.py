"""The configuration file of what exists, and what it leaves out."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from pipe.export.document import ExportedFile, make, render_yaml
from pipe.models.declaration import Repository
from pipe.models.existing import ExistingContents, ExistingEnvironment, ExistingVariable
from pipe.planning.planner import Observed
from pipe.redaction import Redactor
from tests.support.values import FAILURE, PRODUCTION, SHOP, STAGING, TEST, branch, env, var

OTHER = Repository("acme", "web")


_Pair = tuple[ExistingEnvironment, ExistingContents]


def _env(name: str, *variables: ExistingVariable, **fields: Any) -> _Pair:
    return env(name, **fields), ExistingContents(variables=variables, branches=())


def _observed(*environments: _Pair, own: tuple[ExistingVariable, ...] = ()) -> Observed:
    return Observed(
        environments=tuple(existing for existing, _ in environments),
        contents={existing.uuid: contents for existing, contents in environments},
        variables=own,
    )


def _file(*environments: _Pair, **others: _Pair) -> ExportedFile:
    """Return the file of `acme/shop`, and of other repositories with one environment each."""
    found = {SHOP: _observed(*environments)} if environments else {}
    found |= {Repository("acme", slug): _observed(it) for slug, it in others.items()}
    return make(found, Redactor())


def _document(file: ExportedFile) -> Any:
    return yaml.safe_load(render_yaml(file, ()))


def _environments(*environments: _Pair) -> Any:
    return _document(_file(*environments))["environments"]


def test_a_value_that_bitbucket_did_not_return_is_not_declared() -> None:
    assert _environments(_env("Test", kind=None, admin_only=None)) == [{"name": "Test"}]


def test_environments_are_sorted_by_type_and_name() -> None:
    found = [
        _env("b", kind=PRODUCTION),
        _env("x", kind=None),
        _env("B2", kind=TEST),
        _env("a", kind=TEST),
        _env("s", kind=STAGING),
    ]
    assert [each["name"] for each in _environments(*found)] == ["a", "B2", "s", "b", "x"]


def test_branches_that_cannot_be_read_are_left_out() -> None:
    found = (env("Live"), ExistingContents(variables=(), branches=FAILURE))
    assert _file(found).left_out == (
        "Left out: the branches of the environment 'Live' of acme/shop: It. Because.",
    )


def test_all_branches_of_an_environment_are_declared_or_none() -> None:
    valid = (env("A"), ExistingContents(branches=(branch("main"), branch("x"))))
    invalid = (env("B"), ExistingContents(branches=(branch("x"), branch("\n"))))
    first, second = _environments(valid, invalid)
    assert first["branches"] == ["main", "x"]
    assert "branches" not in second


def test_a_secured_variable_is_declared_as_managed_elsewhere() -> None:
    (live,) = _environments(_env("Live", var("KEY"), var("A", "1")))
    assert live["variables"] == {"A": "1", "KEY": {"secured": True}}


def test_what_contains_a_secret_of_the_run_is_left_out_and_not_shown() -> None:
    secret = "canary-0123456789"
    found = _observed(
        _env("Live", var("A", f"x {secret}"), var("B", "1")),
        _env(secret, kind=STAGING),
        own=(var("C", secret),),
    )
    file = make({SHOP: found}, Redactor([secret]))
    document = render_yaml(file, ())
    assert secret not in document
    assert secret not in " ".join(file.left_out)
    assert len(file.left_out) == 3
    assert yaml.safe_load(document)["environments"][0]["variables"] == {"B": "1"}


def test_what_every_repository_has_is_declared_once() -> None:
    live = _env("Live", var("A", "1"), kind=PRODUCTION)
    found = {
        SHOP: _observed(live, _env("Only"), own=(var("R", "1"), var("OWN", "1"))),
        OTHER: _observed(live, own=(var("R", "1"),)),
    }
    assert _document(make(found, Redactor())) == {
        "version": 1,
        "workspace": "acme",
        "repositories": ["shop", "web"],
        "environments": [
            {"name": "Live", "type": "Production", "admin_only": False, "variables": {"A": "1"}}
        ],
        "repository": {"variables": {"R": "1"}},
        "overrides": [
            {
                "repositories": ["shop"],
                "environments": [{"name": "Only", "type": "Test", "admin_only": False}],
                "repository": {"variables": {"OWN": "1"}},
            }
        ],
    }


def test_only_what_differs_from_most_repositories_is_an_override() -> None:
    usual = _env("Live", var("A", "1"), var("B", "2"), kind=PRODUCTION)
    unusual = _env("Live", var("A", "1"), var("B", "3"), var("C", "4"), kind=PRODUCTION)
    document = _document(_file(a=usual, b=usual, c=unusual, d=usual))
    assert [each["variables"] for each in document["environments"]] == [{"A": "1", "B": "2"}]
    assert document["overrides"] == [
        {
            "repositories": ["c"],
            "environments": [{"name": "Live", "variables": {"B": "3", "C": "4"}}],
        }
    ]


def test_what_most_repositories_have_names_those_that_do_not() -> None:
    document = _document(_file(a=_env("Live"), b=_env("Live"), c=_env("Test")))
    assert [each["repositories"] for each in document["overrides"]] == [["*", "!c"], ["c"]]
    assert "environments" not in document


def test_nothing_that_is_exported_is_deleted() -> None:
    written = render_yaml(_file(a=_env("Live", var("A", "1")), b=_env("Test"), c=_env("live")), ())
    assert "absent" not in written
    assert "prune" not in written


def test_thirty_repositories_of_which_one_differs_take_fewer_than_100_lines() -> None:
    def found(region: str, *more: _Pair) -> Observed:
        variables = (var("REGION", region), var("DB_PASSWORD"), var("LEVEL", "info"))
        kinds = (TEST, STAGING, PRODUCTION)
        return _observed(*(_env(str(kind), *variables, kind=kind) for kind in kinds), *more)

    everything = {Repository("acme", f"svc-{number:02}"): found("eu") for number in range(29)}
    everything[SHOP] = found("us", _env("Demo"))
    written = render_yaml(make(everything, Redactor()), ())
    assert len(written.splitlines()) < 90
    assert _document(make(everything, Redactor()))["overrides"][0]["repositories"] == ["shop"]


def test_repositories_of_more_than_one_workspace_are_named_in_full() -> None:
    found: Mapping[Repository, Observed] = {
        SHOP: _observed(_env("Live")),
        Repository("else", "shop"): _observed(),
    }
    document = _document(make(found, Redactor()))
    assert "workspace" not in document
    assert document["repositories"] == ["acme/shop", "else/shop"]
    assert document["overrides"][0]["repositories"] == ["acme/shop"]


@pytest.mark.parametrize("other", ["Live", "LIVE"])
def test_environments_with_one_name_are_left_out(other: str) -> None:
    found = [_env("Live", uuid="{1}"), _env(other, uuid="{2}"), _env("Test")]
    assert [each["name"] for each in _environments(*found)] == ["Test"]
    assert len(_file(*found).left_out) == 2


def test_an_environment_whose_name_looks_like_a_uuid_is_left_out() -> None:
    found = [_env("{x}"), _env("Test")]
    assert [each["name"] for each in _environments(*found)] == ["Test"]
    assert _file(*found).left_out == (
        "Left out: the environment '{x}' of acme/shop: '{x}' is in braces, as only a uuid may be",
    )


def test_an_environment_that_is_spelled_in_two_ways_is_declared_as_a_whole() -> None:
    upper, lower = _env("LIVE", var("A", "1")), _env("live", var("A", "1"))
    document = _document(_file(a=upper, b=lower, c=lower))
    declared = {"type": "Test", "admin_only": False, "variables": {"A": "1"}}
    assert document["overrides"] == [
        {"repositories": ["*", "!a"], "environments": [{"name": "live", **declared}]},
        {"repositories": ["a"], "environments": [{"name": "LIVE", **declared}]},
    ]


def test_multi_line_values_are_blocks_where_a_block_can_hold_them() -> None:
    key = "-----BEGIN-----\nabc\n-----END-----\n"
    written = render_yaml(_file(_env("Live", var("K", key), var("S", " a\nb"))), ())
    assert "K: |\n" in written
    assert r'S: " a\nb"' in written


def test_the_file_names_the_repositories_that_could_not_be_read() -> None:
    written = render_yaml(make({SHOP: _observed()}, Redactor()), [OTHER])
    assert "# Not included, because it could not be read: acme/web\n" in written
