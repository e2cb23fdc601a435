"""Unknown variables that nearly are ours get a warning, others are ignored."""

import pytest

from pipe.settings.loader import InvalidSettingsError
from tests.container.pipelines import PASSED
from tests.support.settings import ONE, PIPELINE, errors_of, settings

PIPELINES = (
    *PASSED,
    *("BITBUCKET_DEPLOYMENT_ENVIRONMENT", "BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID"),
    *("BITBUCKET_PR_ID", "BITBUCKET_TAG", "BITBUCKET_EXIT_CODE"),
)
ELSEWHERE = (
    "PATH HOME HOSTNAME LANG PYTHON_VERSION HTTPS_PROXY NO_PROXY SSL_CERT_FILE FORCE_COLOR"
    " TERM PWD STAGE NODE_ENV AWS_ACCESS_KEY_ID DEBUG_LEVEL VARIABLES_COUNT_TOTAL"
)


def test_a_container_is_full_of_other_variables() -> None:
    others = {name: "1" for name in (*PIPELINES, *ELSEWHERE.split()) if name not in ONE}

    assert settings(ONE | others).warnings == ()


def test_the_items_of_a_list_are_ours() -> None:
    assert settings(ONE | {"BRANCHES_COUNT": "1", "BRANCHES_0": "main"}).warnings == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ENVIROMENT_NAME", "ENVIRONMENT_NAME"),
        ("ENVIRONMENT_NAMES", "ENVIRONMENT_NAME"),
        ("environment_name", "ENVIRONMENT_NAME"),
        ("ENVIRONMENT-TYPE", "ENVIRONMENT_TYPE"),
        ("ADMINONLY", "ADMIN_ONLY"),
        ("SECURE_VARIABLES", "SECURED_VARIABLES"),
        ("VARIABLE", "VARIABLES"),
        ("CONFIGFILE", "CONFIG_FILE"),
        ("ATLASSIAN_ACCOUNT_MAIL", "ATLASSIAN_ACCOUNT_EMAIL"),
        ("BITBUCKET_CLIENT_SECRET", "BITBUCKET_OAUTH_CLIENT_SECRET"),
        ("MODEL", "MODE"),
        ("BRANCH", "BRANCHES"),
        ("REPOSITORY-SLUG", "REPO_SLUG"),
        ("PLAN", "MODE=plan"),
    ],
)
def test_a_misspelling(name: str, meant: str | None) -> None:
    expected = (f"Unknown variable {name}; did you mean {meant}?",)

    assert settings(ONE | {name: "x"}).warnings == (expected if meant else ())


def test_a_misspelling_is_reported_beside_an_error() -> None:
    """It may be what explains the error."""
    with pytest.raises(InvalidSettingsError) as found:
        settings(PIPELINE | {"ENVIRONMENT_NAM": "Tmp"})

    assert [each.source for each in found.value.errors] == ["ENVIRONMENT_NAME"]
    assert found.value.warnings == (
        "Unknown variable ENVIRONMENT_NAM; did you mean ENVIRONMENT_NAME?",
    )


@pytest.mark.promise("P25")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mode", "plan", "did you mean MODE?"),
        ("MOD", "Check", "did you mean MODE?"),
        ("PLAN", "true", "did you mean MODE=plan?"),
        ("check", "Yes", "did you mean MODE=check?"),
        ("PLAN_CHECKSUMS", "sha256:", "did you mean PLAN_CHECKSUM?"),
        ("DRYRUN", "true", "use MODE: plan"),
        ("DRY-RUN", "true", "use MODE: plan"),
        ("dry_run", "true", "use MODE: plan"),
    ],
)
def test_a_misspelling_that_would_write_is_an_error(name: str, value: str, words: str) -> None:
    assert errors_of(ONE | {name: value})[name].endswith(words)


@pytest.mark.promise("P25")
def test_an_empty_mode_gets_a_warning() -> None:
    expected = ("MODE is empty, which means not given: changes are written",)

    assert settings(ONE | {"MODE": ""}).warnings == expected
    assert settings(ONE | {"PLAN_CHECKSUM": ""}).warnings == ()
