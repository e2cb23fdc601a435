"""What the variables declare together, and what contradicts itself."""

import pytest

from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    PlainVariable,
    Repository,
)
from pipe.models.selection import Selection
from tests.support.settings import ONE, PIPELINE, errors_of, settings

SHOP = Repository("acme", "shop")
REPOSITORY = PIPELINE | {"REPOSITORY_VARIABLES": "A=1"}


def test_repository_variables_need_no_environment() -> None:
    environ = REPOSITORY | {"ENABLE_PIPELINES": "true", "PRUNE": "repository-variables"}

    assert settings(environ).declaration_for(SHOP) == Declaration(
        enable_pipelines=True,
        repository=Desired(variables=(PlainVariable("A", "1"),), prune_variables=True),
    )


def test_repository_variables_beside_an_environment() -> None:
    declaration = settings(ONE | REPOSITORY).declaration_for(SHOP)

    assert declaration == Declaration(
        environments=(DeclaredEnvironment(name="Test-Env", type=EnvironmentType.TEST),),
        repository=Desired(variables=(PlainVariable("A", "1"),)),
    )


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            REPOSITORY | {"ADMIN_ONLY": "true", "BRANCHES": "main"},
            {"ENVIRONMENT_NAME": "required when ADMIN_ONLY or BRANCHES is set"},
        ),
        (
            REPOSITORY | {"SECURED_REPOSITORY_VARIABLES": "A=2"},
            {"SECURED_REPOSITORY_VARIABLES": "A is already declared in REPOSITORY_VARIABLES"},
        ),
        (
            REPOSITORY | {"PRUNE": "environments"},
            {"PRUNE": "'environments' requires ENVIRONMENT_NAME or a CONFIG_FILE"},
        ),
        (
            ONE | {"PRUNE": "repository-variables"},
            {
                "PRUNE": "'repository-variables' requires REPOSITORY_VARIABLES ([] deletes all"
                " variables)"
            },
        ),
        (
            ONE | {"PRUNE": "environments", "ENVIRONMENT_NAME": "T*"},
            {
                "PRUNE": "'environments' cannot be used with a pattern in ENVIRONMENT_NAME, which"
                " declares no environment"
            },
        ),
        (ONE | {"PRUNE": "repository-variables", "REPOSITORY_VARIABLES": "?"}, None),
        (
            ONE | {"PRUNE": "environments", "STATE": "absent"},
            {
                "PRUNE": "'environments' cannot be used with STATE=absent, which declares none to"
                " keep"
            },
        ),
        (
            ONE | {"ENVIRONMENT_NAME": "{1}", "RENAME_FROM": "Former"},
            {"RENAME_FROM": "cannot be used with a uuid in ENVIRONMENT_NAME, which is no new name"},
        ),
    ],
)
@pytest.mark.promise("P25")
def test_contradictions(environ: dict[str, str], expected: dict[str, str] | None) -> None:
    found = errors_of(environ)

    assert found == expected or (expected is None and set(found) == {"REPOSITORY_VARIABLES"})


def test_a_branch_given_twice_counts_once() -> None:
    declaration = settings(ONE | {"BRANCHES": '["main", "dev", "main"]'}).declaration_for(SHOP)
    file = {"file": "environments: [{name: X, branches: [main, dev, main]}]"}
    other = settings(PIPELINE | {"CONFIG_FILE": "file"}, **file).declaration_for(SHOP)

    assert declaration.environments[0].desired == Desired(branches=("main", "dev"))
    assert other.environments[0].desired == Desired(branches=("main", "dev"))


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        (ONE | {"BRANCHES": '["refs/heads/main", "a,b", "$MAIN"]'}, {}),
        (
            PIPELINE | {"CONFIG_FILE": "file"},
            {"file": "rules: [{when: {name: X}, branches: [refs/heads/main, 'a,b', $MAIN]}]"},
        ),
    ],
)
def test_branch_patterns_that_match_nothing_are_warnings(
    environ: dict[str, str], files: dict[str, str]
) -> None:
    assert settings(environ, **files).warnings == (
        "Branch pattern 'refs/heads/main' has a prefix; Bitbucket expects 'main'",
        "Branch pattern 'a,b' is a single pattern; write a list for several",
        "Branch pattern '$MAIN' is the name of a variable that was not replaced; is it defined?",
    )


def test_an_export_file_is_for_export() -> None:
    read = settings(PIPELINE | {"MODE": "export", "EXPORT_FILE": "out.yml"})

    assert (read.options.export_file, read.warnings) == ("out.yml", ())
    assert settings(ONE | {"EXPORT_FILE": "out.yml"}).warnings == (
        "EXPORT_FILE is ignored: MODE is apply",
    )


CHECKSUM = f"sha256:{'0' * 64}"
FILE = PIPELINE | {"CONFIG_FILE": "file"}


@pytest.mark.parametrize(
    ("environ", "ignored"),
    [
        (
            ONE | {"MODE": "plan", "PLAN_CHECKSUM": CHECKSUM},
            "PLAN_CHECKSUM is ignored: MODE is plan",
        ),
        (
            FILE | {"MODE": "check", "PLAN_CHECKSUM": CHECKSUM},
            "PLAN_CHECKSUM is ignored: MODE is check",
        ),
        (FILE | {"MODE": "plan", "EXPORT_FILE": "out.yml"}, "EXPORT_FILE is ignored: MODE is plan"),
        (PIPELINE | {"MODE": "export", "COMMENT": "true"}, "COMMENT is ignored: MODE is export"),
        (
            PIPELINE | {"MODE": "export", "CODE_INSIGHTS": "true"},
            "CODE_INSIGHTS is ignored: MODE is export",
        ),
        (
            FILE | {"MODE": "export"},
            "What the CONFIG_FILE declares is ignored: MODE is export, which exports everything",
        ),
    ],
)
def test_what_does_nothing_in_a_mode_gets_a_warning(environ: dict[str, str], ignored: str) -> None:
    file = "environments: [{name: Live}]"

    assert settings(environ, file=file).warnings == (ignored,)


