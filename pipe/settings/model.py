"""The variables of the pipe, one field each: the one place that lists them.

A field's name is the variable's in lower case. How the fields go together is checked elsewhere.
"""

# Annotations are evaluated: pydantic reads them.
from functools import partial
from typing import Annotated, Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipe.config_file.overrides import Prunable
from pipe.models.declaration import EnvironmentType, SecuredUpdate, State
from pipe.models.results import Mode
from pipe.parsing import urls, values
from pipe.parsing.lists import ListItem, each
from pipe.parsing.repositories import full_name, slug
from pipe.parsing.variables import SourcedVariable, declared
from pipe.settings.setting import ListSetting, Setting

MOST_ATTEMPTS: Final = 100
MOST_SECONDS: Final = 7 * 24 * 60 * 60
MOST_WORKERS: Final = 64


def _secret(text: str) -> SecretStr:
    return SecretStr(values.token(text))


def _fingerprint_key(text: str) -> SecretStr:
    return SecretStr(values.fingerprint_key(text))


def _given(_: str) -> bool:
    return True


def _texts(listed: tuple[ListItem, ...]) -> tuple[ListItem, ...]:
    texts = each(str, listed)
    return tuple(ListItem(entry.where, text) for entry, text in zip(listed, texts, strict=True))


class Variables(BaseSettings):
    """Every variable that a user can set; `None`: not given."""

    model_config = SettingsConfigDict(frozen=True, validate_default=False)

    # Who is calling.
    atlassian_account_email: Annotated[
        str | None,
        Setting(
            values.email,
            meaning="E-mail address of the Atlassian account whose API token is given.",
            default="`$ATLASSIAN_ACCOUNT_EMAIL`",
            required=True,
        ),
    ] = None
    atlassian_api_token: Annotated[
        SecretStr | None,
        Setting(
            _secret,
            meaning="API token with the scopes `read:pipeline:bitbucket` and"
            " `admin:pipeline:bitbucket`.",
            default="`$ATLASSIAN_API_TOKEN`",
            required=True,
        ),
    ] = None
    bitbucket_access_token: Annotated[
        SecretStr | None,
        Setting(
            _secret,
            meaning="Access token of a repository, project or workspace; instead of the API token.",
            default="`$BITBUCKET_ACCESS_TOKEN`",
        ),
    ] = None
    bitbucket_oauth_client_id: Annotated[
        str | None,
        Setting(
            values.token,
            meaning="Key of a private OAuth consumer; instead of a token.",
            default="`$BITBUCKET_OAUTH_CLIENT_ID`",
        ),
    ] = None
    bitbucket_oauth_client_secret: Annotated[
        SecretStr | None,
        Setting(
            _secret,
            meaning="Secret of that OAuth consumer.",
            default="`$BITBUCKET_OAUTH_CLIENT_SECRET`",
        ),
    ] = None

    # Where.
    workspace: Annotated[
        str | None,
        Setting(slug, meaning="Workspace of the repository.", default="`$BITBUCKET_WORKSPACE`"),
    ] = None
    repo_slug: Annotated[
        str | None,
        Setting(slug, meaning="Slug of the repository.", default="`$BITBUCKET_REPO_SLUG`"),
    ] = None
    repositories: Annotated[
        tuple[ListItem, ...] | None,
        ListSetting(
            _texts,
            meaning="List of repositories, instead of `REPO_SLUG`: a slug, `workspace/slug`, a"
            " pattern over slugs such as `svc-*`, or `project:KEY`. An item that begins with `!`"
            " takes away what it matches.",
        ),
    ] = None

    # What the environment should be.
    environment_name: Annotated[
        str | None,
        Setting(
            values.name,
            meaning="Name of the environment. With `*` or `?` in it: every existing environment"
            " that matches (and is of `ENVIRONMENT_TYPE`, when given); none is created.",
            required=True,
        ),
    ] = None
    environment_type: Annotated[
        EnvironmentType | None,
        Setting(
            partial(values.choice, EnvironmentType, "type"),
            meaning="`Test`, `Staging` or `Production`. Needed to create; Bitbucket can't change"
            " the type of an environment that exists.",
        ),
    ] = None
    state: Annotated[
        State | None,
        Setting(
            partial(values.choice, State, "state"),
            meaning="`present`, or `absent`: the environment is deleted with all it holds (type"
            " Production, or a pattern: only with `FORCE`).",
            default="`present`",
        ),
    ] = None
    rename_from: Annotated[
        str | None,
        Setting(
            values.plain_name,
            meaning="Former name; the environment is renamed and keeps all it holds.",
        ),
    ] = None
    admin_only: Annotated[
        bool | None,
        Setting(
            values.boolean,
            meaning="`true`: only administrators may deploy; `false`: everyone with write access.",
            default="left as it is",
        ),
    ] = None
    branches: Annotated[
        tuple[str, ...] | None,
        ListSetting(
            partial(each, values.branch),
            meaning="List of branch patterns that may deploy, the complete set; `[]` lifts the"
            " restriction. Uses an endpoint that Bitbucket does not document.",
            default="left as it is",
        ),
    ] = None
    variables: Annotated[
        tuple[SourcedVariable, ...] | None,
        ListSetting(
            partial(declared, secured=False),
            meaning='List of `KEY=VALUE`, a JSON array of `{"key", "value", "secured"}`, or a JSON'
            " object: deployment variables.",
            default="left as they are",
        ),
    ] = None
    secured_variables: Annotated[
        tuple[SourcedVariable, ...] | None,
        ListSetting(
            partial(declared, secured=True),
            meaning="List of `KEY=VALUE`, or a JSON object: deployment variables, stored secured.",
            default="left as they are",
        ),
    ] = None
    variables_file: Annotated[
        str | None,
        Setting(values.path, meaning="Path of a `.env` file with deployment variables."),
    ] = None
    secured_variables_file: Annotated[
        str | None,
        Setting(
            values.path, meaning="Path of a `.env` file with deployment variables, stored secured."
        ),
    ] = None
    secured_update: Annotated[
        SecuredUpdate | None,
        Setting(
            partial(values.choice, SecuredUpdate, "way to update"),
            meaning="When secured variables, which can't be read back, are written: `always`,"
            " `if-missing` or `on-change` (needs `FINGERPRINT_KEY`).",
            default="`always`; with `FINGERPRINT_KEY`: `on-change`",
        ),
    ] = None
    fingerprint_key: Annotated[
        SecretStr | None,
        Setting(
            _fingerprint_key,
            meaning="Secret key, 16 characters or more, under which fingerprints of secured values"
            " are kept, so that only changed ones are written.",
            default="`$FINGERPRINT_KEY`",
        ),
    ] = None
    prune: Annotated[
        tuple[Prunable, ...] | None,
        ListSetting(
            partial(each, partial(values.choice, Prunable, "thing to prune")),
            meaning="List of `variables`, `environments`: what is not declared is deleted.",
            default="nothing is deleted",
        ),
    ] = None
    enable_pipelines: Annotated[
        bool | None,
        Setting(
            values.boolean, meaning="Turn Pipelines on in the repository first.", default="`false`"
        ),
    ] = None
    config_file: Annotated[
        str | None,
        Setting(
            values.path,
            meaning="Path of a YAML file that declares many environments, for one or many"
            " repositories; instead of the variables that declare one.",
        ),
    ] = None

    # How to run.
    mode: Annotated[
        Mode | None,
        Setting(
            partial(values.choice, Mode, "mode"),
            meaning="`apply`; `plan`: say what would change; `check`: the same, and exit with 4 if"
            " anything would; `export`: print what exists as a configuration file. All but"
            " `apply` only read.",
            default="`apply`",
        ),
    ] = None
    plan_checksum: Annotated[
        str | None,
        Setting(
            values.checksum, meaning="Apply only the plan with this checksum, as `plan` printed it."
        ),
    ] = None
    force: Annotated[
        bool | None,
        Setting(
            values.boolean,
            meaning="Go past a refusal that says it may be forced.",
            default="`false`",
        ),
    ] = None
    max_attempts: Annotated[
        int | None,
        Setting(
            partial(values.whole, most=MOST_ATTEMPTS),
            meaning="Tries for one request.",
            default="`5`",
        ),
    ] = None
    deadline: Annotated[
        float | None,
        Setting(
            partial(values.seconds, most=MOST_SECONDS),
            meaning="Seconds for the whole run.",
            default="`600`",
        ),
    ] = None
    workers: Annotated[
        int | None,
        Setting(
            partial(values.whole, most=MOST_WORKERS),
            meaning="Repositories handled at the same time.",
            default="`4`",
        ),
    ] = None
    start_at: Annotated[
        str | None,
        Setting(
            full_name,
            meaning="`workspace/slug` of the repository to begin with: those before it, in the"
            " order of the log, are left out. A run that had to end early names it.",
            default="the first",
        ),
    ] = None
    report_files: Annotated[
        tuple[str, ...] | None,
        ListSetting(
            partial(each, values.report_file),
            meaning="List of report files to write; the ending chooses the form: `.json`, `.xml`"
            " (JUnit), `.md` or `.html`.",
            default="none",
        ),
    ] = None
    code_insights: Annotated[
        bool | None,
        Setting(
            values.boolean,
            meaning="Publish the result as a Code Insights report on the commit.",
            default="`false`",
        ),
    ] = None
    comment: Annotated[
        bool | None,
        Setting(
            values.boolean,
            meaning="Put the plan as a comment on the pull request, updated in place.",
            default="`false`",
        ),
    ] = None
    debug: Annotated[
        bool | None, Setting(values.boolean, meaning="Log each request.", default="`false`")
    ] = None
    no_color: Annotated[
        bool | None,
        Setting(_given, meaning="Any value: no colour in the log.", default="coloured"),
    ] = None
    bitbucket_api_url: Annotated[
        str | None,
        Setting(
            urls.api_url,
            meaning="Where the API is. Plain `http` only for a loopback address or"
            " `host.docker.internal`.",
            default="`https://api.bitbucket.org`",
        ),
    ] = None
    bitbucket_oauth_url: Annotated[
        str | None,
        Setting(
            urls.url,
            meaning="Where the OAuth token is fetched; the same rule.",
            default="`https://bitbucket.org/site/oauth2/access_token`",
        ),
    ] = None
