"""One variable at a time: its meaning, and the error when it is invalid."""

import pytest

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    Repository,
    Rule,
    SecuredUpdate,
    State,
)
from pipe.models.results import Mode
from pipe.models.selection import Selection
from pipe.settings.pipelines import PipelineContext
from tests.support.settings import ONE, PIPELINE, errors_of, settings

SHOP = Repository("acme", "shop")
CHECKSUM = "sha256:" + "0af9" * 16


def declared(**variables: str) -> Declaration:
    return settings(ONE | variables).declaration_for(SHOP)


def test_the_least_that_a_run_needs() -> None:
    read = settings(ONE)

    assert read.selection == Selection(items=(Repository("acme", "shop"),))
    assert read.declaration_for(SHOP) == Declaration(
        environments=(DeclaredEnvironment(name="Test-Env", type=EnvironmentType.TEST),)
    )
    assert (read.options.mode, read.options.plan_checksum, read.options.force) == (
        Mode.APPLY,
        None,
        False,
    )
    assert (read.options.max_attempts, read.options.deadline, read.options.workers) == (5, 600.0, 4)
    assert (read.options.report_files, read.options.code_insights, read.options.comment) == (
        (),
        False,
        False,
    )
    assert (read.options.debug, read.options.no_color) == (False, False)
    assert read.options.bitbucket_api_url == "https://api.bitbucket.org"
    assert (read.secured_update, read.options.fingerprint_key) == (SecuredUpdate.ALWAYS, None)
    assert (read.parallel, read.options.config_file, read.lines) == (None, None, {})
    assert read.context == PipelineContext(repository="acme/shop")
    assert read.warnings == ()
    assert read.secrets == {"canary-access-token"}


def test_an_empty_variable_is_not_given() -> None:
    names = (
        "ADMIN_ONLY BRANCHES BRANCHES_COUNT BRANCHES_0 VARIABLES STATE RENAME_FROM PRUNE FORCE"
        " WORKSPACE REPO_SLUG REPOSITORIES CONFIG_FILE FINGERPRINT_KEY NO_COLOR DEBUG DEADLINE"
        " BITBUCKET_API_URL BITBUCKET_OAUTH_URL ATLASSIAN_API_TOKEN BITBUCKET_APP_PASSWORD"
        " ENVIROMENT_NAME BITBUCKET_PARALLEL_STEP"
    )

    assert settings(ONE | dict.fromkeys(names.split(), "")) == settings(ONE)


def test_everything_of_one_environment() -> None:
    assert declared(
        ENVIRONMENT_TYPE="pRODUCTION",
        STATE="Present",
        RENAME_FROM="Live",
        ADMIN_ONLY="yes",
        BRANCHES="main",
        ENABLE_PIPELINES="true",
        PRUNE="environments",
    ) == Declaration(
        environments=(
            DeclaredEnvironment(
                name="Test-Env",
                type=EnvironmentType.PRODUCTION,
                state=State.PRESENT,
                rename_from="Live",
                desired=Desired(admin_only=True, branches=("main",)),
            ),
        ),
        prune_environments=True,
        enable_pipelines=True,
    )


@pytest.mark.parametrize("pattern", ["Prod*", "?"])
def test_a_pattern_is_a_rule(pattern: str) -> None:
    assert declared(ENVIRONMENT_NAME=pattern, STATE="absent", ADMIN_ONLY="on") == Declaration(
        rules=(
            Rule(
                name_pattern=pattern,
                type=EnvironmentType.TEST,
                state=State.ABSENT,
                desired=Desired(admin_only=True),
            ),
        )
    )


