"""What a simulator begins with: from a seed file, or as a small demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from simulator.behaviour.profiles import PROFILES, with_values
from simulator.behaviour.switch_table import SwitchError, parse_switch
from simulator.behaviour.switches import Switches
from simulator.control.reading import DocumentError, Reader
from simulator.http import Json
from simulator.state.environment import TYPE_RANKS
from simulator.state.variables import VariableOwner
from simulator.state.world import Access, Repository

if TYPE_CHECKING:
    from simulator.simulator import Simulator

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
"""What a simulator that was started without a seed file holds."""


def parse(text: str) -> Json:
    """Read YAML or JSON.

    Raises:
        DocumentError: It is neither.
    """
    try:
        document: Json = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"not well-formed YAML: {error}"
        raise DocumentError(message) from error
    return document


def plant(sim: Simulator, document: Json) -> None:
    """Add everything that a seed document tells to a simulator.

    Raises:
        DocumentError: Something in it can't be understood; what comes before it is there.
    """
    fields = Reader(document, "seed").fields(
        "workspaces", "repositories", "credentials", "switches"
    )
    empty = Reader(None, "seed")
    if "switches" in fields:
        sim.switches = read_switches(sim.switches, fields["switches"])
    for slug, access in fields.get("workspaces", empty).entries().items():
        sim.add_workspace(slug, access=_access(access))
    if "credentials" in fields:
        sim.credentials.clear()
        _add_credentials(sim, fields["credentials"])
    for each in fields.get("repositories", empty).items():
        _add_repository(sim, each)


def read_switches(switches: Switches, reader: Reader) -> Switches:
    """Set switches by name; the key `profile` sets them all first.

    Raises:
        DocumentError: There is no such switch, value or profile.
    """
    values = {}
    for name, each in reader.entries().items():
        if name == "profile":
            if each.text() not in PROFILES:
                message = f"{each.where} must be one of {', '.join(PROFILES)}"
                raise DocumentError(message)
            switches = PROFILES[each.text()]
        else:
            try:
                values[name] = parse_switch(name, each.scalar())
            except SwitchError as error:
                message = f"{each.where}: {error}"
                raise DocumentError(message) from error
    return with_values(switches, values)


def _access(reader: Reader) -> Access:
    try:
        return Access(reader.text())
    except ValueError:
        message = f"{reader.where} must be one of {', '.join(Access)}"
        raise DocumentError(message) from None


def _add_credentials(sim: Simulator, reader: Reader) -> None:
    fields = reader.fields("api_tokens", "access_tokens", "oauth_consumers")
    empty = Reader(None, reader.where)
    credentials = sim.credentials
    for each in fields.get("api_tokens", empty).items():
        one = each.fields("email", "token", "scopes", "repositories")
        email, token = required(each, one, "email"), required(each, one, "token")
        credentials.add_api_token(email.text(), token.text(), **_grant(one, repositories=True))
    for each in fields.get("access_tokens", empty).items():
        one = each.fields("token", "scopes", "repositories")
        token = required(each, one, "token")
        credentials.add_access_token(token.text(), **_grant(one, repositories=True))
    for each in fields.get("oauth_consumers", empty).items():
        one = each.fields("id", "secret", "scopes", "private")
        id_, secret = required(each, one, "id"), required(each, one, "secret")
        private = "private" not in one or one["private"].flag()
        grant = _grant(one, repositories=False)
        credentials.add_consumer(id_.text(), secret.text(), private=private, **grant)


def _grant(fields: dict[str, Reader], *, repositories: bool) -> dict[str, frozenset[str]]:
    names = ("scopes", "repositories") if repositories else ("scopes",)
    return {name: fields[name].texts() for name in names if name in fields}


def _add_repository(sim: Simulator, reader: Reader) -> None:
    fields = reader.fields(
        "workspace",
        "slug",
        "project",
        "visible",
        "pipelines_enabled",
        "pull_requests",
        "environments",
        "variables",
    )
    empty = Reader(None, reader.where)
    try:
        repository = sim.add_repository(
            required(reader, fields, "workspace").text(),
            required(reader, fields, "slug").text(),
            project=fields["project"].text() if "project" in fields else "PROJ",
            visible="visible" not in fields or fields["visible"].flag(),
            pipelines_enabled=(
                fields["pipelines_enabled"].flag() if "pipelines_enabled" in fields else None
            ),
        )
    except DocumentError:
        raise
    except ValueError as error:
        message = f"{reader.where}: {error}"
        raise DocumentError(message) from error
    for number in fields.get("pull_requests", empty).items():
        repository.add_pull_request(number.count())
    if "variables" in fields:
        set_variables(repository, fields["variables"])
    for each in fields.get("environments", empty).items():
        _add_environment(repository, each)


def _add_environment(repository: Repository, reader: Reader) -> None:
    fields = reader.fields("name", "type", "admin_only", "variables", "branches")
    name = required(reader, fields, "name").text()
    type_ = read_type(fields["type"]) if "type" in fields else "Test"
    admin_only = "admin_only" in fields and fields["admin_only"].flag()
    environment = repository.add_environment(name, type_, admin_only=admin_only)
    if "variables" in fields:
        set_variables(environment, fields["variables"])
    for pattern in fields.get("branches", Reader(None, reader.where)).items():
        environment.add_branch(pattern.text())


def read_type(reader: Reader) -> str:
    """Return the type of an environment.

    Raises:
        DocumentError: There is no such type.
    """
    if reader.text() not in TYPE_RANKS:
        message = f"{reader.where} must be one of {', '.join(TYPE_RANKS)}"
        raise DocumentError(message)
    return reader.text()


def set_variables(environment: VariableOwner, reader: Reader) -> None:
    """Set variables: a text, or an object of `value` and `secured`; null deletes.

    Raises:
        DocumentError: It says something else.
    """
    for key, each in reader.entries().items():
        if each.value is None:
            if key in environment.variables:
                environment.remove_variable(key)
        elif isinstance(each.value, dict):
            one = each.fields("value", "secured")
            secured = "secured" in one and one["secured"].flag()
            value = required(each, one, "value").text()
            environment.set_variable(key, value, secured=secured)
        else:
            environment.set_variable(key, each.text())


def required(reader: Reader, fields: dict[str, Reader], name: str) -> Reader:
    """Return a field that must be there.

    Raises:
        DocumentError: It is not.
    """
    if name not in fields:
        message = f"{reader.where} needs {name!r}"
        raise DocumentError(message)
    return fields[name]
