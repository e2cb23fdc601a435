"""Who is calling: three ways, and what is said when none is complete."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from pipe.bitbucket.auth import AccessToken, ApiToken, OAuthConsumer
from tests.support.settings import ONE, faults, settings

NOBODY = {name: value for name, value in ONE.items() if name != "BITBUCKET_ACCESS_TOKEN"}
API = {"ATLASSIAN_ACCOUNT_EMAIL": "dev@acme.example", "ATLASSIAN_API_TOKEN": "canary-api-token"}
ACCESS = {"BITBUCKET_ACCESS_TOKEN": "canary-access-token"}
OAUTH = {"BITBUCKET_OAUTH_CLIENT_ID": "client", "BITBUCKET_OAUTH_CLIENT_SECRET": "canary-oauth"}
WAYS = (
    "ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN, or"
    " BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET"
)

API_TOKEN = ApiToken(email="dev@acme.example", token=SecretStr("canary-api-token"))
ACCESS_TOKEN = AccessToken(token=SecretStr("canary-access-token"))


@pytest.mark.parametrize(
    ("variables", "credentials"),
    [
        (API, API_TOKEN),
        (ACCESS, ACCESS_TOKEN),
        (API | ACCESS | OAUTH, API_TOKEN),
        (ACCESS | OAUTH, ACCESS_TOKEN),
        (
            OAUTH,
            OAuthConsumer(
                client_id="client",
                client_secret=SecretStr("canary-oauth"),
                token_url="https://bitbucket.org/site/oauth2/access_token",
            ),
        ),
        (
            OAUTH | {"BITBUCKET_OAUTH_URL": "http://localhost:1/token"},
            OAuthConsumer(
                client_id="client",
                client_secret=SecretStr("canary-oauth"),
                token_url="http://localhost:1/token",
            ),
        ),
    ],
)
def test_the_first_complete_way_is_used(variables: dict[str, str], credentials: object) -> None:
    read = settings(NOBODY | variables)

    assert read.credentials == credentials
    assert read.warnings == ()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN"),
        ("ATLASSIAN_API_TOKEN", "ATLASSIAN_ACCOUNT_EMAIL"),
        ("BITBUCKET_OAUTH_CLIENT_ID", "BITBUCKET_OAUTH_CLIENT_SECRET"),
        ("BITBUCKET_OAUTH_CLIENT_SECRET", "BITBUCKET_OAUTH_CLIENT_ID"),
    ],
)
def test_half_a_pair(given: str, missing: str) -> None:
    half = {given: (API | OAUTH)[given]}

    assert faults(NOBODY | half) == {missing: f"is missing, though {given} is given; set both"}
    assert settings(NOBODY | half | ACCESS).warnings == (
        f"{given} is not used: {missing} is missing",
    )


@pytest.mark.parametrize("name", ["BITBUCKET_USERNAME", "BITBUCKET_APP_PASSWORD"])
def test_app_passwords_are_gone(name: str) -> None:
    given = NOBODY | {name: "canary-app-password"}

    assert faults(given) == {name: f"app passwords were removed on 2026-07-28; use {WAYS} instead"}
    assert settings(given | ACCESS).warnings == (
        f"{name} is not used: app passwords were removed on 2026-07-28",
    )


def test_nobody() -> None:
    assert faults(NOBODY) == {"ATLASSIAN_API_TOKEN": f"no credentials are given; set {WAYS}"}


@pytest.mark.parametrize("token", ["canary token", "canary\n", "canäry"])
def test_a_token_that_is_none_is_not_shown(token: str) -> None:
    message = (
        "holds a space, a line break or a character that no token has, often copied along;"
        " store it again without"
    )

    assert faults(NOBODY | {"BITBUCKET_ACCESS_TOKEN": token}) == {"BITBUCKET_ACCESS_TOKEN": message}
    assert faults(NOBODY | API | {"ATLASSIAN_API_TOKEN": token}) == {"ATLASSIAN_API_TOKEN": message}


@pytest.mark.parametrize("email", ["canary-api-token", "a:b@c", "a b@c", "@", "a@b@c"])
def test_an_email_address_that_is_none_is_not_shown(email: str) -> None:
    assert faults(NOBODY | API | {"ATLASSIAN_ACCOUNT_EMAIL": email}) == {
        "ATLASSIAN_ACCOUNT_EMAIL": "is no e-mail address; write that of the Atlassian account"
    }
