"""Which repositories are selected, and where requests go."""

import pytest

from pipe.models.declaration import Repository
from pipe.models.selection import Exclusion, Glob, Project, Selection, SelectionItem
from tests.support.settings import ONE, errors_of, settings

OUTSIDE = ONE | {"BITBUCKET_WORKSPACE": "", "BITBUCKET_REPO_SLUG": ""}
UUID = "{0a1b2c3d-0000-4000-8000-000000000000}"


@pytest.mark.parametrize(
    ("variables", "items"),
    [
        ({"WORKSPACE": "other"}, [Repository("other", "shop")]),
        ({"REPO_SLUG": "blog"}, [Repository("acme", "blog")]),
        ({"WORKSPACE": UUID, "REPO_SLUG": UUID}, [Repository(UUID, UUID)]),
        ({"REPOSITORIES": "blog"}, [Repository("acme", "blog")]),
        ({"REPOSITORIES": "*"}, [Glob("acme", "*")]),
        (
            {"REPOSITORIES": '["a", "b/c", "d/svc-?", "project:PLAT", "!e", "!*o", "!project:X"]'},
            [
                Repository("acme", "a"),
                Repository("b", "c"),
                Glob("d", "svc-?"),
                Project("acme", "PLAT"),
                Exclusion(Repository("acme", "e")),
                Exclusion(Glob("acme", "*o")),
                Exclusion(Project("acme", "X")),
            ],
        ),
    ],
)
def test_repositories(variables: dict[str, str], items: list[SelectionItem]) -> None:
    assert settings(ONE | variables).selection == Selection(items=tuple(items))


INVALID_SLUG = "is not a valid slug; copy it from the address, bitbucket.org/WORKSPACE/SLUG"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WORKSPACE": "a/b"}, {"WORKSPACE": f"'a/b' {INVALID_SLUG}"}),
        ({"WORKSPACE": ".."}, {"WORKSPACE": f"'..' {INVALID_SLUG}"}),
        ({"BITBUCKET_WORKSPACE": "a%2f"}, {"BITBUCKET_WORKSPACE": f"'a%2f' {INVALID_SLUG}"}),
        (
            {"BITBUCKET_REPO_SLUG": "?"},
            {"BITBUCKET_REPO_SLUG": "'?' is a pattern; use REPOSITORIES for patterns"},
        ),
        (
            {"REPO_SLUG": "svc-*"},
            {"REPO_SLUG": "'svc-*' is a pattern; use REPOSITORIES for patterns"},
        ),
        ({"REPO_SLUG": "acme/"}, {"REPO_SLUG": "'acme/' is incomplete; expected WORKSPACE/SLUG"}),
        (
            {"REPOSITORIES": "*, !sandbox-*"},
            {"REPOSITORIES": "'*, !sandbox-*' is one item; write a YAML list or a JSON array"},
        ),
        (
            {"REPOSITORIES": "shop, api"},
            {"REPOSITORIES": "'shop, api' is one item; write a YAML list or a JSON array"},
        ),
        (
            {"REPOSITORIES": "'*'"},
            {"REPOSITORIES": "\"'*'\" is not a valid pattern; expected for example svc-* or *"},
        ),
        (
            {"REPO_SLUG": "a", "REPOSITORIES": "b"},
            {"REPOSITORIES": "REPOSITORIES and REPO_SLUG are mutually exclusive"},
        ),
        (
            {"REPOSITORIES": "[]"},
            {"REPOSITORIES": "selects no repository; list some, or * for the whole workspace"},
        ),
        (
            {"REPOSITORIES": "!a"},
            {"REPOSITORIES": "selects no repository; list some, or * for the whole workspace"},
        ),
        (
            {"REPOSITORIES": '["a b", "project:?", "a/b/c", "ok"]'},
            {
                "REPOSITORIES[0]": f"'a b' {INVALID_SLUG}",
                "REPOSITORIES[1]": "'?' is not a valid project key; expected for example"
                " project:PLAT",
                "REPOSITORIES[2]": f"'a/b' {INVALID_SLUG}",
            },
        ),
        (
            {"REPOSITORIES_COUNT": "1", "REPOSITORIES_0": ""},
            {
                "REPOSITORIES_0": "missing or empty, but REPOSITORIES_COUNT is 1; an undefined"
                " $variable arrives empty: define it, or remove the item",
            },
        ),
        ({"REPOSITORIES": "[null]"}, {"REPOSITORIES[0]": "expected a string"}),
    ],
)
def test_invalid_repositories(variables: dict[str, str], expected: dict[str, str]) -> None:
    assert errors_of(ONE | variables) == expected


