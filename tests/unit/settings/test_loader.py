"""One variable at a time: what it means, and what is said when it is wrong."""

from __future__ import annotations

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
from pipe.models.selection import Selection, Slug
from pipe.settings import PipelineContext
from tests.support.settings import ONE, PIPELINE, faults, settings

SHOP = Repository("acme", "shop")


def declared(**variables: str) -> Declaration:
    return settings(ONE | variables).declaration_for(SHOP)


def test_the_least_that_a_run_needs() -> None:
    read = settings(ONE)

    assert read.selection == Selection(items=(Slug("acme", "shop"),))
    assert read.declaration_for(SHOP) == Declaration(
        environments=(DeclaredEnvironment(name="Test-Env", type=EnvironmentType.TEST),)
    )
    assert (read.mode, read.plan_checksum, read.force) == (Mode.APPLY, None, False)
    assert (read.max_attempts, read.deadline, read.workers) == (5, 600.0, 4)
    assert (read.report_files, read.code_insights, read.comment) == ((), False, False)
    assert (read.debug, read.color) == (False, True)
    assert read.api_url == "https://api.bitbucket.org"
    assert (read.secured_update, read.fingerprint_key) == (SecuredUpdate.ALWAYS, None)
    assert (read.parallel, read.config_file, read.lines) == (None, None, {})
    assert read.context == PipelineContext()
    assert read.warnings == ()
    assert read.secrets == ("canary-access-token",)


def test_an_empty_variable_is_not_given() -> None:
    names = (
        "ADMIN_ONLY BRANCHES BRANCHES_COUNT BRANCHES_0 VARIABLES STATE RENAME_FROM PRUNE MODE FORCE"
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
            "PLAN_CHECKSUM": "sha256:0af9",
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

    assert (read.mode, read.plan_checksum, read.force) == (Mode.CHECK, "sha256:0af9", True)
    assert (read.max_attempts, read.deadline, read.workers) == (9, 0.5, 64)
    assert read.start_at == Repository("acme", "shop")
    assert read.report_files == ("a.json", "b.xml", "c.md", "d.HTML")
    assert (read.code_insights, read.comment, read.debug, read.color) == (True, True, True, False)
    assert read.api_url == "http://127.0.0.1:8000"


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
        ("ADMIN_ONLY", "maybe", "'maybe' is not a boolean; write true or false"),
        ("ADMIN_ONLY", "true ", "'true ' is not a boolean; write true or false"),
        ("ENVIRONMENT_TYPE", "Prod", "'Prod' is not a type; did you mean 'Production'?"),
        ("ENVIRONMENT_TYPE", "x", "'x' is not a type; write Test, Staging or Production"),
        ("STATE", "abesnt", "'abesnt' is not a state; did you mean 'absent'?"),
        ("MODE", "dry-run", "'dry-run' is not a mode; write apply, plan, check or export"),
        ("MAX_ATTEMPTS", "0", "'0' is not a whole number from 1 to 100"),
        ("MAX_ATTEMPTS", "٣", "'٣' is not a whole number from 1 to 100"),
        ("MAX_ATTEMPTS", "1_0", "'1_0' is not a whole number from 1 to 100"),
        ("WORKERS", "65", "'65' is not a whole number from 1 to 64"),
        ("START_AT", "shop", "'shop' is not complete; write WORKSPACE/SLUG, as the log does"),
        ("DEADLINE", "0", "'0' is not a number of seconds above 0 and up to 604800"),
        ("DEADLINE", "inf", "'inf' is not a number of seconds above 0 and up to 604800"),
        ("DEADLINE", "604801", "'604801' is not a number of seconds above 0 and up to 604800"),
        ("ENVIRONMENT_NAME", "  ", "the name is blank; write the environment's name"),
        ("RENAME_FROM", "Li*", "'Li*' is a pattern; one environment's name is needed here"),
        ("BRANCHES", " ", "' ' is no branch pattern; write for example main or release/*"),
        ("CONFIG_FILE", "a\nb", "'a\\nb' is no path of a file"),
        ("CODE_INSIGHTS", "2", "'2' is not a boolean; write true or false"),
        (
            "ENVIRONMENT_NAME",
            "a\x1b[31m",
            "'a\\x1b[31m' holds a line break or control character; a name is one line",
        ),
        (
            "PLAN_CHECKSUM",
            "0af9",
            "'0af9' is no checksum; copy the whole sha256:… that MODE=plan printed",
        ),
        (
            "REPORT_FILES",
            "report.txt",
            "'report.txt' ends with none of .json, .xml, .md, .html, which choose the form",
        ),
        ("PRUNE", "variable", "'variable' is not a thing to prune; did you mean 'variables'?"),
        ("SECURED_UPDATE", "on-change", "on-change needs FINGERPRINT_KEY; set it"),
    ],
)
def test_what_is_said_of_a_wrong_value(name: str, value: str, message: str) -> None:
    assert faults(ONE | {name: value})[name] == message