@pytest.mark.parametrize(
    ("environ", "slug"),
    [
        ({"REPO_SLUG": "other/blog"}, Repository("other", "blog")),
        ({"REPO_SLUG": "Acme/blog", "WORKSPACE": "acme"}, Repository("acme", "blog")),
        ({"REPO_SLUG": "blog"}, Repository("acme", "blog")),
    ],
)
def test_a_repository_with_its_workspace(environ: dict[str, str], slug: Repository) -> None:
    assert settings(ONE | environ).selection == Selection(items=(slug,))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"REPO_SLUG": "other/blog", "WORKSPACE": "acme"},
            {"REPO_SLUG": "names another workspace than WORKSPACE, acme; remove one"},
        ),
        (
            {"REPO_SLUG": "a/b/c"},
            {
                "REPO_SLUG": "'b/c' is not a valid slug; copy it from the address,"
                " bitbucket.org/WORKSPACE/SLUG"
            },
        ),
        (
            {"DRY_RUN": "false"},
            {"DRY_RUN": "not supported, and ignoring it would write changes; use MODE: plan"},
        ),
    ],
)
def test_other_errors(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert errors_of(ONE | environ) == expected


TOKEN = PIPELINE["BITBUCKET_ACCESS_TOKEN"]
CONTAINED = "contains a credential of the pipe, which would be shown; remove it"


@pytest.mark.parametrize(
    ("environ", "source", "what"),
    [
        ({"ENVIRONMENT_NAME": TOKEN}, "ENVIRONMENT_NAME", ""),
        ({"RENAME_FROM": f"x {TOKEN}"}, "RENAME_FROM", ""),
        ({"BRANCHES_COUNT": "1", "BRANCHES_0": TOKEN}, "BRANCHES_0", ""),
        ({"REPO_SLUG": TOKEN}, "REPO_SLUG", ""),
        ({"VARIABLES": f"A=x{TOKEN}y"}, "VARIABLES", "the value of A "),
        ({"VARIABLES": f"{TOKEN}=y"}, "VARIABLES", "the name of a variable "),
        ({"REPOSITORY_VARIABLES": f"A={TOKEN}"}, "REPOSITORY_VARIABLES", "the value of A "),
    ],
)
def test_a_credential_in_what_is_shown_is_an_error(
    environ: dict[str, str], source: str, what: str
) -> None:
    found = errors_of(ONE | environ)

    assert found == {source: what + CONTAINED}


def test_a_credential_in_the_configuration_file_is_an_error() -> None:
    text = """\
        environments: [{name: X, variables: {A: {from_env: COPY}}}]
        rules: [{when: {name: 'canary-access-token*'}, branches: [canary-access-token]}]
        """
    environ = PIPELINE | {"CONFIG_FILE": "file", "COPY": TOKEN}

    assert set(errors_of(environ, file=text)) == {"file"}


@pytest.mark.parametrize(
    "environ",
    [
        {"SECURED_VARIABLES": f"A={TOKEN}"},
        {"VARIABLES": f'[{{"key": "A", "value": "{TOKEN}", "secured": true}}]'},
        {"VARIABLES": f"A={TOKEN[:-1]}"},
        {"VARIABLES": "A=short", "BITBUCKET_ACCESS_TOKEN": "short"},
    ],
)
def test_a_credential_may_be_stored_secured(environ: dict[str, str]) -> None:
    assert errors_of(ONE | environ) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("$TARGET", "Environment name '$TARGET' is the name of a variable that was not replaced"),
        ("Test,Staging", "Environment name 'Test,Staging' contains ','"),
        ("QA/1", "Environment name 'QA/1' contains '/'"),
    ],
)
def test_a_name_that_bitbucket_will_refuse_gets_a_warning(name: str, words: str) -> None:
    (warning,) = settings(ONE | {"ENVIRONMENT_NAME": name}).warnings

    assert warning.startswith(words)
    assert settings(ONE | {"ENVIRONMENT_NAME": name, "STATE": "absent"}).warnings == ()


@pytest.mark.parametrize("name", ["Prüfung 1_a-b", "{8f14e45f-0000-4000-8000-000000000000}"])
def test_a_name_that_bitbucket_accepts_gets_no_warning(name: str) -> None:
    assert settings(ONE | {"ENVIRONMENT_NAME": name}).warnings == ()


def test_a_value_in_a_mapping_is_one_variable() -> None:
    file = "environments: [{name: Test, variables: {A: '1, B=2'}}]"
    assert settings(PIPELINE | {"CONFIG_FILE": "env.yml"}, **{"env.yml": file}).warnings == ()


def test_a_plain_variable_with_the_name_of_a_secret_gets_one_warning() -> None:
    plain = {"VARIABLES": '["db_password=a", "TOKEN=b", "TOKEN_URL=c"]'}
    both = plain | {"SECURED_VARIABLES": "A_SECRET=x", "REPOSITORY_VARIABLES": "TOKEN=d"}
    assert settings(ONE | both).warnings == tuple(
        f"{key} is declared as a plain variable, whose value can be read; is it a secret?"
        for key in ("db_password", "TOKEN")
    )