def test_outside_of_pipelines() -> None:
    missing = "required outside Bitbucket Pipelines"

    assert errors_of(OUTSIDE) == {"WORKSPACE": missing, "REPO_SLUG": missing}
    assert errors_of(OUTSIDE | {"REPOSITORIES": '["a", "b/c"]'}) == {
        "REPOSITORIES[0]": "'a' has no workspace; set WORKSPACE"
    }
    assert settings(OUTSIDE | {"REPOSITORIES": "b/c"}).selection.single == Repository("b", "c")


def test_parallel_steps_share_many_repositories_but_not_one() -> None:
    step = {"BITBUCKET_PARALLEL_STEP": "1", "BITBUCKET_PARALLEL_STEP_COUNT": "3"}

    assert settings(ONE | step).parallel is None
    assert settings(ONE | step | {"REPOSITORIES": "*"}).parallel == (1, 3)
    assert settings(ONE | {"REPOSITORIES": "*", "BITBUCKET_PARALLEL_STEP": "1"}).parallel is None


@pytest.mark.parametrize(("step", "count"), [("3", "3"), ("-1", "3"), ("x", "3"), ("0", "²")])
def test_invalid_numbers_of_parallel_steps(step: str, count: str) -> None:
    variables = {"BITBUCKET_PARALLEL_STEP": step, "BITBUCKET_PARALLEL_STEP_COUNT": count}

    assert set(errors_of(ONE | variables)) == {"BITBUCKET_PARALLEL_STEP"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://api.bitbucket.org", "https://api.bitbucket.org"),
        ("https://api.bitbucket.org/", "https://api.bitbucket.org"),
        ("https://api.bitbucket.org/2.0", "https://api.bitbucket.org"),
        ("https://api.bitbucket.org/2.0/", "https://api.bitbucket.org"),
        ("https://proxy.acme.example:8443/bitbucket", "https://proxy.acme.example:8443/bitbucket"),
        ("HTTPS://API.bitbucket.org", "https://API.bitbucket.org"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.1.2.3:8000", "http://127.1.2.3:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://host.docker.internal:29418", "http://host.docker.internal:29418"),
    ],
)
def test_the_api_url(given: str, read: str) -> None:
    assert settings(ONE | {"BITBUCKET_API_URL": given}).options.bitbucket_api_url == read


UNENCRYPTED = (
    "would send credentials unencrypted; use https:// (plain http is allowed for a loopback address"
    " or host.docker.internal only)"
)
INVALID_URL = "not a valid URL; expected for example https://api.bitbucket.org"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("api.bitbucket.org", INVALID_URL),
        ("ftp://api.bitbucket.org", INVALID_URL),
        ("https://", INVALID_URL),
        ("https://a b", INVALID_URL),
        ("https://a\\@b", INVALID_URL),
        ("https://a:99999", INVALID_URL),
        ("https://a:0", INVALID_URL),
        ("https://[::1", INVALID_URL),
        ("https://[v1.x]", INVALID_URL),
        ("https://-a", INVALID_URL),
        ("https://999.999.999.999", INVALID_URL),
        ("https://xn--.example", INVALID_URL),
        ("https://xn--zzzzzz99999.example", INVALID_URL),
        ("https://a.1", INVALID_URL),
        ("https://a/b//c", INVALID_URL),
        (
            "https://user:canary-password@a",
            "contains a user name or password; set credentials in their own variables",
        ),
        (
            "https://canary-token@a",
            "contains a user name or password; set credentials in their own variables",
        ),
        ("https://a?", "'https://a?' has a query or fragment (after ? or #); remove it"),
        ("https://a#b", "'https://a#b' has a query or fragment (after ? or #); remove it"),
        (
            "http://api.bitbucket.org",
            f"'http://api.bitbucket.org' {UNENCRYPTED}",
        ),
        (
            "http://localhost.evil.example",
            f"'http://localhost.evil.example' {UNENCRYPTED}",
        ),
    ],
)
def test_a_url_that_credentials_must_not_be_sent_to(given: str, message: str) -> None:
    for name in ("BITBUCKET_API_URL", "BITBUCKET_OAUTH_URL"):
        assert errors_of(ONE | {name: given}) == {name: message}
