"""Every secret is known, and none stands in a message."""

import pytest

from pipe.models.errors import ConfigurationError
from pipe.parsing.secrets import authenticates, known_secrets
from pipe.settings.loader import read_settings
from tests.support.settings import ONE, reader, settings

SECRETS = {
    "ATLASSIAN_API_TOKEN": "canary-1",
    "BITBUCKET_ACCESS_TOKEN": "canary-22",
    "BITBUCKET_APP_PASSWORD": "canary-333",
    "BITBUCKET_OAUTH_CLIENT_SECRET": "canary-4444",
    "FINGERPRINT_KEY": "canary-55555-long-enough",
    "PIPELINES_JWT_TOKEN": "canary-666666",
    "BITBUCKET_STEP_OIDC_TOKEN": "canary-7777777",
}


def test_every_secret_is_known() -> None:
    environ = SECRETS | {
        "SECURED_VARIABLES": '["A=canary-88888888", {"key": "B", "secured": true}]',
        "SECURED_REPOSITORY_VARIABLES_COUNT": "1",
        "SECURED_REPOSITORY_VARIABLES_0": "C=canary-repository",
        "HTTPS_PROXY": "http://user:canary%2D999999999@proxy:3128",
        "http_proxy": "user:canary-no-scheme@[",
        "ALL_PROXY": "http://proxy:3128",
        "BITBUCKET_USERNAME": "no-secret",
        "BITBUCKET_OIDC_AUDIENCE": "no-secret",
        "VARIABLES": "A=no-secret",
    }

    assert known_secrets(environ) == {
        *SECRETS.values(),
        '["A=canary-88888888", {"key": "B", "secured": true}]',
        "canary-88888888",
        "C=canary-repository",
        "canary-repository",
        "canary%2D999999999",
        "canary-999999999",
        "canary-no-scheme",
    }


def test_the_items_of_an_invalid_list_are_secrets_too() -> None:
    environ = {"SECURED_VARIABLES_COUNT": "x", "SECURED_VARIABLES_0": "canary-without-a-key"}

    assert known_secrets(environ | {"FINGERPRINT_KEY": "y"}) == {"canary-without-a-key", "y"}


def test_settings_know_the_secrets_of_files_and_of_json() -> None:
    environ = ONE | {
        "VARIABLES": '[{"key": "A", "value": "canary-json", "secured": true}]',
        "SECURED_VARIABLES_FILE": "env",
    }

    assert settings(environ, env="B=canary-file").secrets == {
        "canary-access-token",
        "canary-file",
        "canary-json",
    }


def test_settings_do_not_show_secrets() -> None:
    read = settings(
        ONE | {"SECURED_VARIABLES": "A=canary", "FINGERPRINT_KEY": "canary-key-16-chars"}
    )

    assert "canary" not in repr(read)
    assert "canary" not in str(read)


@pytest.mark.parametrize("name", ["ENVIRONMENT_TYPE", "MODE", "BRANCHES_COUNT", "WORKSPACE"])
def test_a_secret_in_the_wrong_place_is_not_shown(name: str) -> None:
    environ = ONE | {name: " canary-access-token"}

    with pytest.raises(ConfigurationError) as caught:
        read_settings(environ, reader({}))

    messages = [fault.message for fault in caught.value.errors]
    assert any("***" in message for message in messages)
    assert not any("canary" in message for message in messages)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, True) for name in SECRETS),
        ("ATLASSIAN_ACCOUNT_EMAIL", True),
        ("BITBUCKET_USERNAME", True),
        ("BITBUCKET_OAUTH_CLIENT_ID", True),
        ("MY_OIDC_THING", True),
        ("https_proxy", True),
        ("DB_PASSWORD", False),
    ],
)
def test_what_authenticates_the_pipe(name: str, expected: object) -> None:
    assert authenticates(name) is expected
