"""A configuration file beside variables of the pipe, or one that cannot be read."""

import pytest

from pipe.models.declaration import Repository
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.models.selection import Exclusion, Glob, Project, Selection, SelectionItem
from pipe.settings.loader import read_settings
from tests.support.settings import PIPELINE, errors_of, settings

FROM_FILE = PIPELINE | {"CONFIG_FILE": "file"}
NOTHING = "environments: []\n"


@pytest.mark.parametrize(
    ("text", "variables", "items"),
    [
        (NOTHING, {}, [Repository("acme", "shop")]),
        (NOTHING + "workspace: own", {}, [Repository("own", "shop")]),
        (NOTHING + "workspace: own", {"WORKSPACE": "given"}, [Repository("given", "shop")]),
        (NOTHING + "repositories: [a, b/c]", {}, [Repository("acme", "a"), Repository("b", "c")]),
        (NOTHING + "repositories: [a]", {"REPO_SLUG": "z"}, [Repository("acme", "z")]),
        (NOTHING + "repositories: [a]", {"REPOSITORIES": "z*"}, [Glob("acme", "z*")]),
        (
            NOTHING + "repositories: ['*', '!a', 'project:P', '!project:Q']",
            {},
            [
                Glob("acme", "*"),
                Exclusion(Repository("acme", "a")),
                Project("acme", "P"),
                Exclusion(Project("acme", "Q")),
            ],
        ),
    ],
)
def test_variables_override_the_file(
    text: str, variables: dict[str, str], items: list[SelectionItem]
) -> None:
    assert settings(FROM_FILE | variables, file=text).selection == Selection(items=tuple(items))


def test_variables_that_declare_one_environment_are_refused_beside_a_file() -> None:
    beside = {
        "ENVIRONMENT_NAME": "X",
        "ENVIRONMENT_TYPE": "Test",
        "STATE": "present",
        "RENAME_FROM": "Y",
        "ADMIN_ONLY": "nonsense",
        "BRANCHES": "[]",
        "VARIABLES": "A=1",
        "SECURED_VARIABLES": "A=1",
        "VARIABLES_FILE": "a",
        "SECURED_VARIABLES_FILE": "a",
        "ENABLE_PIPELINES": "false",
    }
    message = "cannot be used with CONFIG_FILE; declare it in the file"

    found = errors_of(FROM_FILE | beside, file=NOTHING)

    assert found == dict.fromkeys(beside, message)


def test_how_secured_variables_are_written_is_allowed_beside_a_file() -> None:
    how = {"SECURED_UPDATE": "on-change", "FINGERPRINT_KEY": "canary-key-16-chars", "PRUNE": "[]"}
    assert not errors_of(FROM_FILE | how, file=NOTHING)


def test_errors_of_the_file_and_of_variables_are_reported_together() -> None:
    assert set(errors_of(FROM_FILE | {"MODE": "x"}, file="environments: x")) == {
        "MODE",
        "file:1:1 environments",
    }
    assert set(
        errors_of(FROM_FILE | {"WORKSPACE": "?", "REPO_SLUG": "?"}, file="environments: x")
    ) == {
        "WORKSPACE",
        "REPO_SLUG",
        "file:1:1 environments",
    }


def test_a_file_that_cannot_be_read() -> None:
    assert errors_of(FROM_FILE) == {
        "CONFIG_FILE": "'file' cannot be read: No such file or directory; paths are relative to"
        " the working directory"
    }


def test_a_file_that_is_not_utf8() -> None:
    def read_bytes(_: str) -> str:
        return b"\xff".decode()

    with pytest.raises(ConfigurationError) as caught:
        read_settings(FROM_FILE, read_bytes)

    assert caught.value.errors == (ConfigError("CONFIG_FILE", "'file' is not valid UTF-8"),)


def test_a_file_without_a_workspace() -> None:
    outside = FROM_FILE | {"BITBUCKET_WORKSPACE": ""}

    assert errors_of(outside, file="repositories: [a]") == {
        "file:1:1 repositories": "'a' has no workspace; set WORKSPACE"
    }
    assert set(errors_of(outside, file=NOTHING)) == {"WORKSPACE"}
    assert settings(outside, file="repositories: [b/c]").selection.single == Repository("b", "c")
