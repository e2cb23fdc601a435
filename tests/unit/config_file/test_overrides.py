"""Overrides of what is declared, for some repositories."""

from typing import Any

from pydantic import SecretStr

from pipe.config_file.overrides import Declarations, Override, merge
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    Desired,
    EnvironmentType,
    PlainVariable,
    Repository,
    Rule,
    SecuredVariable,
    State,
)
from pipe.models.selection import Exclusion, Glob

SHOP, BLOG = Repository("acme", "shop"), Repository("acme", "blog")
BELOW = DeclaredEnvironment(
    name="Production",
    type=EnvironmentType.PRODUCTION,
    rename_from="Live",
    desired=Desired(
        admin_only=True,
        branches=("main",),
        variables=(PlainVariable("A", "1"), PlainVariable("B", "2")),
        prune_variables=True,
    ),
)


def over(name: str = "", **desired: Any) -> DeclaredEnvironment:
    """Return an environment that mentions nothing but these fields of what it should contain."""
    return DeclaredEnvironment(name=name, desired=Desired(**desired))


def declarations(*overrides: Override) -> Declarations:
    return Declarations(base=Declaration(environments=(BELOW,)), overrides=overrides)


def test_nothing_mentioned_changes_nothing() -> None:
    assert merge(BELOW, over()) == BELOW


def test_what_is_mentioned_replaces_and_variables_merge() -> None:
    above = DeclaredEnvironment(
        name="ignored",
        type=EnvironmentType.TEST,
        state=State.ABSENT,
        rename_from="Old",
        desired=Desired(
            admin_only=False,
            branches=(),
            variables=(PlainVariable("C", "3"), SecuredVariable("A", SecretStr("9"))),
            prune_variables=False,
        ),
    )

    assert merge(BELOW, above) == DeclaredEnvironment(
        name="Production",
        type=EnvironmentType.TEST,
        state=State.ABSENT,
        rename_from="Old",
        desired=Desired(
            admin_only=False,
            branches=(),
            variables=(
                SecuredVariable("A", SecretStr("9")),
                PlainVariable("B", "2"),
                PlainVariable("C", "3"),
            ),
            prune_variables=False,
        ),
    )


def test_variables_over_none() -> None:
    variables = (PlainVariable("A", "1"),)

    merged = merge(DeclaredEnvironment(name="X"), over(variables=variables))

    assert merged.desired.variables == variables


def test_overrides_apply_to_the_selected_repositories_and_the_last_one_wins() -> None:
    declared = declarations(
        Override(
            repositories=(Glob("acme", "*"), Exclusion(Repository("acme", "blog"))),
            environments=(over("Production", admin_only=False),),
        ),
        Override(
            repositories=(Repository("acme", "shop"),),
            environments=(over("production", branches=()),),
        ),
        Override(
            repositories=(Repository("acme", "shop"),),
            environments=(over("Production", admin_only=None, branches=("x",)),),
        ),
    )

    assert declared.declaration_for(BLOG) == Declaration(environments=(BELOW,))
    (environment,) = declared.declaration_for(SHOP).environments
    assert (environment.desired.admin_only, environment.desired.branches) == (False, ("x",))


def test_secured_variables_of_all_declarations() -> None:
    def secret(value: str) -> tuple[SecuredVariable | PlainVariable, ...]:
        return (SecuredVariable("S", SecretStr(value)), PlainVariable("P", "plain"))

    declared = Declarations(
        base=Declaration(
            environments=(DeclaredEnvironment(name="X", desired=Desired(variables=secret("a"))),),
            rules=(Rule(desired=Desired(variables=secret("b"))), Rule()),
            repository=Desired(variables=secret("e")),
        ),
        defaults=DeclaredEnvironment(name="", desired=Desired(variables=secret("c"))),
        overrides=(
            Override(
                repositories=(Repository("acme", "shop"),),
                environments=(over("X", variables=secret("d")),),
                repository=Desired(variables=secret("f")),
            ),
        ),
    )

    values = sorted(each.value.get_secret_value() for each in declared.secured_variables())
    assert values == ["a", "b", "c", "d", "e", "f"]
