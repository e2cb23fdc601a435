"""Credentials: three kinds, and the error when none is complete."""

import pytest
from pydantic import SecretStr

from pipe.bitbucket.auth import AccessToken, ApiToken, OAuthConsumer
from tests.support.settings import ONE, errors_of, settings

NO_CREDENTIALS = {name: value for name, value in ONE.items() if name != "BITBUCKET_ACCESS_TOKEN"}
API = {"ATLASSIAN_ACCOUNT_EMAIL": "dev@acme.example", "ATLASSIAN_API_TOKEN": "canary-api-token"}
ACCESS = {"BITBUCKET_ACCESS_TOKEN": "canary-access-token"}
OAUTH = {"BITBUCKET_OAUTH_CLIENT_ID": "client", "BITBUCKET_OAUTH_CLIENT_SECRET": "canary-oauth"}
WAYS = (
    "ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN, or"
    " BITBUCKET_OAUTH_CLIENT_ID and BITBUCKET_OAUTH_CLIENT_SECRET"
)
UNDEFINED = "is the variable defined where this step runs? An undefined $variable arrives empty"

API_TOKEN = ApiToken(email="dev@acme.example", token=SecretStr("canary-api-token"))
ACCESS_TOKEN = AccessToken(token=SecretStr("canary-access-token"))


@pytest.mark.parametrize(
    ("variables", "credentials", "ignored"),
    [
        (API, API_TOKEN, ()),
        (ACCESS, ACCESS_TOKEN, ()),
        (
            API | ACCESS | OAUTH,
            API_TOKEN,
            (
                "BITBUCKET_ACCESS_TOKEN is ignored: ATLASSIAN_API_TOKEN is set",
                "BITBUCKET_OAUTH_CLIENT_SECRET is ignored: ATLASSIAN_API_TOKEN is set",
            ),
        ),
        (
            ACCESS | OAUTH,
            ACCESS_TOKEN,
            ("BITBUCKET_OAUTH_CLIENT_SECRET is ignored: BITBUCKET_ACCESS_TOKEN is set",),
        ),
        (
            OAUTH,
            OAuthConsumer(
                client_id="client",
                client_secret=SecretStr("canary-oauth"),
                token_url="https://bitbucket.org/site/oauth2/access_token",
            ),
            (),
        ),
        (
            OAUTH | {"BITBUCKET_OAUTH_URL": "http://localhost:1/token"},
            OAuthConsumer(
                client_id="client",
                client_secret=SecretStr("canary-oauth"),
                token_url="http://localhost:1/token",
            ),
            (),
        ),
    ],
)
def test_the_first_complete_way_is_used(
    variables: dict[str, str], credentials: object, ignored: tuple[str, ...]
) -> None:
    read = settings(NO_CREDENTIALS | variables)

    assert read.credentials == credentials
    assert read.warnings == ignored


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN"),
        ("ATLASSIAN_API_TOKEN", "ATLASSIAN_ACCOUNT_EMAIL"),
        ("BITBUCKET_OAUTH_CLIENT_ID", "BITBUCKET_OAUTH_CLIENT_SECRET"),
        ("BITBUCKET_OAUTH_CLIENT_SECRET", "BITBUCKET_OAUTH_CLIENT_ID"),
    ],
)
def test_an_incomplete_pair(given: str, missing: str) -> None:
    half = {given: (API | OAUTH)[given]}

    assert errors_of(NO_CREDENTIALS | half) == {
        missing: f"required when {given} is set; {UNDEFINED}"
    }
    assert settings(NO_CREDENTIALS | half | ACCESS).warnings == (
        f"{given} is ignored: {missing} is not set",
    )


@pytest.mark.parametrize("name", ["BITBUCKET_USERNAME", "BITBUCKET_APP_PASSWORD"])
def test_app_passwords_are_refused(name: str) -> None:
    given = NO_CREDENTIALS | {name: "canary-app-password"}

    assert errors_of(given) == {
        name: f"app passwords were removed on 2026-07-28; use {WAYS} instead"
    }
    assert settings(given | ACCESS).warnings == (
        f"{name} is ignored: app passwords were removed on 2026-07-28",
    )


def test_no_credentials() -> None:
    assert errors_of(NO_CREDENTIALS) == {
        "ATLASSIAN_API_TOKEN": f"no credentials found; set {WAYS}; {UNDEFINED}"
    }


@pytest.mark.parametrize("token", ["canary token", "canary\n", "canäry"])
def test_an_invalid_token_is_not_quoted(token: str) -> None:
    message = (
        "contains a space, a line break or a character that no token contains, often copied by"
        " accident; store it again without"
    )

    assert errors_of(NO_CREDENTIALS | {"BITBUCKET_ACCESS_TOKEN": token}) == {
        "BITBUCKET_ACCESS_TOKEN": message
    }
    assert errors_of(NO_CREDENTIALS | API | {"ATLASSIAN_API_TOKEN": token}) == {
        "ATLASSIAN_API_TOKEN": message
    }


@pytest.mark.parametrize("value", ["$FINGERPRINT_KEY", "${FINGERPRINT_KEY}"])
def test_a_variable_that_was_not_replaced_is_no_credential(value: str) -> None:
    message = "the name of a variable that was not replaced; is it defined?"

    assert errors_of(ONE | {"FINGERPRINT_KEY": value, "BITBUCKET_ACCESS_TOKEN": value}) == {
        "FINGERPRINT_KEY": message,
        "BITBUCKET_ACCESS_TOKEN": message,
    }


@pytest.mark.parametrize("email", ["canary-other-token", "a:b@c", "a b@c", "@", "a@b@c"])
def test_an_invalid_email_address_is_not_quoted(email: str) -> None:
    assert errors_of(NO_CREDENTIALS | API | {"ATLASSIAN_ACCOUNT_EMAIL": email}) == {
        "ATLASSIAN_ACCOUNT_EMAIL": "not an e-mail address; use the address of the Atlassian account"
    }
