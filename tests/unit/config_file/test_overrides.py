"""What some repositories lay over what is wanted of all."""

from __future__ import annotations

from pydantic import SecretStr

from pipe.config_file.overrides import Layer, Layers, NamedLayer, Override
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
from pipe.models.selection import Exclusion, Glob, Slug

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


def layers(*overrides: Override) -> Layers:
    return Layers(base=Declaration(environments=(BELOW,)), overrides=overrides)


def test_an_empty_layer_changes_nothing() -> None:
    assert Layer().over(BELOW) == BELOW


def test_a_layer_replaces_what_it_mentions_and_merges_variables() -> None:
    layer = Layer(
        type=EnvironmentType.TEST,
        state=State.ABSENT,
        rename_from="Old",
        admin_only=False,
        branches=(),
        variables=(PlainVariable("C", "3"), SecuredVariable("A", SecretStr("9"))),
        prune_variables=False,
    )

    assert layer.over(BELOW) == DeclaredEnvironment(
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
    layer = Layer(variables=(PlainVariable("A", "1"),))

    assert layer.over(DeclaredEnvironment(name="X")).desired.variables == layer.variables


def test_overrides_are_for_those_chosen_and_the_last_one_wins() -> None:
    declared = layers(
        Override(
            repositories=(Glob("acme", "*"), Exclusion(Slug("acme", "blog"))),
            environments=(NamedLayer("Production", Layer(admin_only=False)),),
        ),
        Override(
            repositories=(Slug("acme", "shop"),),
            environments=(NamedLayer("production", Layer(branches=())),),
        ),
        Override(
            repositories=(Slug("acme", "shop"),),
            environments=(NamedLayer("Production", Layer(admin_only=None, branches=("x",))),),
        ),
    )

    assert declared.declaration_for(BLOG) == Declaration(environments=(BELOW,))
    (environment,) = declared.declaration_for(SHOP).environments
    assert (environment.desired.admin_only, environment.desired.branches) == (False, ("x",))


def test_an_environment_that_only_an_override_declares_starts_from_the_defaults() -> None:
    declared = Layers(
        base=Declaration(environments=(BELOW,)),
        fresh=DeclaredEnvironment(name="", desired=Desired(admin_only=True)),
        overrides=(
            Override(
                repositories=(Slug("acme", "shop"),),
                environments=(NamedLayer("New", Layer(type=EnvironmentType.TEST)),),
            ),
        ),
    )

    assert declared.declaration_for(SHOP).environments == (
        BELOW,
        DeclaredEnvironment(
            name="New", type=EnvironmentType.TEST, desired=Desired(admin_only=True)
        ),
    )


def test_names_that_differ_only_in_case_are_told_apart() -> None:
    environments = (DeclaredEnvironment(name="Test"), DeclaredEnvironment(name="test"))
    chosen = (Slug("acme", "shop"),)
    declared = Layers(
        base=Declaration(environments=environments),
        overrides=(
            Override(
                repositories=chosen,
                environments=(
                    NamedLayer("test", Layer(admin_only=True)),
                    NamedLayer("TEST", Layer(admin_only=False)),
                ),
            ),
        ),
    )

    found = declared.declaration_for(SHOP).environments

    assert [(each.name, each.desired.admin_only) for each in found] == [
        ("Test", None),
        ("test", True),
        ("TEST", False),
    ]


def test_names_that_one_override_spells_in_two_ways_are_two_environments() -> None:
    layers = (
        NamedLayer("Test", Layer(admin_only=True)),
        NamedLayer("TEST", Layer(type=EnvironmentType.STAGING)),
    )
    declared = Layers(
        base=Declaration(environments=(DeclaredEnvironment(name="Test"),)),
        overrides=(Override(repositories=(Slug("acme", "shop"),), environments=layers),),
    )

    found = declared.declaration_for(SHOP).environments

    assert [(each.name, each.type, each.desired.admin_only) for each in found] == [
        ("Test", None, True),
        ("TEST", EnvironmentType.STAGING, None),
    ]


def test_pruning_counts_only_where_variables_are_mentioned() -> None:
    idle = Desired(prune_variables=True)
    declared = Layers(
        base=Declaration(
            environments=(DeclaredEnvironment(name="X", desired=idle),), rules=(Rule(desired=idle),)
        )
    )

    found = declared.declaration_for(SHOP)

    assert not found.environments[0].desired.prune_variables
    assert not found.rules[0].desired.prune_variables


def test_secured_values_of_every_layer() -> None:
    def secret(value: str) -> tuple[SecuredVariable | PlainVariable, ...]:
        return (SecuredVariable("S", SecretStr(value)), PlainVariable("P", "plain"))

    declared = Layers(
        base=Declaration(
            environments=(DeclaredEnvironment(name="X", desired=Desired(variables=secret("a"))),),
            rules=(Rule(desired=Desired(variables=secret("b"))), Rule()),
        ),
        fresh=DeclaredEnvironment(name="", desired=Desired(variables=secret("c"))),
        overrides=(
            Override(
                repositories=(Slug("acme", "shop"),),
                environments=(NamedLayer("X", Layer(variables=secret("d"))),),
            ),
        ),
    )

    assert declared.secured_values() == ("a", "b", "c", "d")
