"""Any world, any declaration, any doubtful behaviour of Bitbucket: carried out and written down."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st
from msgspec.structs import replace

from pipe.apply.context import ApplyContext
from pipe.apply.repository import apply_one, plan_one
from pipe.models.changes import (
    EnvironmentPlan,
    Keep,
    Refuse,
    RepositoryPlan,
    RewriteSecured,
    Update,
)
from pipe.models.declaration import (
    Declaration,
    DeclaredEnvironment,
    DeclaredVariable,
    Desired,
    EnvironmentType,
    Rule,
    SecuredUpdate,
    State,
)
from pipe.models.results import RepositoryResult
from pipe.models.selection import glob_matches
from pipe.planning.variables import SecretsPolicy
from simulator.behaviour.profiles import HOSTILE, OBSERVED, random_switches
from simulator.behaviour.switches import Switches
from simulator.simulator import Simulator
from simulator.state.journal import Event
from simulator.state.lagging_list import LaggingList
from tests.faults.repository_state import Env
from tests.faults.scenario import plant
from tests.support.values import KEY, SHOP, plain, secret
from tests.support.world import World

NAMES = ("Test", "Staging", "Live", "Production", "feature 1", "feature 2", "x")
KEYS = ("A", "B", "C", "D", "E", "F")
PATTERNS = ("main", "dev", "release/*")
SECRETS = ("s3cret-one", "s3cret-two")
VALUES = ("", "1", "2", "a=b\nc")
REFUSALS = {
    "ambiguous-name",
    "declared-twice",
    "deletion-type-differs",
    "rename-target-exists",
    "type-cannot-change",
    "type-needed",
    "production-deletion",
    "pattern-deletion",
    "too-many-deletions",
}
"""All that a run without faults may report: it refuses, it does not fail."""


def is_settled(plan: EnvironmentPlan) -> bool:
    """Whether a second run would send no write for it that the policy does not ask for."""
    if isinstance(plan, Update):
        return all(isinstance(change, RewriteSecured) for change in plan.changes)
    return isinstance(plan, Keep | Refuse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What is there by name, what is wanted, and how Bitbucket behaves.

    Attributes:
        own: The variables of the repository itself.
    """

    existing: Mapping[str, Env]
    own: Mapping[str, tuple[str, bool]]
    declaration: Declaration
    policy: SecretsPolicy
    force: bool
    switches: Switches

    def world(self) -> World:
        """Return the world at the beginning."""
        world = World(self.switches)
        for name, environment in self.existing.items():
            plant(world.shop, name, environment)
        for key, (value, secured) in self.own.items():
            world.shop.set_variable(key, value, secured=secured)
        world.shop.pipelines_enabled = False
        return world

    def run(self) -> "Account":
        """Carry it out once."""
        world = self.world()
        account = Account(experiment=self, world=world)
        world.simulator.observers.append(account.observe)
        account.observe(world.simulator)
        began = len(world.simulator.events)
        account.result = account.carry_out()
        account.settle()
        account.events = world.simulator.events[began:]
        return account

    def wanted_of(self, name: str, kind: str) -> Iterator[tuple[State, Desired]]:
        """Say what is wanted of an environment, judged by its name and type alone."""
        named = [each for each in self.declaration.environments if name in _names(each)]
        for each in named:
            yield each.state or State.PRESENT, each.desired
        if not named:
            for rule in self.declaration.rules:
                if rule.type in (None, kind) and glob_matches(rule.name_pattern, name):
                    yield rule.state or State.PRESENT, rule.desired
                    return


def _names(declared: DeclaredEnvironment) -> tuple[str, ...]:
    """Return the names by which it is found: an absent one by its own only."""
    former = None if declared.state is State.ABSENT else declared.rename_from
    return (declared.name, *([former] if former else []))


@dataclass(slots=True, kw_only=True)
class Moment:
    """How protected the environments are at one moment, by uuid."""

    admin_only: dict[str, bool]
    branches: dict[str, frozenset[str]]


