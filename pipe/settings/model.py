"""The variables of the pipe: the one place that declares them.

A field's name is the variable's in lower case. Its description is a row of `docs/reference.md`; one
that does not state the default gets the field's. `python -m scripts.reference` writes the rows and
`pipe.yml`. How the variables go together is checked by the modules beside this one.
"""

# Annotations are evaluated: pydantic reads them.
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final, TypeVar

from msgspec import Struct
from pydantic import Field, SecretStr
from pydantic_core.core_schema import CoreSchema, no_info_plain_validator_function
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipe.models.declaration import EnvironmentType, Prunable, Repository, SecuredUpdate, State
from pipe.models.results import Mode
from pipe.parsing import urls, values
from pipe.parsing.lists import ListItem, each, list_items, single_value
from pipe.parsing.repositories import RepositoryName, full_name, repository_name, slug
from pipe.parsing.variables import SourcedVariable, declared

MAX_ATTEMPTS: Final = 100
MAX_SECONDS: Final = 7 * 24 * 60 * 60
MAX_WORKERS: Final = 64

Value = TypeVar("Value")


class RawVariable(Struct, frozen=True):
    """A variable in whatever form it is given, before it is read.

    Attributes:
        environ: All environment variables; a list is spread over several.
    """

    name: str
    environ: Mapping[str, str]


class Validator(Struct, frozen=True, eq=False):
    """Reads a variable for its field.

    In place of `pydantic.PlainValidator`, which also makes a schema of the type of the field, for
    writing it as JSON: half the time of making the model.
    """

    read: Callable[[RawVariable], object]

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        """Return what pydantic compiles: this function, and nothing of the type."""
        return no_info_plain_validator_function(self.read)


def one(read: Callable[[str], object]) -> Validator:
    """Return the validator of a variable that takes one value."""
    return Validator(lambda raw: read(single_value(raw.name, raw.environ)))


def many(read: Callable[[str], object]) -> Validator:
    """Return the validator of a list variable, whose items are read one by one."""
    return whole_list(partial(each, read))


def whole_list(read: Callable[[tuple[ListItem, ...]], object]) -> Validator:
    """Return the validator of a list variable, whose items are read together."""
    return Validator(lambda raw: read(list_items(raw.name, raw.environ) or ()))


def _secret(text: str) -> SecretStr:
    return SecretStr(values.token(text))


def _branches(items: tuple[ListItem, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each(values.branch, items)))


def _texts(items: tuple[ListItem, ...]) -> tuple[ListItem, ...]:
    texts = each(str, items)
    return tuple(ListItem(item.source, text) for item, text in zip(items, texts, strict=True))


Variables = tuple[SourcedVariable, ...] | None
_PLAIN: Final = whole_list(partial(declared, secured=False))
_SECURED: Final = whole_list(partial(declared, secured=True))


