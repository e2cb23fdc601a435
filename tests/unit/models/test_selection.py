"""Which repositories a selection and a pattern mean."""

import pytest

from pipe.models.declaration import Repository
from pipe.models.selection import (
    Exclusion,
    Glob,
    Project,
    Selection,
    glob_matches,
    is_glob,
    is_uuid,
    matches,
)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "", True),
        ("svc-*", "svc-", True),
        ("svc-*", "a-svc-b", False),
        ("svc-?", "svc-a", True),
        ("svc-?", "svc-", False),
        ("PROD*", "production", True),
        ("[a]*", "[A]b", True),
        ("[a]", "a", False),
        ("*" * 200 + "x", "a" * 200, False),
    ],
)
def test_globs(pattern: str, name: str, expected: object) -> None:
    assert glob_matches(pattern, name) is expected


def test_what_is_a_glob() -> None:
    assert [is_glob(text) for text in ("a*", "a?", "a[b]")] == [True, True, False]


def test_a_text_in_braces_is_a_uuid() -> None:
    assert [is_uuid(text) for text in ("{1}", "{1", "1}", "1")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Repository("acme", "shop"), True),
        (Repository("ACME", "Shop"), True),
        (Repository("acme", "blog"), False),
        (Repository("other", "shop"), False),
        (Glob("acme", "sh*"), True),
        (Glob("other", "sh*"), False),
        (Glob("acme", "b*"), False),
    ],
)
def test_matches(item: Repository | Glob, expected: object) -> None:
    assert matches(item, Repository("acme", "shop")) is expected


def test_only_one_repository_by_its_name_is_single() -> None:
    shop = Repository("acme", "shop")

    assert Selection(items=(shop,)).single == shop
    assert Selection(items=(shop, shop)).single is None
    assert Selection(items=(Glob("acme", "shop*"),)).single is None
    assert Selection(items=(Project("acme", "X"), Exclusion(shop))).single is None