def test_a_long_value_is_cut() -> None:
    message = faults(ONE | {"MODE": "x" * 1000})["MODE"]

    assert message == f"'{'x' * 60}…' is not a mode; write apply, plan, check or export"


def test_bytes_that_are_no_text() -> None:
    assert faults(ONE | {"ENVIRONMENT_NAME": "a\udcff"}) == {
        "ENVIRONMENT_NAME": "is not text in UTF-8"
    }


def test_all_faults_at_once() -> None:
    found = faults({"MODE": "x", "WORKERS": "x", "STATE": "x", "VARIABLES": "x"})

    assert set(found) == {
        *("MODE", "WORKERS", "STATE", "VARIABLES"),
        *("ATLASSIAN_API_TOKEN", "ENVIRONMENT_NAME", "WORKSPACE", "REPO_SLUG"),
    }


def test_no_environment_is_named() -> None:
    assert faults(PIPELINE) == {
        "ENVIRONMENT_NAME": "is missing; name the environment, or declare many in a CONFIG_FILE"
    }


def test_export_needs_no_environment() -> None:
    read = settings(PIPELINE | {"MODE": "export"})

    assert (read.mode, read.declaration_for(SHOP)) == (Mode.EXPORT, Declaration())


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"STATE": "absent"},
            "does not go with STATE=absent; name what is to go in ENVIRONMENT_NAME",
        ),
        (
            {"ENVIRONMENT_NAME": "T*"},
            "does not go with a pattern in ENVIRONMENT_NAME; name one",
        ),
        ({"ENVIRONMENT_NAME": "Old"}, "is the same as ENVIRONMENT_NAME; give the former name"),
    ],
)
def test_renames_that_contradict(variables: dict[str, str], message: str) -> None:
    assert faults(ONE | {"RENAME_FROM": "Old"} | variables) == {"RENAME_FROM": message}


def test_a_rename_without_a_name_is_blamed_once() -> None:
    assert set(faults(PIPELINE | {"RENAME_FROM": "Old"})) == {"ENVIRONMENT_NAME"}


def test_a_rename_may_change_nothing_but_case() -> None:
    assert declared(RENAME_FROM="test-env").environments[0].rename_from == "test-env"


def test_absent_does_not_look_at_contents() -> None:
    read = settings(ONE | {"STATE": "absent", "ADMIN_ONLY": "true", "VARIABLES": "A=1"})

    assert read.warnings == (
        "ADMIN_ONLY is not looked at: STATE is absent",
        "VARIABLES is not looked at: STATE is absent",
    )


def test_a_space_around_a_name_is_pointed_out() -> None:
    assert settings(ONE | {"ENVIRONMENT_NAME": "Test "}).warnings == (
        "ENVIRONMENT_NAME 'Test ' begins or ends with a space, which is part of the name",
    )


def test_pruning_variables_needs_variables() -> None:
    assert faults(ONE | {"PRUNE": "variables"}) == {
        "PRUNE": "is for variables, but none are declared; give VARIABLES or SECURED_VARIABLES"
        " ([] when there should be none at all)"
    }
    assert set(faults(ONE | {"PRUNE": "variables", "VARIABLES": "?"})) == {"VARIABLES"}


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
    assert faults(ONE | {"FINGERPRINT_KEY": "15-characters-x", "SECURED_UPDATE": "on-change"}) == {
        "FINGERPRINT_KEY": "is too short to protect anything;"
        " use a random one of 16 characters or more"
    }


def test_context_of_the_pipeline() -> None:
    read = settings(
        ONE
        | {
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
            "BITBUCKET_COMMIT": "c0ffee",
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_PR_ID": "7",
            "BITBUCKET_BUILD_NUMBER": "42",
            "BITBUCKET_DEPLOYMENT_ENVIRONMENT": "test\n",
            "BITBUCKET_CLONE_DIR": "/clone",
            "BITBUCKET_PIPE_SHARED_STORAGE_DIR": "/shared",
            "BITBUCKET_PIPELINES_VARIABLES_PATH": "/variables",
        }
    )

    assert read.context == PipelineContext(
        repository="acme/shop",
        commit="c0ffee",
        branch="main",
        pull_request_id="7",
        build_number="42",
        deployment_environment=None,
        clone_dir="/clone",
        shared_storage_dir="/shared",
        variables_path="/variables",
    )
