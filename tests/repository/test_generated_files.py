"""What repeats the models is kept in step with them: `pipe.yml`, the JSON Schema, the table."""

import tomllib
from pathlib import Path
from typing import Final, get_args, get_origin

import jsonschema
import pytest
import yaml

from pipe.config_file import models
from pipe.settings.model import Options
from scripts import reference, schema
from tests.support.settings import ONE, PIPELINE, errors_of, settings
from tests.unit.config_file.test_loader import EXAMPLE

ROOT: Final = Path(__file__).parents[2]
PIPE: Final = yaml.safe_load((ROOT / "pipe.yml").read_text(encoding="utf-8"))
DEFAULTS: Final[dict[str, str]] = {
    each["name"]: each.get("default", "") for each in PIPE["variables"]
}
PASSED_ON: Final = (
    "ATLASSIAN_ACCOUNT_EMAIL",
    "ATLASSIAN_API_TOKEN",
    "BITBUCKET_ACCESS_TOKEN",
    "BITBUCKET_OAUTH_CLIENT_ID",
    "BITBUCKET_OAUTH_CLIENT_SECRET",
    "FINGERPRINT_KEY",
)
EXTRA: Final = """\
x-common: &common {admin_only: on}
enable_pipelines: no
repositories: ['*', '!project:OLD', acme/shop]
environments:
  - {<<: *common, name: 42, state: absent, variables: {A: 1.10, B: {value: x}, C: true}}
  - {name: One, branches: main, prune: variables, variables: {A: {secured: on}, B: {state: absent}}}
repository: {variables: {A: 1}, prune: variables}
rules:
  - {when: {name: feat-*}, state: absent, prune: []}
overrides:
  - {repositories: shop, repository: {enable_pipelines: on}}
"""
ONE_ITEM: Final = "repositories: {project: PLAT, exclude: old}"


def test_pipe_yml_has_the_keys_of_the_ecosystem() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]

    assert list(PIPE) == [
        *("name", "image", "category", "description", "repository", "vendor", "maintainer"),
        *("variables", "tags"),
    ]
    assert PIPE["name"] == "Bitbucket Environment"
    assert PIPE["image"].endswith(f"/bitbucket-environment:{version}")
    assert PIPE["category"] == "Deployment"
    assert all(set(PIPE[who]) == {"name", "website"} for who in ("vendor", "maintainer"))


def test_pipe_yml_names_every_variable_in_order() -> None:
    assert list(DEFAULTS) == [name.upper() for name in Options.model_fields]
    assert all(isinstance(default, str) for default in DEFAULTS.values())


def test_pipe_yml_passes_secrets_of_the_repository_on() -> None:
    passed_on = {name: default for name, default in DEFAULTS.items() if default.startswith("$")}

    assert passed_on == {name: f"${name}" for name in PASSED_ON}


@pytest.mark.parametrize("environ", [ONE, PIPELINE | {"CONFIG_FILE": "file"}])
def test_the_defaults_of_pipe_yml_change_nothing(environ: dict[str, str]) -> None:
    # A secret that the repository does not have arrives empty.
    passed = {
        name: "" if default.startswith("$") else default for name, default in DEFAULTS.items()
    }

    assert settings(passed | environ, file=EXTRA) == settings(environ, file=EXTRA)


def test_the_schema_is_generated() -> None:
    assert schema.PATH.read_text(encoding="utf-8") == schema.text(), "run: python -m scripts.schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.schema())


@pytest.mark.parametrize("text", [EXAMPLE, EXTRA, ONE_ITEM])
def test_the_schema_accepts_what_the_pipe_accepts(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), schema.schema())
    environ = PIPELINE | {"CONFIG_FILE": "file", "PROD_DB_PASSWORD": "x"}
    assert errors_of(environ, file=text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "environments: [{type: Test}]",
        "environments: [{name: X, typ: Test}]",
        "environments: [{name: X, type: Prod}]",
        "environments: [{name: X, admin_only: maybe}]",
        "environments: [{name: X, branches: {main: x}}]",
        "repository: {prune: environments}",
        "environments: [{name: X, variables: [A=1]}]",
        "environments: [{name: X, variables: {A: {from_env: a b}}}]",
        "environments: [{name: X, prune: [environments]}]",
        "rules: [{admin_only: true}]",
        "overrides: [{environments: []}]",
        "version: 2",
        "- x",
    ],
)
def test_the_schema_refuses_what_the_pipe_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), schema.schema())
    assert errors_of(PIPELINE | {"CONFIG_FILE": "file"}, file=text)


def test_the_schema_explains_every_key() -> None:
    definitions = schema.schema()
    tables = [definitions, *definitions["$defs"].values()]

    assert len(tables) == sum(
        isinstance(each, type)
        and issubclass(each, models.Table)
        and each not in (models.Table, models.Contents)
        for each in vars(models).values()
    )
    for table in tables:
        assert table["description"]
        assert all(key["description"] for key in table["properties"].values())


def test_what_repeats_the_variables_is_generated() -> None:
    """Run `python -m scripts.reference` when this fails."""
    for path in reference.DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert text == reference.with_rows(text, every=path.name == "reference.md"), path
    text = reference.PIPE_YML.read_text(encoding="utf-8")
    assert text == reference.with_variables(text)


def test_the_table_of_variables() -> None:
    rows = reference.rows()

    assert list(rows) == list(DEFAULTS)
    assert all(row.count(" Default: ") == 1 and row.endswith(". |") for row in rows.values())
    assert rows["ENVIRONMENT_NAME"].startswith("| ENVIRONMENT_NAME (*) |")
    assert [name for name, row in rows.items() if row.startswith(f"| {name} (**) |")] == [
        *("ATLASSIAN_ACCOUNT_EMAIL", "ATLASSIAN_API_TOKEN", "WORKSPACE", "REPO_SLUG"),
    ]


def test_the_table_says_the_defaults_of_pipe_yml() -> None:
    rows = reference.rows()

    for name, default in DEFAULTS.items():
        assert not default or rows[name].endswith(f"Default: `{default}`. |")


def test_lists_say_that_they_are_lists() -> None:
    for info in Options.model_fields.values():
        types = (info.annotation, *get_args(info.annotation))
        is_list = any(get_origin(each) is tuple for each in types)
        assert (info.description or "").startswith("List of ") is is_list