@dataclass(slots=True, kw_only=True)
class Account:
    """What became of an experiment."""

    experiment: Experiment
    world: World
    moments: list[Moment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    result: RepositoryResult | None = None

    def observe(self, _: Simulator) -> None:
        found = self.world.shop.environments.values()
        self.moments.append(
            Moment(
                admin_only={each.uuid: each.admin_only for each in found},
                branches={each.uuid: frozenset(each.branches) for each in found},
            )
        )

    def plan(self) -> RepositoryPlan:
        planned = plan_one(self._service(), SHOP, self.experiment.declaration)
        assert not isinstance(planned, RepositoryResult), planned.problem
        return planned

    def carry_out(self) -> RepositoryResult:
        return apply_one(self._service(), self.plan(), self.experiment.declaration)

    def settle(self) -> None:
        """Let time pass until every list shows what is there."""
        self.world.simulator.settle()
        self.world.shop.environment_list = LaggingList()
        for each in self.world.shop.environments.values():
            each.variable_list = LaggingList()
            each.variable_refusals = 0
        self.world.shop.variable_list = LaggingList()
        self.world.clock.seconds += 3600

    def _service(self) -> ApplyContext:
        return self.world.service(secrets=self.experiment.policy, force=self.experiment.force)


_values = st.sampled_from(VALUES)
_secrets = st.sampled_from(SECRETS)
_keys = st.sampled_from(KEYS)
_ALL = tuple(EnvironmentType)
_types = st.sampled_from(_ALL)
_branches = st.lists(st.sampled_from(PATTERNS), unique=True, max_size=3)
_variables: st.SearchStrategy[DeclaredVariable] = st.builds(plain, _keys, _values) | st.builds(
    secret, _keys, _secrets
)

_stored = st.dictionaries(_keys, st.tuples(_values, st.booleans()), min_size=1, max_size=6)

seeded = st.builds(
    Env,
    type=_types,
    admin_only=st.booleans(),
    variables=_stored,
    branches=_branches.map(frozenset),
)
desired = st.builds(
    Desired,
    admin_only=st.none() | st.booleans(),
    branches=st.none() | _branches.map(tuple),
    variables=st.none()
    | st.lists(_variables, min_size=1, max_size=4, unique_by=lambda each: each.key).map(tuple),
    prune_variables=st.booleans(),
).map(lambda each: each if each.variables else replace(each, prune_variables=False))


def _variables_only(each: Desired) -> Desired:
    """Return what can be declared of a repository itself."""
    return Desired(variables=each.variables, prune_variables=each.prune_variables)


states = st.sampled_from([State.PRESENT] * 4 + [State.ABSENT])
rules = st.builds(
    Rule,
    name_pattern=st.sampled_from(["*", "feature*", "p*", "?"]),
    type=st.none() | _types,
    state=states,
    desired=desired,
)
policies = st.sampled_from(
    [
        SecretsPolicy(),
        SecretsPolicy(SecuredUpdate.IF_MISSING),
        SecretsPolicy(SecuredUpdate.ON_CHANGE, KEY),
    ]
)


def passable(switches: Switches) -> Switches:
    """Leave out what makes a declaration impossible rather than awkward."""
    return replace(
        switches,
        plan="stored" if switches.plan == "stored" else "premium",
        environment_keys="full",
        environment_names="any",
        empty_value="accepted",
        # `World` calls with an access token, which is a bearer token.
        branch_endpoint="bearer-only" if switches.branch_endpoint == "bearer-only" else "working",
        rename_clash="400",
        # What was deleted and stays in the list, renamed, looks like the others: pruning
        # and rules go on meaning it. There is a scenario for deletion by name.
        deletion="gone" if switches.deletion == "listed" else switches.deletion,
        rate_limit=0,
    )


behaviours = st.one_of(
    st.just(OBSERVED),
    st.just(passable(HOSTILE)),
    st.randoms(use_true_random=False).map(lambda random: passable(random_switches(random))),
)


@st.composite
def _declared(draw: st.DrawFn, existing: Mapping[str, Env]) -> DeclaredEnvironment:
    """Draw a declaration that mostly means something that exists, and mostly can be done."""
    types = {name: EnvironmentType(each.type) for name, each in existing.items()}
    free = [name for name in NAMES if name not in types]
    former = draw(st.none() | st.none() | st.sampled_from(sorted(types)))
    name = draw(st.sampled_from(free if former else [*types, *NAMES]))
    kind = types.get(former or name)
    return DeclaredEnvironment(
        name=name,
        type=draw(_types if kind is None else st.sampled_from([None, kind, kind, *_ALL])),
        state=draw(states),
        rename_from=former,
        desired=draw(desired),
    )


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    existing = draw(st.dictionaries(st.sampled_from(NAMES), seeded, min_size=2, max_size=6))
    declared = st.lists(
        _declared(existing), min_size=1, max_size=4, unique_by=lambda each: each.name
    )
    return Experiment(
        existing=existing,
        own=draw(_stored),
        declaration=Declaration(
            environments=tuple(draw(declared)),
            rules=tuple(draw(st.lists(rules, max_size=2))),
            prune_environments=draw(st.booleans()),
            enable_pipelines=draw(st.booleans()),
            repository=draw(st.just(Desired()) | desired.map(_variables_only)),
        ),
        policy=draw(policies),
        force=draw(st.booleans()),
        switches=draw(behaviours),
    )
