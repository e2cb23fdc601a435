"""JSON documents of everything that answers contain."""

from datetime import UTC, datetime

from simulator.behaviour.switches import SecuredValue, Switches
from simulator.http import Json
from simulator.state.environment import TYPE_RANKS, Environment
from simulator.state.variables import Variable, VariableOwner
from simulator.state.world import Repository, Workspace


def environment(env: Environment, switches: Switches) -> dict[str, Json]:
    """Return an environment, with as many keys as the switches say."""
    document: dict[str, Json] = {
        "type": "deployment_environment",
        "uuid": env.uuid,
        "name": env.name,
    }
    if switches.environment_keys == "minimal":
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
    if switches.environment_keys == "extended":
        document["change_request_config"] = {"configured": False}
        lock["lock_opener"] = {"type": "deployment_environment_lock_opener_pipeline_step"}
        lock["triggerer"] = {"type": "deployment_environment_lock_triggerer"}
    return document


def variable(each: Variable, switches: Switches) -> dict[str, Json]:
    """Return a variable as lists show it."""
    return {
        "type": "pipeline_variable",
        "uuid": each.uuid,
        "key": each.key,
        "secured": each.secured,
        **_value(each, switches.secured_value_in_lists),
    }


def written_variable(
    each: Variable, repository: Repository, owner: VariableOwner, switches: Switches
) -> dict[str, Json]:
    """Return a variable as the answer to a write shows it."""
    value = _value(each, switches.secured_value_in_answers)
    documented = switches.created_variable == "documented"
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
        case "absent":
            return {}
        case "null":
            return {"value": None}
        case "empty":
            return {"value": ""}


def repository(each: Repository, origin: str) -> dict[str, Json]:
    """Return a repository, with links under the origin by which the caller reached us."""
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
    """Return a workspace, with links under the origin by which the caller reached us."""
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
    """Return a time, given in seconds since the epoch, as Bitbucket writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
