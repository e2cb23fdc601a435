"""Which repositories are meant, and where requests go."""

from __future__ import annotations

import pytest

from pipe.models.selection import Exclusion, Glob, Item, Project, Selection, Slug
from tests.support.settings import ONE, faults, settings

OUTSIDE = ONE | {"BITBUCKET_WORKSPACE": "", "BITBUCKET_REPO_SLUG": ""}
UUID = "{0a1b2c3d-0000-4000-8000-000000000000}"


@pytest.mark.parametrize(
    ("variables", "items"),
    [
        ({"WORKSPACE": "other"}, [Slug("other", "shop")]),
        ({"REPO_SLUG": "blog"}, [Slug("acme", "blog")]),
        ({"WORKSPACE": UUID, "REPO_SLUG": UUID}, [Slug(UUID, UUID)]),
        ({"REPOSITORIES": "blog"}, [Slug("acme", "blog")]),
        ({"REPOSITORIES": "*"}, [Glob("acme", "*")]),
        (
            {"REPOSITORIES": '["a", "b/c", "d/svc-?", "project:PLAT", "!e", "!*o", "!project:X"]'},
            [
                Slug("acme", "a"),
                Slug("b", "c"),
                Glob("d", "svc-?"),
                Project("acme", "PLAT"),
                Exclusion(Slug("acme", "e")),
                Exclusion(Glob("acme", "*o")),
                Exclusion(Project("acme", "X")),
            ],
        ),
    ],
)
def test_repositories(variables: dict[str, str], items: list[Item]) -> None:
    assert settings(ONE | variables).selection == Selection(items=tuple(items))


NO_SLUG = "is no slug; write it as in the address: bitbucket.org/WORKSPACE/SLUG"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WORKSPACE": "a/b"}, {"WORKSPACE": f"'a/b' {NO_SLUG}"}),
        ({"WORKSPACE": ".."}, {"WORKSPACE": f"'..' {NO_SLUG}"}),
        ({"BITBUCKET_WORKSPACE": "a%2f"}, {"BITBUCKET_WORKSPACE": f"'a%2f' {NO_SLUG}"}),
        ({"BITBUCKET_REPO_SLUG": "?"}, {"BITBUCKET_REPO_SLUG": "'?' is a pattern, and one is needed"
          " here; patterns go into REPOSITORIES"}),
        ({"REPO_SLUG": "svc-*"}, {"REPO_SLUG": "'svc-*' is a pattern, and one is needed here;"
          " patterns go into REPOSITORIES"}),
        ({"REPO_SLUG": "a", "REPOSITORIES": "b"}, {"REPOSITORIES": "is given beside REPO_SLUG;"
          " give one of them"}),
        ({"REPOSITORIES": "[]"}, {"REPOSITORIES": "chooses no repository; name some, or write * for"
          " all of the workspace"}),
        ({"REPOSITORIES": "!a"}, {"REPOSITORIES": "chooses no repository; name some, or write * for"
          " all of the workspace"}),
        ({"REPOSITORIES": '["a b", "project:?", "a/b/c", "ok"]'}, {
            "REPOSITORIES[0]": f"'a b' {NO_SLUG}",
            "REPOSITORIES[1]": "'?' is no project key; write for example project:PLAT",
            "REPOSITORIES[2]": f"'a/b' {NO_SLUG}",
        }),
        ({"REPOSITORIES": "[null]"}, {"REPOSITORIES[0]": "is not text; write a string"}),
    ],
)  # fmt: skip
def test_faulty_repositories(variables: dict[str, str], expected: dict[str, str]) -> None:
    assert faults(ONE | variables) == expected


def test_outside_of_pipelines() -> None:
    missing = "is missing; outside of Pipelines it has no default"

    assert faults(OUTSIDE) == {"WORKSPACE": missing, "REPO_SLUG": missing}
    assert faults(OUTSIDE | {"REPOSITORIES": '["a", "b/c"]'}) == {
        "REPOSITORIES[0]": "'a' belongs to no known workspace; set WORKSPACE"
    }
    assert settings(OUTSIDE | {"REPOSITORIES": "b/c"}).selection.single == Slug("b", "c")


def test_parallel_steps_share_many_repositories_but_not_one() -> None:
    step = {"BITBUCKET_PARALLEL_STEP": "1", "BITBUCKET_PARALLEL_STEP_COUNT": "3"}

    assert settings(ONE | step).parallel is None
    assert settings(ONE | step | {"REPOSITORIES": "*"}).parallel == (1, 3)
    assert settings(ONE | {"REPOSITORIES": "*", "BITBUCKET_PARALLEL_STEP": "1"}).parallel is None


@pytest.mark.parametrize(("step", "count"), [("3", "3"), ("-1", "3"), ("x", "3"), ("0", "²")])
def test_parallel_steps_that_make_no_sense(step: str, count: str) -> None:
    variables = {"BITBUCKET_PARALLEL_STEP": step, "BITBUCKET_PARALLEL_STEP_COUNT": count}

    assert set(faults(ONE | variables)) == {"BITBUCKET_PARALLEL_STEP"}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://api.bitbucket.org", "https://api.bitbucket.org"),
        ("https://api.bitbucket.org/", "https://api.bitbucket.org"),
        ("https://api.bitbucket.org/2.0", "https://api.bitbucket.org"),
        ("https://api.bitbucket.org/2.0/", "https://api.bitbucket.org"),
        ("https://proxy.acme.example:8443/bitbucket", "https://proxy.acme.example:8443/bitbucket"),
        ("HTTPS://API.bitbucket.org", "https://API.bitbucket.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.1.2.3:8000", "http://127.1.2.3:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://host.docker.internal:29418", "http://host.docker.internal:29418"),
    ],
)
def test_the_api_url(given: str, read: str) -> None:
    assert settings(ONE | {"BITBUCKET_API_URL": given}).api_url == read


UNENCRYPTED = (
    "would send credentials unencrypted; write https:// (plain http is for a loopback address or"
    " host.docker.internal)"
)
NO_URL = "is not a URL such as https://api.bitbucket.org"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("api.bitbucket.org", NO_URL),
        ("ftp://api.bitbucket.org", NO_URL),
        ("https://", NO_URL),
        ("https://a b", NO_URL),
        ("https://a\\@b", NO_URL),
        ("https://a:99999", NO_URL),
        ("https://a:0", NO_URL),
        ("https://[::1", NO_URL),
        ("https://[v1.x]", NO_URL),
        ("https://-a", NO_URL),
        ("https://a/b//c", NO_URL),
        (
            "https://user:canary-password@a",
            "holds a user name or password; give credentials in their own variables",
        ),
        (
            "https://canary-token@a",
            "holds a user name or password; give credentials in their own variables",
        ),
        ("https://a?", "'https://a?' has a part after ? or #; leave that out"),
        ("https://a#b", "'https://a#b' has a part after ? or #; leave that out"),
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
def test_a_url_that_credentials_must_not_go_to(given: str, message: str) -> None:
    for name in ("BITBUCKET_API_URL", "BITBUCKET_OAUTH_URL"):
        assert faults(ONE | {name: given}) == {name: message}
