"""What a repository holds, reduced to what is declared: to compare worlds before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipe.models.declaration import FINGERPRINTS_KEY
from simulator.state.environment import Environment
from simulator.state.variables import VariableOwner
from simulator.state.world import Repository

ANYONE, ADMINISTRATOR = False, True
ELSEWHERE = "(any other branch)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """An environment.

    Attributes:
        type: As Bitbucket writes it.
        admin_only: Whether only administrators may deploy.
        branches: The patterns that may deploy; none: every branch may.
        variables: Value and whether it is secured, by key; without the pipe's own fingerprints.
        formerly: The name it had before, if it existed then: it must be the same environment.
    """

    type: str = "Test"
    admin_only: bool = False
    branches: frozenset[str] = frozenset()
    variables: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    formerly: str | None = None


State = dict[str, Env]
"""Everything in a repository, by the names of its environments; its own variables by `ITSELF`."""

ITSELF = "(the repository itself)"
"""Stands for an environment that has the repository's own variables, if there are any."""


def read_state(repository: Repository, before: Mapping[str, str]) -> State:
    """Read what there is; `before`: the former names of environments by uuid.

    Two environments of the same name (regardless of case) are an error: a duplicate.
    """
    names = [each.name for each in repository.environments.values()]
    assert len({name.casefold() for name in names}) == len(names), f"duplicates among {names}"
    environments = {
        each.name: read_environment(each, before.get(each.uuid))
        for each in repository.environments.values()
    }
    return environments | itself(_variables(repository))


def itself(variables: Mapping[str, tuple[str, bool]]) -> State:
    """Return the part of the state that has the repository's own variables."""
    return {ITSELF: Env(type="", variables=variables, formerly=ITSELF)} if variables else {}


def _variables(owner: VariableOwner) -> dict[str, tuple[str, bool]]:
    return {
        each.key: (each.value, each.secured)
        for each in owner.variables.values()
        if each.key != FINGERPRINTS_KEY
    }


def read_environment(environment: Environment, formerly: str | None) -> Env:
    return Env(
        type=environment.type,
        admin_only=environment.admin_only,
        branches=frozenset(environment.branches),
        variables=_variables(environment),
        formerly=formerly,
    )


def may_deploy(environment: Env, universe: frozenset[str]) -> frozenset[tuple[bool, str]]:
    """Who may deploy what: every pair of (is an administrator, branch) that is let through."""
    branches = environment.branches or universe | {ELSEWHERE}
    people = (ADMINISTRATOR,) if environment.admin_only else (ADMINISTRATOR, ANYONE)
    return frozenset((person, branch) for person in people for branch in branches)