class Options(BaseSettings):
    """Every variable that a user can set, with its type, default, validator and description."""

    model_config = SettingsConfigDict(frozen=True, validate_default=False)

    # Who is calling.
    atlassian_account_email: Annotated[str | None, one(values.email)] = Field(
        default=None,
        description="E-mail address of the Atlassian account that owns the API token. Default:"
        " `$ATLASSIAN_ACCOUNT_EMAIL`.",
    )
    atlassian_api_token: Annotated[SecretStr | None, one(_secret)] = Field(
        default=None,
        description="API token with the scopes `read:pipeline:bitbucket` and"
        " `admin:pipeline:bitbucket`. Default: `$ATLASSIAN_API_TOKEN`.",
    )
    bitbucket_access_token: Annotated[SecretStr | None, one(_secret)] = Field(
        default=None,
        description="Access token of a repository, project or workspace, instead of the API token."
        " Default: `$BITBUCKET_ACCESS_TOKEN`.",
    )
    bitbucket_oauth_client_id: Annotated[str | None, one(values.token)] = Field(
        default=None,
        description="Key of a private OAuth consumer, instead of a token. Default:"
        " `$BITBUCKET_OAUTH_CLIENT_ID`.",
    )
    bitbucket_oauth_client_secret: Annotated[SecretStr | None, one(_secret)] = Field(
        default=None,
        description="Secret of the OAuth consumer. Default: `$BITBUCKET_OAUTH_CLIENT_SECRET`.",
    )

    # Where.
    workspace: Annotated[str | None, one(slug)] = Field(
        default=None, description="Workspace of the repository. Default: `$BITBUCKET_WORKSPACE`."
    )
    repo_slug: Annotated[RepositoryName | None, one(repository_name)] = Field(
        default=None,
        description="Slug of the repository, or `workspace/slug`. Default: `$BITBUCKET_REPO_SLUG`.",
    )
    repositories: Annotated[tuple[ListItem, ...] | None, whole_list(_texts)] = Field(
        default=None,
        description="List of repositories, instead of `REPO_SLUG`: a slug, `workspace/slug`, a"
        " pattern over slugs such as `svc-*`, or `project:KEY`. Prefix an item with `!` to exclude"
        " it.",
    )

    # What the environment should be.
    environment_name: Annotated[str | None, one(values.name)] = Field(
        default=None,
        description="Name of the environment; its uuid in braces or its slug finds an existing"
        " one. With `*` or `?` in it, a pattern: every existing environment that matches (and is"
        " of `ENVIRONMENT_TYPE`, if given) is updated; none is created.",
    )
    environment_type: Annotated[
        EnvironmentType | None, one(partial(values.choice, EnvironmentType, "type"))
    ] = Field(
        default=None,
        description="`Test`, `Staging` or `Production`. Required to create an environment;"
        " Bitbucket cannot change the type of an existing one.",
    )
    state: Annotated[State | None, one(partial(values.choice, State, "state"))] = Field(
        default=None,
        description="`present`, or `absent`: the environment with this exact name or uuid is"
        " deleted with all its variables (one of type Production, or a pattern, only with"
        " `FORCE`). Default: `present`.",
    )
    rename_from: Annotated[str | None, one(values.plain_name)] = Field(
        default=None,
        description="Former name of the environment: it is renamed and keeps its variables.",
    )
    admin_only: Annotated[bool | None, one(values.boolean)] = Field(
        default=None,
        description="`true`: only administrators can deploy; `false`: everyone with write access."
        " Default: left unchanged.",
    )
    branches: Annotated[tuple[str, ...] | None, whole_list(_branches)] = Field(
        default=None,
        description="List of branch patterns that can deploy, the complete set; `[]` removes the"
        " restriction. Uses an undocumented Bitbucket endpoint. Default: left unchanged.",
    )
    variables: Annotated[Variables, _PLAIN] = Field(
        default=None,
        description='List of deployment variables: `KEY=VALUE` items, a JSON array of `{"key",'
        ' "value", "secured", "state"}`, or a JSON object. Default: left unchanged.',
    )
    secured_variables: Annotated[Variables, _SECURED] = Field(
        default=None,
        description="List of deployment variables in the same forms, stored secured. Default: left"
        " unchanged.",
    )
    variables_file: Annotated[tuple[str, ...], many(values.path)] = Field(
        default=(),
        description="List of `.env` or `.json` files in the clone with deployment variables. A"
        " later file overrides an earlier one, and `VARIABLES` overrides files. Default: none.",
    )
    secured_variables_file: Annotated[tuple[str, ...], many(values.path)] = Field(
        default=(),
        description="List of such files whose variables are stored secured; `SECURED_VARIABLES`"
        " overrides them. Default: none.",
    )
    secured_update: Annotated[
        SecuredUpdate | None, one(partial(values.choice, SecuredUpdate, "update policy"))
    ] = Field(
        default=None,
        description="When existing secured variables, which cannot be read back, are written:"
        " `always`, `if-missing` (never), or `on-change` (requires `FINGERPRINT_KEY`). Default:"
        " `always`; with `FINGERPRINT_KEY`: `on-change`.",
    )
    fingerprint_key: Annotated[SecretStr | None, one(values.fingerprint_key)] = Field(
        default=None,
        description="Secret key, 16 characters or more, for fingerprints of secured values, so"
        " that only changed ones are written. Default: `$FINGERPRINT_KEY`.",
    )
    prune: Annotated[tuple[Prunable, ...], many(partial(values.choice, Prunable, "value"))] = Field(
        default=(),
        description="List of `variables`, `environments`, `repository-variables`: delete what is"
        " not declared. Default: nothing is deleted.",
    )
    enable_pipelines: Annotated[bool | None, one(values.boolean)] = Field(
        default=None, description="Enable Pipelines in the repository first. Default: `false`."
    )
    repository_variables: Annotated[Variables, _PLAIN] = Field(
        default=None,
        description="List of variables of the repository itself, for all its pipelines, in the"
        " forms of `VARIABLES`. Default: left unchanged.",
    )
    secured_repository_variables: Annotated[Variables, _SECURED] = Field(
        default=None,
        description="List of variables of the repository itself, stored secured. Default: left"
        " unchanged.",
    )
    config_file: Annotated[str | None, one(values.path)] = Field(
        default=None,
        description="Path of a YAML file that declares many environments, for one or many"
        " repositories, instead of the variables that declare one.",
    )

    # How to run.
    mode: Annotated[Mode, one(partial(values.choice, Mode, "mode"))] = Field(
        default=Mode.APPLY,
        description="`apply`; `plan`: show what would change; `check`: the same, with exit code 4"
        " if anything is known to differ (a secured value that is only rewritten is not);"
        " `export`: write what exists as a configuration file. Only `apply` can write to an"
        " environment or variable.",
    )
    plan_checksum: Annotated[str | None, one(values.plan_checksum)] = Field(
        default=None,
        description="Apply only the plan with this checksum, as printed by `plan`. Write"
        " `sha256:$REVIEWED`, which fails when `REVIEWED` is not defined.",
    )
    force: Annotated[bool, one(values.boolean)] = Field(
        default=False, description="Override a safety check."
    )
    max_attempts: Annotated[int, one(partial(values.integer, maximum=MAX_ATTEMPTS))] = Field(
        default=5, description="Maximum attempts per request, whatever its method."
    )
    deadline: Annotated[float, one(partial(values.seconds, maximum=MAX_SECONDS))] = Field(
        default=600, description="Maximum seconds for the whole run."
    )
    workers: Annotated[int, one(partial(values.integer, maximum=MAX_WORKERS))] = Field(
        default=4,
        description="Maximum number of repositories, pages of a listing and variables of an"
        " environment handled at the same time.",
    )
    start_at: Annotated[Repository | None, one(full_name)] = Field(
        default=None,
        description="`workspace/slug` of the repository to start at: those before it, in the order"
        " of the log, are skipped. A run that ended early prints it. Default: the first.",
    )
    export_file: Annotated[str | None, one(values.path)] = Field(
        default=None, description="File that `MODE=export` writes. Default: standard output."
    )
    report_files: Annotated[tuple[str, ...], many(values.report_file)] = Field(
        default=(),
        description="List of report files to write; the extension chooses the format: `.json`,"
        " `.xml` (JUnit), `.md` or `.html`. Default: none.",
    )
    code_insights: Annotated[bool, one(values.boolean)] = Field(
        default=False, description="Publish the result as a Code Insights report on the commit."
    )
    comment: Annotated[bool, one(values.boolean)] = Field(
        default=False,
        description="Publish the plan as a comment on the pull request, updated in place.",
    )
    debug: Annotated[bool, one(values.boolean)] = Field(
        default=False, description="Log every request."
    )
    no_color: Annotated[bool, one(lambda _: True)] = Field(
        default=False, description="Any value: no colours in the log. Default: coloured."
    )
    bitbucket_api_url: Annotated[str, one(urls.api_url)] = Field(
        default="https://api.bitbucket.org",
        description="Base URL of the API. Plain `http` is allowed for a loopback address or"
        " `host.docker.internal` only.",
    )
    bitbucket_oauth_url: Annotated[str, one(urls.url)] = Field(
        default="https://bitbucket.org/site/oauth2/access_token",
        description="URL of the OAuth token endpoint; the same rule.",
    )
