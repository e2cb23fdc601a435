"""Validate bodies that create or change an environment."""

from collections.abc import Mapping
from typing import Final

from simulator.api.errors import NOT_ALLOWED, ApiError, change_not_allowed, invalid
from simulator.behaviour.switches import Switches
from simulator.http import Json
from simulator.state.environment import TYPE_RANKS, Environment, slugify
from simulator.state.pending_changes import PendingChange
from simulator.state.world import Repository

WEB_NAME_LENGTH: Final = 30


def check_name(value: Json, switches: Switches) -> str:
    """Return the name of an environment.

    Raises:
        ApiError: 400 when it is not allowed.
    """
    if not isinstance(value, str) or not value.strip():
        raise invalid("The name of an environment must not be blank.")
    longest = WEB_NAME_LENGTH if switches.environment_names == "web" else len(value)
    valid = all(letter.isalnum() or letter in " _-" for letter in value)
    if switches.environment_names != "any" and not (valid and len(value) <= longest):
        raise invalid("The name of an environment is invalid.")
    return value


def check_type(value: Json) -> str:
    """Return the type of an environment as Bitbucket writes it.

    Raises:
        ApiError: 400 when it is missing, unknown, or not an object with a name.
    """
    name = value.get("name") if isinstance(value, Mapping) else None
    known = {each.casefold(): each for each in TYPE_RANKS}
    if not isinstance(name, str) or name.casefold() not in known:
        raise invalid("The environment type is missing or unknown.")
    return known[name.casefold()]


def check_restrictions(value: Json) -> bool:
    """Return `admin_only` of `restrictions`; mentioning them without it lifts it.

    Raises:
        ApiError: 400 when they are malformed.
    """
    admin_only = value.get("admin_only", False) if isinstance(value, Mapping) else None
    if not isinstance(admin_only, bool):
        raise invalid("The restrictions are invalid.")
    return admin_only


def check_plan(*, admin_only: bool, switches: Switches) -> bool:
    """Return whether the plan of the workspace lets a restriction take effect.

    Raises:
        ApiError: 402 or 403 where the plan lacks it and says so.
    """
    if not admin_only or switches.plan in {"premium", "stored"}:
        return True
    if switches.plan == "ignored":
        return False
    message = "Deployment permissions are not available on the plan of this workspace."
    raise ApiError(int(switches.plan), message)


def check_slug(
    repository: Repository, name: str, switches: Switches, *, besides: Environment | None = None
) -> str:
    """Return the slug that an environment of this name gets.

    Raises:
        ApiError: 400 when another environment has it and a switch refuses that.
    """
    free = repository.free_slug(name, besides)
    if switches.slug_clash == "suffix" or free == slugify(name):
        return free
    if switches.slug_clash == "shared":
        return slugify(name)
    message = "An environment with the same slug already exists."
    raise ApiError(400, message, shape="service", key="deploy-service.environment.slug")


def check_change(
    body: Mapping[str, Json], repository: Repository, env: Environment, switches: Switches
) -> PendingChange:
    """Return the change that a body asks for.

    Raises:
        ApiError: The change is malformed or not allowed.
    """
    change = body.get("change")
    if not isinstance(change, Mapping):
        raise invalid("The change is missing.")
    pending = PendingChange(repository=repository, environment=env)
    pending.other = _other_fields(change, switches)
    combined = "name" in change and "restrictions" in change
    if combined and switches.combined_change == "refused":
        raise change_not_allowed()
    if "restrictions" in change:
        admin_only = check_restrictions(change["restrictions"])
        if check_plan(admin_only=admin_only, switches=switches):
            pending.admin_only = admin_only
    if "name" in change:
        name = check_name(change["name"], switches)
        if _may_rename(repository, env, name, switches):
            check_slug(repository, name, switches, besides=env)
            pending.name = name
    if pending.is_noop() and switches.noop_change == "refused":
        raise change_not_allowed()
    return pending


def _other_fields(change: Mapping[str, Json], switches: Switches) -> dict[str, Json]:
    known = {"name", "restrictions", "type"}
    other = {name: value for name, value in change.items() if name not in known}
    if switches.extra_changes == "refused" and other:
        raise change_not_allowed()
    if switches.extra_changes == "ignored":
        return {}
    if "environment_type" in other:
        other["environment_type"] = check_type(other["environment_type"])
    return other


def _may_rename(repository: Repository, env: Environment, name: str, switches: Switches) -> bool:
    if not repository.has_name(name, switches.name_clash, besides=env):
        return True
    if switches.rename_clash == "ignored":
        return False
    message = "An environment with this name already exists."
    raise ApiError(int(switches.rename_clash), message, shape="service", key=NOT_ALLOWED)