def test_how_to_run() -> None:
    read = settings(
        ONE
        | {
            "MODE": "Check",
            "PLAN_CHECKSUM": CHECKSUM,
            "FORCE": "1",
            "MAX_ATTEMPTS": "9",
            "DEADLINE": "0.5",
            "WORKERS": "64",
            "START_AT": "acme/shop",
            "REPORT_FILES": '["a.json", "b.xml", "c.md", "d.HTML"]',
            "CODE_INSIGHTS": "TRUE",
            "COMMENT": "on",
            "DEBUG": "true",
            "NO_COLOR": "0",
            "BITBUCKET_API_URL": "http://127.0.0.1:8000/",
        }
    )

    assert (read.options.mode, read.options.plan_checksum, read.options.force) == (
        Mode.CHECK,
        CHECKSUM,
        True,
    )
    assert (read.options.max_attempts, read.options.deadline, read.options.workers) == (9, 0.5, 64)
    assert read.options.start_at == Repository("acme", "shop")
    assert read.options.report_files == ("a.json", "b.xml", "c.md", "d.HTML")
    assert (
        read.options.code_insights,
        read.options.comment,
        read.options.debug,
        read.options.no_color,
    ) == (True, True, True, True)
    assert read.options.bitbucket_api_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("text", "value"),
    [(word, True) for word in ("true", "Yes", "ON", "1")]
    + [(word, False) for word in ("false", "No", "OFF", "0")],
)
def test_booleans(text: str, value: object) -> None:
    assert declared(ADMIN_ONLY=text).environments[0].desired.admin_only is value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ADMIN_ONLY", "maybe", "'maybe' is not a boolean; expected true or false"),
        ("ADMIN_ONLY", "true ", "'true ' is not a boolean; expected true or false"),
        (
            "ENVIRONMENT_TYPE",
            "Prod",
            (
                "'Prod' is not a valid type; expected Test, Staging or Production"
                " (did you mean Production?)"
            ),
        ),
        ("ENVIRONMENT_TYPE", "x", "'x' is not a valid type; expected Test, Staging or Production"),
        (
            "STATE",
            "abesnt",
            "'abesnt' is not a valid state; expected present or absent (did you mean absent?)",
        ),
        ("MODE", "dry-run", "'dry-run' is not a valid mode; expected apply, plan, check or export"),
        (
            "PRUNE",
            "Variables, foo",
            (
                "'Variables, foo' is not a valid value; expected variables,"
                " environments or repository-variables (did you mean variables?); write a list for"
                " several"
            ),
        ),
        ("PLAN_CHECKSUM", "sha256:", "'sha256:' has no digits; is the variable behind it defined?"),
        ("MAX_ATTEMPTS", "0", "'0' is not an integer from 1 to 100"),
        ("MAX_ATTEMPTS", "٣", "'٣' is not an integer from 1 to 100"),
        ("MAX_ATTEMPTS", "1_0", "'1_0' is not an integer from 1 to 100"),
        ("WORKERS", "65", "'65' is not an integer from 1 to 64"),
        ("START_AT", "shop", "'shop' is incomplete; expected WORKSPACE/SLUG"),
        ("DEADLINE", "0", "'0' is not a number of seconds above 0 and up to 604800"),
        ("DEADLINE", "inf", "'inf' is not a number of seconds above 0 and up to 604800"),
        ("DEADLINE", "604801", "'604801' is not a number of seconds above 0 and up to 604800"),
        ("ENVIRONMENT_NAME", "  ", "the name is blank"),
        ("RENAME_FROM", "Li*", "'Li*' is a pattern; expected the name of one environment"),
        ("CONFIG_FILE", "a\nb", "'a\\nb' is not a file path"),
        ("CODE_INSIGHTS", "2", "'2' is not a boolean; expected true or false"),
        (
            "ENVIRONMENT_NAME",
            "a\x1b[31m",
            "'a\\x1b[31m' contains a line break or control character",
        ),
        (
            "PLAN_CHECKSUM",
            "0af9",
            "'0af9' is not a checksum; copy sha256: and all 64 digits printed by MODE=plan",
        ),
        (
            "PLAN_CHECKSUM",
            "sha256:00",
            "'sha256:00' is not a checksum; copy sha256: and all 64 digits printed by MODE=plan",
        ),
        (
            "REPORT_FILES",
            "report.txt",
            "'report.txt' has an unknown extension; expected .json, .xml, .md or .html",
        ),
        (
            "PRUNE",
            "variable",
            (
                "'variable' is not a valid value; expected variables, environments or"
                " repository-variables (did you mean variables?)"
            ),
        ),
        ("SECURED_UPDATE", "on-change", "on-change requires FINGERPRINT_KEY"),
    ],
)
def test_an_invalid_value_is_an_error(name: str, value: str, message: str) -> None:
    assert errors_of(ONE | {name: value})[name] == message


def test_a_long_value_is_cut() -> None:
    message = errors_of(ONE | {"MODE": "x" * 1000})["MODE"]

    assert message == f"'{'x' * 60}…' is not a valid mode; expected apply, plan, check or export"


def test_undecodable_bytes_are_an_error() -> None:
    assert errors_of(ONE | {"ENVIRONMENT_NAME": "a\udcff"}) == {
        "ENVIRONMENT_NAME": "not valid UTF-8"
    }


def test_all_errors_are_reported_together() -> None:
    found = errors_of({"MODE": "x", "WORKERS": "x", "STATE": "x", "VARIABLES": "x"})

    assert set(found) == {
        *("MODE", "WORKERS", "STATE", "VARIABLES"),
        *("ATLASSIAN_API_TOKEN", "ENVIRONMENT_NAME", "WORKSPACE", "REPO_SLUG"),
    }


