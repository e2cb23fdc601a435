"""What a configuration file declares."""

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
from pipe.models.selection import Glob, Project, Selection
from pipe.settings.loader import Settings
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
        (
            "{from_env: X}",
            {"SECURED_UPDATE": "if-missing"},
            ("X is not set or empty; pass it to the pipe as a variable, X: $X"),
        ),
        (
            "{secured: true, from_env: X}",
            {"X": ""},
            ("X is not set or empty; pass it to the pipe as a variable, X: $X"),
        ),
        ("{secured: true, from_env: X}", {"X": "a\udcff"}, "the value of X is not valid UTF-8"),
    ],
)
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
