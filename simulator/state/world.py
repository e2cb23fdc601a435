"""Workspaces, repositories and their environments.

Tests read and write them directly; hold `Simulator.lock` while a server is running. Every method
that changes something records an event.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Literal, TypeAlias, TypeVar

from simulator.behaviour.switches import Comparison, Switches
from simulator.http import Json
from simulator.state.credentials import Caller
from simulator.state.environment import TYPE_RANKS, Environment, slugify
from simulator.state.journal import EventKind, StateContext
from simulator.state.lagging_list import LaggingList, environment_lag
from simulator.state.variables import VariableOwner

Access: TypeAlias = Literal["open", "forbidden", "removed"]
"""How a workspace answers every caller: as usual, with 403, or with 410."""


@dataclass(slots=True, eq=False, kw_only=True)
class Repository(VariableOwner):
    """A repository.

    Attributes:
        workspace_uuid: Uuid of its workspace.
        project: Key of its project.
        visible: Whether anyone can see it; if not, it answers 404.
        pipelines_enabled: `None` until Pipelines was enabled once.
        shown_pipelines: What `pipelines_config` shows until `pipelines_shown_from`.
        pipelines_shown_from: Time from which `pipelines_config` shows `pipelines_enabled`.
        environments: Existing environments, by uuid.
        deleted: Deleted environments, by uuid.
        unknown_owners: Owners of variables of environments that do not exist, by uuid.
        environment_list: What the list of environments shows.
        last_creation: When an environment was last created through the API.
        passing_refusals: How often the next creation was already answered with a passing 400.
        reports: Code Insights reports by commit and id.
        annotations: Annotations by external id, by commit and id of the report.
        comments: Comments by id, by pull request.
        next_comment: Id of the next comment.
    """

    workspace: str
    slug: str
    workspace_uuid: str
    project: str
    visible: bool
    pipelines_enabled: bool | None
    created: float
    shown_pipelines: bool | None = None
    pipelines_shown_from: float = 0.0
    environments: dict[str, Environment] = field(default_factory=dict)
    deleted: dict[str, Environment] = field(default_factory=dict)
    unknown_owners: dict[str, Environment] = field(default_factory=dict)
    environment_list: LaggingList[Environment] = field(default_factory=LaggingList)
    last_creation: float | None = None
    passing_refusals: int = 0
    reports: dict[tuple[str, str], dict[str, Json]] = field(default_factory=dict)
    annotations: dict[tuple[str, str], dict[str, Json]] = field(default_factory=dict)
    comments: dict[int, dict[int, dict[str, Json]]] = field(default_factory=dict)
    next_comment: int = 1

    @property
    def full_name(self) -> str:
        """As Bitbucket writes it: `workspace/slug`."""
        return f"{self.workspace}/{self.slug}"

    def visible_to(self, caller: Caller) -> bool:
        """Return whether a caller can see the repository."""
        return self.visible and (
            caller.repositories is None or self.full_name in caller.repositories
        )

    def record_variable(self, kind: EventKind, **details: Json) -> None:
        """Record a change of a variable of the repository; no environment owns it."""
        self.record(kind, self.slug, environment=None, **details)

    def unknown_owner(self, uuid: str) -> Environment:
        """Return what variables of an environment that does not exist are stored under."""
        if uuid not in self.unknown_owners:
            self.unknown_owners[uuid] = Environment(
                context=self.context,
                repository=self.full_name,
                uuid=uuid,
                name=uuid,
                slug="",
                type="Test",
                admin_only=False,
                rank=0,
                created=0.0,
            )
        return self.unknown_owners[uuid]

    def has_name(
        self, name: str, comparison: Comparison, *, besides: Environment | None = None
    ) -> bool:
        """Return whether another environment has this name."""
        same = str.casefold if comparison == "casefold" else str
        others = (each.name for each in self.environments.values() if each is not besides)
        return any(same(other) == same(name) for other in others)

    def listed(self, switches: Switches) -> list[Environment]:
        """Return what the list of environments holds when it is up to date."""
        deleted = self.deleted.values() if switches.deletion == "listed" else ()
        return [*self.environments.values(), *deleted]

    def before_environment_write(self, switches: Switches, now: float) -> None:
        """Keep what the list of environments shows now, where a switch makes it lag."""
        listed = self.listed(switches)
        self.environment_list.before_write(listed, environment_lag(switches), now)

    def free_slug(self, name: str, besides: Environment | None = None) -> str:
        """Return the slug of a name, with a number when another environment has it."""
        taken = {each.slug for each in self.environments.values() if each is not besides}
        slug = slugify(name)
        numbered = (f"{slug}-{number}" for number in count(2))
        return next(each for each in chain([slug], numbered) if each not in taken)

    def record(self, kind: EventKind, subject: str, **details: Json) -> None:
        """Record a change of the repository itself."""
        self.context.journal.record(kind, self.full_name, subject, details)

    def environment(self, name: str) -> Environment:
        """Return the environment with exactly this name.

        Raises:
            KeyError: There is none.
        """
        found = next((each for each in self.environments.values() if each.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def names(self) -> list[str]:
        """Return the names of the environments, in their order."""
        return [each.name for each in self.environments.values()]

    def add_environment(
        self,
        name: str,
        type_: str = "Test",
        *,
        admin_only: bool = False,
        slug: str | None = None,
    ) -> Environment:
        """Add an environment, whatever names exist already.

        Raises:
            ValueError: There is no such type.
        """
        if type_ not in TYPE_RANKS:
            raise ValueError(f"{type_!r} is not one of {', '.join(TYPE_RANKS)}")
        environment = Environment(
            context=self.context,
            repository=self.full_name,
            uuid=self.context.new_uuid(),
            name=name,
            slug=slug or self.free_slug(name),
            type=type_,
            admin_only=admin_only,
            rank=len(self.environments),
            created=self.context.journal.clock(),
        )
        self.environments[environment.uuid] = environment
        self.record(
            EventKind.ENVIRONMENT_CREATED,
            name,
            environment=environment.uuid,
            type=type_,
            admin_only=admin_only,
        )
        return environment

    def delete_environment(self, environment: Environment) -> None:
        """Delete an environment with all its variables; what remains readable has another name."""
        del self.environments[environment.uuid]
        self.record(
            EventKind.ENVIRONMENT_DELETED,
            environment.name,
            environment=environment.uuid,
            type=environment.type,
            admin_only=environment.admin_only,
            variables=list(environment.variables),
        )
        environment.name = f"{environment.name}-deleted-{environment.uuid[1:9]}"
        environment.variables.clear()
        environment.branches.clear()
        self.deleted[environment.uuid] = environment

    def enable_pipelines(self, *, enabled: bool, with_defaults: bool) -> None:
        """Turn Pipelines on or off; the first time, the default environments may appear."""
        first = enabled and self.pipelines_enabled is None
        if enabled != bool(self.pipelines_enabled):
            kind = EventKind.PIPELINES_ENABLED if enabled else EventKind.PIPELINES_DISABLED
            self.record(kind, self.slug)
        self.pipelines_enabled = enabled
        if first and with_defaults:
            present = {name.casefold() for name in self.names()}
            for name in TYPE_RANKS:
                if name.casefold() not in present:
                    self.add_environment(name, name)

    def add_pull_request(self, number: int) -> None:
        """Open a pull request without comments."""
        self.comments.setdefault(number, {})


@dataclass(slots=True, eq=False)
class Workspace:
    """A workspace.

    Attributes:
        access: How it answers.
        repositories: By slug.
        former_slugs: Renamed repositories, by their former slugs.
    """

    slug: str
    uuid: str
    access: Access = "open"
    repositories: dict[str, Repository] = field(default_factory=dict)
    former_slugs: dict[str, Repository] = field(default_factory=dict)


_Found = TypeVar("_Found", Workspace, Repository)


@dataclass(slots=True, eq=False)
class World:
    """Every workspace with its repositories."""

    context: StateContext
    workspaces: dict[str, Workspace] = field(default_factory=dict)

    def add_workspace(self, slug: str, *, access: Access = "open") -> Workspace:
        """Add a workspace, or change the access of an existing one."""
        workspace = self.workspaces.get(slug)
        if workspace is None:
            workspace = Workspace(slug, self.context.new_uuid())
            self.workspaces[slug] = workspace
        workspace.access = access
        return workspace

    def add_repository(
        self,
        workspace: str,
        slug: str,
        *,
        project: str = "PROJ",
        environments: Iterable[tuple[str, str, bool]] = (),
        visible: bool = True,
        pipelines_enabled: bool | None = None,
    ) -> Repository:
        """Add a repository.

        Args:
            workspace: Slug of the workspace, which is added when it does not exist.
            slug: Slug of the repository.
            project: Key of its project.
            environments: Name, type and `admin_only` of each.
            visible: Whether anyone can see it.
            pipelines_enabled: `None`: Pipelines was never enabled.

        Raises:
            ValueError: The repository exists, or an environment has an unknown type.
        """
        home = self.workspaces.get(workspace) or self.add_workspace(workspace)
        if slug in home.repositories:
            raise ValueError(f"{workspace}/{slug} already exists")
        repository = Repository(
            context=self.context,
            workspace=workspace,
            slug=slug,
            workspace_uuid=home.uuid,
            uuid=self.context.new_uuid(),
            project=project,
            visible=visible,
            pipelines_enabled=pipelines_enabled,
            created=self.context.journal.clock(),
        )
        home.repositories[slug] = repository
        for name, type_, admin_only in environments:
            repository.add_environment(name, type_, admin_only=admin_only)
        return repository

    def repository(self, full_name: str) -> Repository:
        """Return a repository by `workspace/slug`.

        Raises:
            KeyError: It does not exist.
        """
        workspace, _, slug = full_name.partition("/")
        return self.workspaces[workspace].repositories[slug]

    def rename_repository(self, full_name: str, slug: str) -> None:
        """Give a repository a new slug; the former one answers as a switch says.

        Raises:
            KeyError: It does not exist.
        """
        repository = self.repository(full_name)
        home = self.workspaces[repository.workspace]
        home.former_slugs[repository.slug] = home.repositories.pop(repository.slug)
        home.repositories[slug] = repository
        repository.slug = slug
        for environment in repository.environments.values():
            environment.repository = repository.full_name

    def find_workspace(self, name: str) -> Workspace | None:
        """Find a workspace by slug or `{uuid}`."""
        return _find(self.workspaces, name)


def find_repository(workspace: Workspace, name: str) -> Repository | None:
    """Find a repository of a workspace by slug or `{uuid}`."""
    return _find(workspace.repositories, name)


def _find(by_slug: Mapping[str, _Found], name: str) -> _Found | None:
    if name.startswith("{"):
        return next((each for each in by_slug.values() if each.uuid == name), None)
    return by_slug.get(name.lower())
