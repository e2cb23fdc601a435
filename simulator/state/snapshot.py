"""The complete state as a JSON document."""

from simulator.http import Json
from simulator.state.environment import Environment
from simulator.state.variables import VariableOwner
from simulator.state.world import Repository, World


def snapshot(world: World) -> dict[str, Json]:
    """Return everything, by repository and name; secured values included."""
    return {
        "workspaces": {slug: each.access for slug, each in world.workspaces.items()},
        "repositories": {
            repository.full_name: _repository(repository)
            for workspace in world.workspaces.values()
            for repository in workspace.repositories.values()
        },
    }


def _repository(repository: Repository) -> Json:
    return {
        "uuid": repository.uuid,
        "project": repository.project,
        "visible": repository.visible,
        "pipelines_enabled": repository.pipelines_enabled,
        "variables": _variables(repository),
        "environments": [_environment(each) for each in repository.environments.values()],
        "deleted": [_environment(each) for each in repository.deleted.values()],
        "reports": [
            {"commit": commit, "id": id_, "report": report, "annotations": list(annotations)}
            for (commit, id_), report in repository.reports.items()
            for annotations in [repository.annotations.get((commit, id_), {}).values()]
        ],
        "comments": {
            str(number): list(comments.values()) for number, comments in repository.comments.items()
        },
    }


def _environment(environment: Environment) -> Json:
    return {
        "uuid": environment.uuid,
        "name": environment.name,
        "slug": environment.slug,
        "type": environment.type,
        "admin_only": environment.admin_only,
        "variables": _variables(environment),
        "branches": list(environment.branches),
        "other": dict(environment.other),
    }


def _variables(owner: VariableOwner) -> Json:
    return {
        each.key: {"uuid": each.uuid, "value": each.value, "secured": each.secured}
        for each in owner.variables.values()
    }
