"""How things look in answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from simulator.behaviour.choices import CreatedVariable, Deletion, EnvironmentKeys, SecuredValue
from simulator.behaviour.switches import Switches
from simulator.http import Json
from simulator.state.environment import TYPE_RANKS, Environment
from simulator.state.lagging_list import Documents
from simulator.state.variables import Variable, VariableOwner
from simulator.state.world import Repository, Workspace


def environment(env: Environment, switches: Switches) -> dict[str, Json]:
    """Write an environment down, with as many keys as the switches say."""
    document: dict[str, Json] = {
        "type": "deployment_environment",
        "uuid": env.uuid,
        "name": env.name,
    }
    if switches.environment_keys is EnvironmentKeys.MINIMAL:
        return document
    lock: dict[str, Json] = {"type": "deployment_environment_lock_open", "name": "OPEN"}
    document |= {
        "slug": env.slug,
        "category": {"name": env.type},
        "rank": env.rank,
        "hidden": False,
        "environment_type": {
            "type": "deployment_environment_type",
            "name": env.type,
            "rank": TYPE_RANKS[env.type],
        },
        "restrictions": {
            "type": "deployment_restrictions_configuration",
            "admin_only": env.admin_only,
        },
        "environment_lock_enabled": True,
        "lock": lock,
        "deployment_gate_enabled": False,
        **env.other,
    }
    if switches.environment_keys is EnvironmentKeys.EXTENDED:
        document["change_request_config"] = {"configured": False}
        lock["lock_opener"] = {"type": "deployment_environment_lock_opener_pipeline_step"}
        lock["triggerer"] = {"type": "deployment_environment_lock_triggerer"}
    return document


def environments(repository: Repository, switches: Switches) -> Documents:
    """Write down what the list of environments holds."""
    present = list(repository.environments.values())
    if switches.deletion is Deletion.LISTED:
        present += repository.deleted.values()
    return tuple(environment(each, switches) for each in present)


def variable(each: Variable, switches: Switches) -> dict[str, Json]:
    """Write a variable down as lists have it."""
    return {
        "type": "pipeline_variable",
        "uuid": each.uuid,
        "key": each.key,
        "secured": each.secured,
        **_value(each, switches.secured_value_in_lists),
    }


def variables(owner: VariableOwner, switches: Switches) -> Documents:
    """Return what the list of variables holds."""
    return tuple(variable(each, switches) for each in owner.variables.values())


def written_variable(
    each: Variable, repository: Repository, owner: VariableOwner, switches: Switches
) -> dict[str, Json]:
    """Return a variable as the answer to a write has it."""
    value = _value(each, switches.secured_value_in_answers)
    documented = switches.created_variable is CreatedVariable.DOCUMENTED
    if documented or not isinstance(owner, Environment):
        return {**variable(each, switches), **value}
    return {
        "accountUuid": repository.workspace_uuid,
        "environmentUuid": owner.uuid,
        "key": each.key,
        "secured": each.secured,
        "uuid": each.uuid,
        **value,
    }


def _value(each: Variable, secured: SecuredValue) -> dict[str, Json]:
    if not each.secured:
        return {"value": each.value}
    match secured:
        case SecuredValue.ABSENT:
            return {}
        case SecuredValue.NULL:
            return {"value": None}
        case SecuredValue.EMPTY:
            return {"value": ""}
        case _:
            assert_never(secured)


def repository(each: Repository, origin: str) -> dict[str, Json]:
    """Write a repository down, with links for who reached the service by this origin."""
    return {
        "type": "repository",
        "uuid": each.uuid,
        "name": each.slug,
        "slug": each.slug,
        "full_name": each.full_name,
        "is_private": True,
        "scm": "git",
        "created_on": date(each.created),
        "updated_on": date(each.created),
        "project": {"type": "project", "key": each.project, "name": each.project},
        "workspace": {
            "type": "workspace",
            "slug": each.workspace,
            "name": each.workspace,
            "uuid": each.workspace_uuid,
        },
        "mainbranch": {"type": "branch", "name": "main"},
        "links": {
            "self": {"href": f"{origin}/2.0/repositories/{each.full_name}"},
            "html": {"href": f"{origin}/{each.full_name}"},
        },
    }


def workspace(each: Workspace, origin: str) -> dict[str, Json]:
    """Write a workspace down, with links for who reached the service by this origin."""
    return {
        "type": "workspace",
        "uuid": each.uuid,
        "name": each.slug,
        "slug": each.slug,
        "links": {
            "self": {"href": f"{origin}/2.0/workspaces/{each.slug}"},
            "repositories": {"href": f"{origin}/2.0/repositories/{each.slug}"},
        },
    }


def date(seconds: float) -> str:
    """Write a point in time, given in seconds since the epoch, as Bitbucket does."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
