"""What a configuration file declares."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from pipe.models.declaration import (
    AbsentVariable,
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    ManagedSecret,
    PlainVariable,
    Repository,
    Rule,
    SecuredVariable,
    State,
)
from pipe.models.errors import ConfigError, ConfigurationError
from pipe.models.selection import Exclusion, Glob, Item, Project, Selection
from pipe.settings.loader import Settings, read_settings
from tests.support.settings import PIPELINE, errors_of, settings

FROM_FILE = PIPELINE | {"CONFIG_FILE": "file"}
SHOP, PAYMENTS = Repository("acme", "shop"), Repository("acme", "payments")

EXAMPLE = """\
version: 1
workspace: acme
repositories:
  - shop
  - svc-*
  - project: PLAT
    exclude: ['*-archive']
defaults:
  admin_only: false
environments:
  - name: Test
    type: Test
  - name: Production
    type: Production
    rename_from: Live
    admin_only: true
    branches: [main, release/*]
    variables:
      API_URL: https://api.acme.example
      DB_PASSWORD: {secured: true, from_env: PROD_DB_PASSWORD}
    prune: [variables]
rules:
  - when: {type: Production}
    admin_only: true
overrides:
  - repositories: [payments]
    environments:
      - name: Production
        variables: {API_URL: https://pay.acme.example}
"""


def read(text: str, **variables: str) -> Settings:
    return settings(FROM_FILE | variables, file=text)


def declared(text: str, **variables: str) -> Declaration:
    return read(text, **variables).declaration_for(SHOP)


def test_the_example() -> None:
    config = read(EXAMPLE, PROD_DB_PASSWORD="canary-password", BITBUCKET_WORKSPACE="other")

    assert config.selection == Selection(
        items=(
            Repository("acme", "shop"),
            Glob("acme", "svc-*"),
            Project("acme", "PLAT", exclude=(Glob("acme", "*-archive"),)),
        )
    )
    assert config.options.config_file == "file"
    assert config.lines == {"Test": 11, "Production": 13}
    assert "canary-password" in config.secrets
    password = SecuredVariable("DB_PASSWORD", SecretStr("canary-password"))
    production = DeclaredEnvironment(
        name="Production",
        type=EnvironmentType.PRODUCTION,
        rename_from="Live",
        desired=Desired(
            admin_only=True,
            branches=("main", "release/*"),
            variables=(PlainVariable("API_URL", "https://api.acme.example"), password),
            prune_variables=True,
        ),
    )
    declaration = config.declaration_for(SHOP)
    assert declaration == Declaration(
        environments=(
            DeclaredEnvironment(
                name="Test", type=EnvironmentType.TEST, desired=Desired(admin_only=False)
            ),
            production,
        ),
        rules=(Rule(type=EnvironmentType.PRODUCTION, desired=Desired(admin_only=True)),),
    )
    overridden = config.declaration_for(PAYMENTS).environments[1]
    assert overridden.desired.variables == (
        PlainVariable("API_URL", "https://pay.acme.example"),
        password,
    )


def test_scalars_keep_their_spelling() -> None:
    environment = declared("""\
        environments:
          - name: 42
            admin_only: on
            branches: [1.10, yes]
            variables: {A: 1.10, B: no, C: 0x1F, D: 2026-11-22, E: '', F: "\\u00e9", G: 'null'}
        """).environments[0]

    assert environment.name == "42"
    assert environment.desired == Desired(
        admin_only=True,
        branches=("1.10", "yes"),
        variables=tuple(
            PlainVariable(key, value)
            for key, value in {
                "A": "1.10",
                "B": "no",
                "C": "0x1F",
                "D": "2026-11-22",
                "E": "",
                "F": "é",
                "G": "null",
            }.items()
        ),
    )


def test_sources_of_values() -> None:
    environment = declared(
        "environments: [{name: X, variables: {A: {value: ''}, B: {from_env: HERE, secured: no},"
        " C: {secured: true, from_env: HERE}}}]",
        HERE="$x=y",
    ).environments[0]

    assert environment.desired.variables == (
        PlainVariable("A", ""),
        PlainVariable("B", "$x=y"),
        SecuredVariable("C", SecretStr("$x=y")),
    )


def test_defaults_are_merged_under_every_environment_but_no_rule() -> None:
    declaration = declared("""\
        enable_pipelines: true
        defaults: {type: test, branches: [main], variables: {A: 1, B: 2}, prune: [variables]}
        environments:
          - {name: X, variables: {B: 3}, prune: []}
          - {name: Y, state: absent, branches: []}
        rules:
          - {when: {name: feat-*, type: Staging}, state: absent, variables: {C: 4}}
        """)

    def plain(**values: str) -> tuple[PlainVariable, ...]:
        return tuple(PlainVariable(key, value) for key, value in values.items())

    assert declaration == Declaration(
        environments=(
            DeclaredEnvironment(
                name="X",
                type=EnvironmentType.TEST,
                desired=Desired(branches=("main",), variables=plain(A="1", B="3")),
            ),
            DeclaredEnvironment(
                name="Y",
                type=EnvironmentType.TEST,
                state=State.ABSENT,
                desired=Desired(branches=(), variables=plain(A="1", B="2"), prune_variables=True),
            ),
        ),
        rules=(
            Rule(
                name_pattern="feat-*",
                type=EnvironmentType.STAGING,
                state=State.ABSENT,
                desired=Desired(variables=plain(C="4")),
            ),
        ),
        enable_pipelines=True,
    )


def test_prune_is_the_default_of_the_file() -> None:
    declaration = declared(
        """\
        environments:
          - {name: X, variables: {A: 1}}
          - {name: Y, variables: {A: 1}, prune: []}
          - {name: Z}
        rules: [{when: {name: '*'}, variables: {}}]
        """,
        PRUNE='["variables", "environments"]',
    )

    pruned = [each.name for each in declaration.environments if each.desired.prune_variables]
    assert pruned == ["X"]
    assert declaration.rules[0].desired.prune_variables
    assert declaration.prune_environments


def test_anchors_aliases_and_merges() -> None:
    environments = declared("""\
        x-common: &common {type: Test, admin_only: true}
        x-other: &other {type: Staging, branches: [main]}
        environments:
          - &a {<<: *common, name: A, admin_only: false}
          - {<<: [*common, *other], name: B}
          - <<: *a
            name: C
        """).environments

    assert [(e.name, e.type, e.desired.admin_only, e.desired.branches) for e in environments] == [
        ("A", EnvironmentType.TEST, False, None),
        ("B", EnvironmentType.TEST, True, ("main",)),
        ("C", EnvironmentType.TEST, False, None),
    ]


def test_an_override_may_add_an_environment() -> None:
    config = read("""\
        defaults: {admin_only: true}
        environments: [{name: A}]
        overrides:
          - repositories: [s*, '!shop-old', other/shop]
            environments: [{name: B, type: Test}]
        """)

    assert [each.name for each in config.declaration_for(SHOP).environments] == ["A", "B"]
    added = config.declaration_for(Repository("other", "shop")).environments[1]
    assert added == DeclaredEnvironment(
        name="B", type=EnvironmentType.TEST, desired=Desired(admin_only=True)
    )
    for slug in ("shop-old", "blog"):
        names = [e.name for e in config.declaration_for(Repository("acme", slug)).environments]
        assert names == ["A"]
    assert config.lines == {"A": 2, "B": 5}


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
    text: str, variables: dict[str, str], items: list[Item]
) -> None:
    assert read(text, **variables).selection == Selection(items=tuple(items))


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
    read(NOTHING, SECURED_UPDATE="on-change", FINGERPRINT_KEY="canary-key-16-chars", PRUNE="[]")


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
        " the clone directory"
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


def test_a_long_file_without_aliases_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An export of a large workspace, for example."""
    monkeypatch.setattr("pipe.config_file.yaml_tree.MAX_NODES", 50)
    many = "".join(f"  - {{name: e{number}, type: Test}}\n" for number in range(100))
    assert (
        len(settings(FROM_FILE, file=f"environments:\n{many}").declarations.base.environments)
        == 100
    )


@pytest.mark.parametrize(
    ("variable", "environ", "expected"),
    [
        ("{secured: true}", {}, ManagedSecret("A")),
        ("{secured: true, from_env: X}", {"SECURED_UPDATE": "if-missing"}, ManagedSecret("A", "X")),
        (
            "{secured: true, from_env: X}",
            {"SECURED_UPDATE": "if-missing", "X": "canary"},
            SecuredVariable("A", SecretStr("canary")),
        ),
        ("{state: absent}", {}, AbsentVariable("A")),
        ("{state: present, value: x}", {}, PlainVariable("A", "x")),
        ("010", {}, PlainVariable("A", "010")),
    ],
)
def test_variables_of_a_file(variable: str, environ: dict[str, str], expected: object) -> None:
    text = f"environments: [{{name: X, variables: {{A: {variable}}}}}]"

    assert declared(text, **environ).environments[0].desired.variables == (expected,)


@pytest.mark.parametrize(
    ("variable", "environ", "message"),
    [
        ("{from_env: X}", {"SECURED_UPDATE": "if-missing"}, ("X is not set or empty; pass it to the"
         " pipe as a variable, X: $X")),
        ("{secured: true, from_env: X}", {"X": ""}, ("X is not set or empty; pass it to the pipe as"
         " a variable, X: $X")),
        ("{secured: true, from_env: X}", {"X": "a\udcff"}, "the value of X is not valid UTF-8"),
    ],
)  # fmt: skip
@pytest.mark.promise("P25")
def test_a_value_of_the_environment_that_is_unusable(
    variable: str, environ: dict[str, str], message: str
) -> None:
    text = f"environments: [{{name: X, variables: {{A: {variable}}}}}]"

    assert [*errors_of(FROM_FILE | environ, file=text).values()] == [message]


def test_one_item_stands_for_a_list() -> None:
    config = read("""\
        repositories: {project: PLAT, exclude: old}
        environments: [{name: X, branches: main, variables: {A: 1}, prune: variables}]
        overrides:
          - {repositories: shop, environments: [{name: x, branches: dev}]}
        """)

    assert config.selection.items == (
        Project("acme", "PLAT", exclude=(Repository("acme", "old"),)),
    )
    (environment,) = config.declaration_for(SHOP).environments
    assert environment.name == "X"
    assert environment.desired.branches == ("dev",)
    assert environment.desired.prune_variables


def test_the_repository_itself() -> None:
    text = """\
        repository: {enable_pipelines: on, variables: {A: 1}}
        overrides:
          - repositories: [payments]
            repository: {variables: {A: 2, B: {secured: true}}, prune: variables}
        """

    assert declared(text) == Declaration(
        enable_pipelines=True, repository=Desired(variables=(PlainVariable("A", "1"),))
    )
    assert declared(text, PRUNE="repository-variables").repository.prune_variables
    assert read(text).declaration_for(PAYMENTS) == Declaration(
        enable_pipelines=True,
        repository=Desired(
            variables=(PlainVariable("A", "2"), ManagedSecret("B")), prune_variables=True
        ),
    )


@pytest.mark.promise("P25")
def test_pruning_what_the_file_does_not_declare_is_an_error() -> None:
    for name in ("variables", "environments", "repository-variables"):
        text = "repository: {enable_pipelines: on}"
        assert errors_of(FROM_FILE | {"PRUNE": name}, file=text) == {
            "PRUNE": f"'{name}': the CONFIG_FILE declares none"
        }
