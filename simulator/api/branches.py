"""Branch patterns that may deploy to an environment: an internal endpoint."""

from simulator.api.call import Call
from simulator.api.errors import ApiError, Service, invalid, missing, no_such_api, rejected
from simulator.http import Response, empty_response, json_response
from simulator.state.credentials import CredentialKind, RejectionReason
from simulator.state.environment import Environment


def list_branches(call: Call) -> Response:
    """200 with all patterns, without pages."""
    env = _environment(call)
    values = [{"uuid": uuid, "pattern": pattern} for pattern, uuid in env.branches.items()]
    return json_response(200, {"values": values})


def add_branch(call: Call) -> Response:
    """201 with the pattern."""
    env = _environment(call)
    pattern = call.object().get("pattern")
    if not isinstance(pattern, str) or not pattern.strip():
        raise invalid("The pattern is missing.")
    if pattern in env.branches:
        raise ApiError(
            409,
            "This pattern already exists.",
            shape="service",
            key=f"{Service.BRANCH}.duplicate",
        )
    document = {
        "environmentUuid": env.uuid,
        "pattern": pattern,
        "type": "branch_restriction_pattern",
        "uuid": env.add_branch(pattern),
    }
    return json_response(201, document)


def remove_branch(call: Call) -> Response:
    """204."""
    env = _environment(call)
    patterns = {uuid: pattern for pattern, uuid in env.branches.items()}
    pattern = patterns.get(call.arguments["restriction"])
    if pattern is None:
        raise missing(Service.BRANCH)
    env.remove_branch(pattern)
    return empty_response(204)


def _environment(call: Call) -> Environment:
    bearer = call.caller.kind is not CredentialKind.API_TOKEN
    if call.switches.branch_endpoint == "bearer-only" and not bearer:
        raise rejected(RejectionReason.MECHANISM)
    if call.switches.branch_endpoint == "401":
        raise rejected(RejectionReason.INVALID)
    if call.switches.branch_endpoint == "404":
        raise no_such_api()
    return call.environment()
