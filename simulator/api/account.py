"""Calls about the caller, calls that Bitbucket has removed, and lists that are always empty.

Scripts touch them on their way to deployment environments; here they only read.
"""

from uuid import NAMESPACE_URL, uuid5

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import removed
from simulator.http import Json, Response, json_response


def read_user(call: Call) -> Response:
    """200 with the caller."""
    uuid = f"{{{uuid5(NAMESPACE_URL, call.caller.name)}}}"
    document: Json = {
        "type": "user",
        "uuid": uuid,
        "display_name": call.caller.name,
        "nickname": call.caller.name,
        "account_id": call.caller.name,
        "links": {"self": {"href": f"{call.request.origin}/2.0/users/{uuid}"}},
    }
    return json_response(200, document)


def list_workspaces(call: Call) -> Response:
    """200 with a page of the workspaces of the caller."""
    found = [each for each in call.sim.world.workspaces.values() if each.access == "open"]
    return call.page(
        found,
        lambda each: {
            "type": "workspace_access",
            "administrator": True,
            "workspace": payloads.workspace(each, call.request.origin),
        },
    )


def list_nothing(call: Call) -> Response:
    """200 with an empty page: the simulator has no deployments or workspace variables."""
    return call.page((), lambda each: each)


def removed_call(_call: Call) -> Response:
    """410, as since 2026-04-14.

    Raises:
        ApiError: Always.
    """
    raise removed()
