"""Environments: list, create, read, change, delete."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import ApiError, Service, missing
from simulator.behaviour.choices import AtCreation, Deletion, ErrorShape
from simulator.http import Json, Response, empty_response, json_response
from simulator.state.environment import Environment
from simulator.state.pending_changes import (
    check_name,
    check_restrictions,
    check_type,
    clashes,
    read_change,
    slug_for,
    within_plan,
)
from simulator.state.world import Repository

QUICK: Final = 2.0
"""Seconds after a creation within which the next one is a quick one."""


def list_environments(call: Call) -> Response:
    """200 with a page."""
    repository = call.repository
    _count_read(call, None)
    return call.listed(
        repository.environment_list,
        lambda: payloads.environments(repository, call.switches),
        call.switches.environment_page_size,
    )


def read_environment(call: Call) -> Response:
    """200 with the environment; perhaps one that was deleted."""
    repository, uuid = call.repository, call.arguments["environment"]
    found = repository.environments.get(uuid)
    if found is None and call.switches.deletion is not Deletion.GONE:
        found = repository.deleted.get(uuid)
    if found is None:
        raise missing(Service.ENVIRONMENT)
    _count_read(call, found)
    return json_response(200, payloads.environment(found, call.switches))


def _count_read(call: Call, env: Environment | None) -> None:
    """Count a read of one environment, or of all of the repository, for changes that lag."""
    for change in call.pending:
        if change.environment is env or (env is None and change.repository is call.repository):
            change.reads = max(0, change.reads - 1)


def create_environment(call: Call) -> Response:
    """201 with the environment and where it is."""
    body = call.object()
    call.check_type(body, "deployment_environment")
    name = check_name(body.get("name"), call.switches.environment_names)
    type_ = check_type(body.get("environment_type"))
    admin_only = _admin_only(call, body.get("restrictions") or {})
    repository = call.repository
    _refuse_in_passing(call, repository)
    if clashes(repository, name, call.switches.name_clash):
        raise ApiError(
            int(call.switches.duplicate_status),
            "An environment host with the provided name already exists.",
            shape=call.switches.duplicate_shape,
            key="deploy-service.environment.duplicate",
        )
    slug = slug_for(repository, name, call.switches.slug_clash)
    limit = call.switches.environment_limit
    if limit and len(repository.environments) >= limit:
        message = f"The limit of {limit} environments in a repository is reached."
        raise ApiError(400, message, shape=ErrorShape.SERVICE, key="deploy-service.limit")
    _before_write(call)
    created = repository.add_environment(name, type_, admin_only=admin_only, slug=slug)
    created.variable_refusals = call.switches.variables_404_requests
    created.variables_from = call.now + call.switches.variables_404_seconds
    repository.last_creation = call.now
    repository.passing_refusals = 0
    location = f"{call.address}/{quote(created.uuid)}"
    document = payloads.environment(created, call.switches)
    return json_response(201, document, (("Location", location),))


def _admin_only(call: Call, restrictions: Json) -> bool:
    admin_only = check_restrictions(restrictions)
    honoured = call.switches.admin_only_at_creation is AtCreation.HONOURED
    return honoured and within_plan(admin_only=admin_only, plan=call.switches.plan) and admin_only


def _refuse_in_passing(call: Call, repository: Repository) -> None:
    last = repository.last_creation
    quick = last is not None and call.now - last < QUICK
    if quick and repository.passing_refusals < call.switches.passing_400_creates:
        repository.passing_refusals += 1
        raise ApiError(400, "Bad request")


def change_environment(call: Call) -> Response:
    """202 without a body: the change is queued."""
    env = call.environment()
    change = read_change(call.object(), call.repository, env, call.switches)
    if not change.is_noop():
        change.due = call.now + call.switches.change_lag_seconds
        change.reads = call.switches.change_lag_reads
        change.request = call.journal.current
        call.pending.append(change)
    return empty_response(202)


def delete_environment(call: Call) -> Response:
    """204."""
    env = call.environment()
    _before_write(call)
    call.repository.delete_environment(env)
    return empty_response(204)


def _before_write(call: Call) -> None:
    lag = call.environment_lag()
    if lag:
        shown = payloads.environments(call.repository, call.switches)
        call.repository.environment_list.before_write(shown, lag, call.now)
