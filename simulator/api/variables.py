"""Variables of an environment or a repository: list, create, read, update, delete."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import ApiError, Service, missing
from simulator.api.pagination import page_request
from simulator.behaviour.switches import Switches
from simulator.http import Json, Response, empty_response, json_response
from simulator.state.variables import Variable, VariableOwner

_KEYS: Final = {
    "classic": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "dots-and-dashes": re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*"),
}


_UUID: Final = re.compile(r"\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}", re.IGNORECASE)


def list_variables(call: Call) -> Response:
    """200 with a page."""
    owner, switches = _owner(call), call.switches
    return call.unreliable_page(
        owner.variable_list,
        list(owner.variables.values()),
        page_request(call.request.query, switches.variable_page_size, switches),
        lambda each: payloads.variable(each, switches),
    )


def read_variable(call: Call) -> Response:
    """200 with the variable; only variables of a repository have this call."""
    found = _variable(call, _owner(call))
    return json_response(200, payloads.variable(found, call.switches))


def create_variable(call: Call) -> Response:
    """201 with the variable and its `Location`."""
    owner = _owner(call)
    body = call.object()
    key = _key(body.get("key"), call.switches)
    value = _value(body.get("value"), call.switches)
    secured = _secured(body.get("secured", False))
    _check_duplicate(owner, key, call.switches, besides=None)
    owner.before_variable_write(call.switches, call.now)
    created = owner.set_variable(key, value, secured=secured)
    location = f"{call.address}/{quote(created.uuid)}"
    document = payloads.written_variable(created, call.repository, owner, call.switches)
    return json_response(201, document, (("Location", location),))


def update_variable(call: Call) -> Response:
    """200 with the variable; fields left out keep their value."""
    owner = _owner(call)
    present = _variable(call, owner)
    body = call.object()
    key = _key(body["key"], call.switches) if "key" in body else present.key
    value = _value(body["value"], call.switches) if "value" in body else present.value
    secured = _secured(body.get("secured", present.secured))
    if secured != present.secured:
        secured = _change_secured(present, body, call.switches)
    _check_duplicate(owner, key, call.switches, besides=present)
    owner.before_variable_write(call.switches, call.now)
    owner.update_variable(present, key=key, value=value, secured=secured)
    document = payloads.written_variable(present, call.repository, owner, call.switches)
    return json_response(200, document)


def delete_variable(call: Call) -> Response:
    """204."""
    owner = _owner(call)
    present = _variable(call, owner)
    owner.before_variable_write(call.switches, call.now)
    owner.remove_variable(present.key)
    return empty_response(204)


def _owner(call: Call) -> VariableOwner:
    """Return what the variables of the path belong to.

    Raises:
        ApiError: 404 when the environment is too new to be known here, or does not exist and a
            switch makes that an error.
    """
    if "environment" not in call.arguments:
        return call.repository
    uuid = call.arguments["environment"]
    unknown = uuid not in call.repository.environments
    if unknown and _UUID.fullmatch(uuid) and call.switches.unknown_environment_variables == "empty":
        return call.repository.unknown_owner(uuid)
    env = call.environment()
    if env.variable_refusals > 0 or call.now < env.variables_from:
        env.variable_refusals = max(0, env.variable_refusals - 1)
        raise missing(Service.ENVIRONMENT)
    return env


def _variable(call: Call, owner: VariableOwner) -> Variable:
    found = owner.variable(call.arguments["variable"])
    if found is None:
        raise missing(Service.VARIABLE)
    return found


def _invalid(message: str) -> ApiError:
    return ApiError(400, message, shape="data", key=f"{Service.VARIABLE}.invalid")


def _key(value: Json, switches: Switches) -> str:
    if not isinstance(value, str) or not _KEYS[switches.variable_keys].fullmatch(value):
        raise _invalid("The key of the variable is missing or invalid.")
    return value


def _value(value: Json, switches: Switches) -> str:
    if not isinstance(value, str):
        raise _invalid("The value of the variable is missing or is not a string.")
    if not value and switches.empty_value == "refused":
        raise _invalid("The value of the variable must not be empty.")
    return value


def _secured(value: Json) -> bool:
    if not isinstance(value, bool):
        raise _invalid("secured must be true or false.")
    return value


def _change_secured(present: Variable, body: Mapping[str, Json], switches: Switches) -> bool:
    if switches.secured_change == "refused":
        raise _invalid("Whether a variable is secured cannot be changed.")
    if present.secured and "value" not in body:
        raise _invalid("A secured value cannot be shown; give the value.")
    ignored = switches.secured_change == "ignored"
    return present.secured if ignored else not present.secured


def _check_duplicate(
    owner: VariableOwner, key: str, switches: Switches, *, besides: Variable | None
) -> None:
    same = str.casefold if switches.variable_key_clash == "casefold" else str
    for each in owner.variables.values():
        if each is not besides and same(each.key) == same(key):
            shows_uuid = switches.duplicate_variable_external_id
            raise ApiError(
                409,
                "Conflict",
                detail=f"A variable with the key provided already exists for account {key}.",
                shape=switches.duplicate_variable_shape,
                key=f"{Service.VARIABLE}.duplicate",
                arguments={"externalId": each.uuid} if shows_uuid else {},
            )
