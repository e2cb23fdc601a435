"""Environments: list, create, read, change, delete."""

from typing import Final
from urllib.parse import quote

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.changes import (
    check_change,
    check_name,
    check_plan,
    check_restrictions,
    check_slug,
    check_type,
)
from simulator.api.errors import ApiError, Service, missing
from simulator.api.pagination import LARGEST_PAGE, PageRequest, page_request
from simulator.http import Json, Response, empty_response, json_response
from simulator.state.environment import Environment
from simulator.state.world import Repository

QUICK: Final = 2.0
"""Seconds after a creation within which the next one may be answered with a passing 400."""


def list_environments(call: Call) -> Response:
    """200 with a page."""
    repository, switches = call.repository, call.switches
    _count_read(call, None)
    asked = page_request(call.request.query, switches.environment_page_size, switches)
    if switches.environment_pagelen_ignored:
        repeats_last = switches.environment_second_page == "repeated"
        asked = PageRequest(asked.number, LARGEST_PAGE, repeats_last=repeats_last)
    return call.unreliable_page(
        repository.environment_list,
        repository.listed(switches),
        asked,
        lambda each: payloads.environment(each, switches),
    )


def read_environment(call: Call) -> Response:
    """200 with the environment, which may be a deleted one."""
    repository, uuid = call.repository, call.arguments["environment"]
    found = repository.environments.get(uuid)
    if found is None and call.switches.deletion != "gone":
        found = repository.deleted.get(uuid)
    if found is None:
        raise missing(Service.ENVIRONMENT)
    _count_read(call, found)
    return json_response(200, payloads.environment(found, call.switches))


def _count_read(call: Call, env: Environment | None) -> None:
    """Count a read of one environment, or of the whole list, for changes that lag."""
    for change in call.sim.pending:
        if change.environment is env or (env is None and change.repository is call.repository):
            change.reads = max(0, change.reads - 1)


def create_environment(call: Call) -> Response:
    """201 with the environment and its `Location`."""
    body = call.object()
    call.check_type(body, "deployment_environment")
    name = check_name(body.get("name"), call.switches)
    type_ = check_type(body.get("environment_type"))
    admin_only = _admin_only(call, body.get("restrictions") or {})
    repository = call.repository
    _check_passing_400(call, repository)
    if repository.has_name(name, call.switches.name_clash):
        raise ApiError(
            int(call.switches.duplicate_status),
            "An environment host with the provided name already exists.",
            shape=call.switches.duplicate_shape,
            key="deploy-service.environment.duplicate",
        )
    slug = check_slug(repository, name, call.switches)
    limit = call.switches.environment_limit
    if limit and len(repository.environments) >= limit:
        message = f"The limit of {limit} environments in a repository is reached."
        raise ApiError(400, message, shape="service", key="deploy-service.limit")
    call.repository.before_environment_write(call.switches, call.now)
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
    honoured = call.switches.admin_only_at_creation == "honoured"
    return honoured and check_plan(admin_only=admin_only, switches=call.switches) and admin_only


def _check_passing_400(call: Call, repository: Repository) -> None:
    last = repository.last_creation
    quick = last is not None and call.now - last < QUICK
    if quick and repository.passing_refusals < call.switches.passing_400_creates:
        repository.passing_refusals += 1
        raise ApiError(400, "Bad request")


def change_environment(call: Call) -> Response:
    """202 without a body: the change is queued."""
    env = call.environment()
    change = check_change(call.object(), call.repository, env, call.switches)
    if not change.is_noop():
        change.due = call.now + call.switches.change_lag_seconds
        change.reads = call.switches.change_lag_reads
        change.request = call.sim.journal.current
        call.sim.pending.append(change)
    return empty_response(202)


def delete_environment(call: Call) -> Response:
    """204."""
    env = call.environment()
    call.repository.before_environment_write(call.switches, call.now)
    call.repository.delete_environment(env)
    return empty_response(204)
