"""What must hold at every instant: an observer that looks after every request and late effect."""

from dataclasses import dataclass, field
from typing import Self

from pipe.models.declaration import FINGERPRINTS_KEY
from simulator.simulator import Simulator
from simulator.state.environment import Environment
from simulator.state.journal import Event, EventKind
from simulator.state.world import Repository
from tests.faults.repository_state import ITSELF, Env, may_deploy, read_environment
from tests.faults.scenario import Scenario

_UNAVAILABLE = (401, 403, 404)
"""With these the branch endpoint says that it is not for us; then all else is done nevertheless."""

_PLANS_WITH_FEATURE = ("premium", "stored")

_VARIABLE = (
    EventKind.VARIABLE_CREATED,
    EventKind.VARIABLE_UPDATED,
    EventKind.VARIABLE_DELETED,
)


@dataclass(slots=True)
class Observer:
    """Looks at one world while a scenario runs in it, faults and reruns included.

    Attributes:
        scenario: What runs.
        shop: The repository in which it runs.
        names: The former names of environments, by uuid.
        broken: Every promise that was seen broken, in words.
    """

    scenario: Scenario
    shop: Repository
    names: dict[str, str]
    broken: list[str] = field(default_factory=list)
    _seen: int = 0

    @classmethod
    def on(cls, scenario: Scenario, simulator: Simulator) -> Self:
        shop = simulator.repository("acme/shop")
        observer = cls(
            scenario, shop, {each.uuid: each.name for each in shop.environments.values()}
        )
        simulator.observers.append(observer.look)
        return observer

    def look(self, simulator: Simulator) -> None:
        events = simulator.events[self._seen :]
        if not events:
            return
        self._seen += len(events)
        for event in events:
            if not self._may_happen(event):
                self.broken.append(f"P8: not declared: {event}")
        for environment in self.shop.environments.values():
            self._look_at(environment, simulator)
        for each in self.shop.variables.values():
            if each.value in self.scenario.secrets and not each.secured:
                self.broken.append(f"P7: the secret {each.key} stands plain in the repository")

    def _wanted(self, uuid: str) -> tuple[Env | None, Env | None]:
        """Return an environment as it was and as it must become."""
        former = self.names.get(uuid)
        before = None if former is None else self.scenario.before[former]
        after = next(
            (each for each in self.scenario.after.values() if each.formerly == former), None
        )
        return before, after

    def _look_at(self, environment: Environment, simulator: Simulator) -> None:
        before, after = self._wanted(environment.uuid)
        if after is None:
            return
        now = read_environment(environment, None)
        universe = now.branches | after.branches | (before.branches if before else frozenset())
        declared = may_deploy(after, universe)
        allowed = declared | (may_deploy(before, universe) if before else frozenset())
        current = may_deploy(now, universe)
        if before is not None and not current <= allowed:
            self.broken.append(f"P7: {environment.name} lets through {current - allowed}")
        switches = simulator.switches
        honoured = (
            switches.admin_only_at_creation == "honoured" and switches.plan in _PLANS_WITH_FEATURE
        )
        if before is None and honoured and after.admin_only and not now.admin_only:
            self.broken.append(f"P7: {environment.name} was created unrestricted")
        unavailable = self.branches_were_unavailable(simulator)
        for key, (value, secured) in now.variables.items():
            if value not in self.scenario.secrets:
                continue
            if not secured:
                self.broken.append(f"P7: the secret {key} stands plain in {environment.name}")
            if not current <= declared and not unavailable:
                self.broken.append(f"P7: the secret {key} stands in {environment.name} too early")

    def branches_were_unavailable(self, simulator: Simulator) -> bool:
        return simulator.switches.branch_endpoint != "working" or any(
            each.status in _UNAVAILABLE and "branch-restrictions" in each.path
            for each in simulator.requests
        )

    def _may_happen(self, event: Event) -> bool:
        """Whether the declaration mentions what changed."""
        if event.kind is EventKind.PIPELINES_ENABLED:
            return "ENABLE_PIPELINES" in self.scenario.declared
        if event.details["environment"] is None:
            before, after = self.scenario.before.get(ITSELF), self.scenario.after.get(ITSELF)
        else:
            before, after = self._wanted(str(event.details["environment"]))
        if event.kind is EventKind.ENVIRONMENT_CREATED:
            return event.subject in {
                n for n, e in self.scenario.after.items() if e.formerly is None
            }
        if event.kind is EventKind.ENVIRONMENT_DELETED:
            return after is None
        return after is not None and self._may_change(event, before or Env(), after)

    def _may_change(self, event: Event, before: Env, after: Env) -> bool:
        name = next(n for n, e in self.scenario.after.items() if e is after)
        mentioned = set(self.scenario.mentioned.get(name, ()))
        if "FINGERPRINT_KEY" in self.scenario.declared:
            mentioned.add(FINGERPRINTS_KEY)
        expected: dict[EventKind, bool] = {
            EventKind.ENVIRONMENT_RENAMED: event.details.get("name") == name,
            EventKind.ENVIRONMENT_RESTRICTED: "admin_only" in mentioned and after.admin_only,
            EventKind.ENVIRONMENT_LOOSENED: "admin_only" in mentioned and not after.admin_only,
            EventKind.BRANCH_ADDED: event.details.get("pattern") in after.branches,
            EventKind.BRANCH_REMOVED: event.details.get("pattern")
            in before.branches - after.branches,
            **dict.fromkeys(_VARIABLE, event.details.get("key") in mentioned),
        }
        return expected.get(event.kind, False)
