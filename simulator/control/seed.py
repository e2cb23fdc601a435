"""Seeds: what a simulator starts with, from a file or as a small demonstration."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, Strict

from simulator.behaviour.profiles import PROFILES
from simulator.behaviour.switches import SwitchError, Switches, parse_switch, show, with_values
from simulator.control.documents import Document, DocumentError, validate
from simulator.http import Json
from simulator.simulator import Simulator
from simulator.state.credentials import API_TOKEN_SCOPES, BEARER_SCOPES, Credentials
from simulator.state.variables import VariableOwner
from simulator.state.world import Access, Repository

DEMO: Final[Json] = {
    "repositories": [
        {
            "workspace": "acme",
            "slug": "shop",
            "project": "PLAT",
            "pipelines_enabled": True,
            "pull_requests": [1],
            "environments": [
                {"name": "Test", "type": "Test"},
                {"name": "Staging", "type": "Staging"},
                {"name": "Production", "type": "Production", "admin_only": True},
            ],
        },
        {"workspace": "acme", "slug": "empty", "project": "PLAT"},
    ]
}
"""The seed of a simulator that was started without a seed file."""

EnvironmentType: TypeAlias = Literal["Test", "Staging", "Production"]
Names: TypeAlias = Annotated[frozenset[str], Strict(strict=False)]
"""Written as a list."""

SwitchValues: TypeAlias = dict[str, bool | int | float | str]


class VariableDocument(Document):
    """A variable that may be secured."""

    value: str
    secured: bool = False


Variables: TypeAlias = dict[str, str | VariableDocument | None]
"""Variables by key; `null` deletes."""


class EnvironmentDocument(Document):
    """An environment of a seeded repository."""

    name: str
    type: EnvironmentType = "Test"
    admin_only: bool = False
    variables: Variables = {}
    branches: list[str] = []


class RepositoryDocument(Document):
    """A seeded repository."""

    workspace: str
    slug: str
    former_slugs: list[str] = []
    project: str = "PROJ"
    visible: bool = True
    pipelines_enabled: bool | None = None
    pull_requests: list[int] = []
    variables: Variables = {}
    environments: list[EnvironmentDocument] = []


class ApiToken(Document):
    """An accepted API token."""

    email: str
    token: str
    scopes: Names = API_TOKEN_SCOPES
    repositories: Names | None = None


class AccessToken(Document):
    """An accepted access token."""

    token: str
    scopes: Names = BEARER_SCOPES
    repositories: Names | None = None


class OAuthConsumer(Document):
    """An accepted OAuth consumer."""

    client_id: str = Field(alias="id")
    secret: str
    scopes: Names = BEARER_SCOPES
    private: bool = True


class CredentialsDocument(Document):
    """The accepted credentials, instead of those of the demonstration."""

    api_tokens: list[ApiToken] = []
    access_tokens: list[AccessToken] = []
    oauth_consumers: list[OAuthConsumer] = []


class SeedDocument(Document):
    """A seed file."""

    switches: SwitchValues = {}
    workspaces: dict[str, Access] = {}
    credentials: CredentialsDocument | None = None
    repositories: list[RepositoryDocument] = []


def load_seed(sim: Simulator, document: Json) -> None:
    """Add everything that a seed document declares to a simulator.

    Raises:
        DocumentError: It cannot be understood, or declares a repository twice.
    """
    seed: SeedDocument = validate("seed", SeedDocument, document)
    sim.switches = set_switches("seed.switches", sim.switches, seed.switches)
    for slug, access in seed.workspaces.items():
        sim.add_workspace(slug, access=access)
    if seed.credentials is not None:
        _replace_credentials(sim, seed.credentials)
    for index, each in enumerate(seed.repositories):
        try:
            _add_repository(sim, each)
        except ValueError as error:
            raise DocumentError(f"seed.repositories.{index}: {error}") from error


def set_switches(name: str, switches: Switches, values: SwitchValues) -> Switches:
    """Return the switches with some of them set; the key `profile` sets all of them first.

    Raises:
        DocumentError: A switch, value or profile does not exist.
    """
    values = dict(values)
    profile = values.pop("profile", None)
    if profile is not None:
        if profile not in PROFILES:
            raise DocumentError(f"{name}.profile: must be one of {', '.join(PROFILES)}")
        switches = PROFILES[str(profile)]
    try:
        parsed = {key: parse_switch(key, show(value)) for key, value in values.items()}
    except SwitchError as error:
        raise DocumentError(f"{name}: {error}") from error
    return with_values(switches, parsed)


def set_variables(owner: VariableOwner, variables: Variables) -> None:
    """Create or update variables; those with the value `None` are deleted."""
    for key, each in variables.items():
        if isinstance(each, VariableDocument):
            owner.set_variable(key, each.value, secured=each.secured)
        elif each is not None:
            owner.set_variable(key, each)
        elif key in owner.variables:
            owner.remove_variable(key)


def _replace_credentials(sim: Simulator, document: CredentialsDocument) -> None:
    sim.credentials = credentials = Credentials(sim.random)
    for user in document.api_tokens:
        credentials.add_api_token(**user.model_dump())
    for token in document.access_tokens:
        credentials.add_access_token(**token.model_dump())
    for consumer in document.oauth_consumers:
        credentials.add_consumer(**consumer.model_dump())


def _add_repository(sim: Simulator, document: RepositoryDocument) -> None:
    repository = sim.add_repository(
        document.workspace,
        document.slug,
        project=document.project,
        visible=document.visible,
        pipelines_enabled=document.pipelines_enabled,
    )
    for former in document.former_slugs:
        sim.world.workspaces[repository.workspace].former_slugs[former] = repository
    for number in document.pull_requests:
        repository.add_pull_request(number)
    set_variables(repository, document.variables)
    for each in document.environments:
        _add_environment(repository, each)


def _add_environment(repository: Repository, document: EnvironmentDocument) -> None:
    environment = repository.add_environment(
        document.name, document.type, admin_only=document.admin_only
    )
    set_variables(environment, document.variables)
    for pattern in document.branches:
        environment.add_branch(pattern)