def test_a_name_is_required() -> None:
    assert errors_of(PIPELINE) == {
        "ENVIRONMENT_NAME": "required, unless REPOSITORY_VARIABLES or a CONFIG_FILE is set"
    }


def test_export_needs_no_environment() -> None:
    read = settings(PIPELINE | {"MODE": "export"})

    assert (read.options.mode, read.declaration_for(SHOP)) == (Mode.EXPORT, Declaration())


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"STATE": "absent"},
            "cannot be used with STATE=absent; set ENVIRONMENT_NAME only",
        ),
        (
            {"ENVIRONMENT_NAME": "T*"},
            "cannot be used with a pattern in ENVIRONMENT_NAME",
        ),
        ({"ENVIRONMENT_NAME": "Old"}, "same as ENVIRONMENT_NAME; set the former name"),
    ],
)
def test_renames_that_contradict(variables: dict[str, str], message: str) -> None:
    assert errors_of(ONE | {"RENAME_FROM": "Old"} | variables) == {"RENAME_FROM": message}


def test_a_rename_without_a_name_is_one_error() -> None:
    assert set(errors_of(PIPELINE | {"RENAME_FROM": "Old"})) == {"ENVIRONMENT_NAME"}


def test_a_rename_may_change_nothing_but_case() -> None:
    assert declared(RENAME_FROM="test-env").environments[0].rename_from == "test-env"


def test_contents_are_ignored_with_a_warning_when_absent() -> None:
    read = settings(ONE | {"STATE": "absent", "ADMIN_ONLY": "true", "VARIABLES": "A=1"})

    assert read.warnings == (
        "ADMIN_ONLY is ignored: STATE is absent",
        "VARIABLES is ignored: STATE is absent",
    )


def test_a_space_around_a_name_is_a_warning() -> None:
    assert settings(ONE | {"ENVIRONMENT_NAME": "Test "}).warnings == (
        "ENVIRONMENT_NAME 'Test ' begins or ends with a space, which is part of the name",
    )


def test_pruning_variables_needs_variables() -> None:
    assert errors_of(ONE | {"PRUNE": "variables"}) == {
        "PRUNE": "'variables' requires VARIABLES or SECURED_VARIABLES ([] deletes all variables)"
    }
    assert set(errors_of(ONE | {"PRUNE": "variables", "VARIABLES": "?"})) == {"VARIABLES"}


def test_pruning_variables() -> None:
    desired = declared(PRUNE="variables", VARIABLES="[]").environments[0].desired

    assert desired == Desired(variables=(), prune_variables=True)


KEY = "canary-fingerprint-key"


@pytest.mark.parametrize(
    ("variables", "update"),
    [
        ({}, SecuredUpdate.ALWAYS),
        ({"FINGERPRINT_KEY": KEY}, SecuredUpdate.ON_CHANGE),
        ({"FINGERPRINT_KEY": KEY, "SECURED_UPDATE": "always"}, SecuredUpdate.ALWAYS),
        ({"FINGERPRINT_KEY": KEY, "SECURED_UPDATE": "ON-CHANGE"}, SecuredUpdate.ON_CHANGE),
        ({"SECURED_UPDATE": "if-missing"}, SecuredUpdate.IF_MISSING),
    ],
)
def test_when_secured_variables_are_written(
    variables: dict[str, str], update: SecuredUpdate
) -> None:
    assert settings(ONE | variables).secured_update is update


def test_a_short_fingerprint_key_is_not_shown() -> None:
    assert errors_of(
        ONE | {"FINGERPRINT_KEY": "15-characters-x", "SECURED_UPDATE": "on-change"}
    ) == {"FINGERPRINT_KEY": "too short; use a random key of 16 characters or more"}


def test_context_of_the_pipeline() -> None:
    read = settings(
        ONE
        | {
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
            "BITBUCKET_COMMIT": "c0ffee",
            "BITBUCKET_PR_ID": "7",
            "BITBUCKET_BUILD_NUMBER": "42",
            "BITBUCKET_CLONE_DIR": "/clone",
            "BITBUCKET_PIPE_SHARED_STORAGE_DIR": "/shared",
            "BITBUCKET_PIPELINES_VARIABLES_PATH": "/variables\n",
        }
    )

    assert read.context == PipelineContext(
        repository="acme/shop",
        commit="c0ffee",
        pull_request_id="7",
        build_number="42",
        clone_dir="/clone",
        shared_storage_dir="/shared",
        variables_path=None,
    )
