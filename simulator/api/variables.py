"""Deployment variables: list, create, update, delete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import ApiError, Service, missing
from simulator.behaviour.choices import Comparison, ErrorShape, SecuredChange, VariableKeys, Verdict
from simulator.behaviour.switches import Switches
from simulator.http import Json, Response, empty_response, json_response
from simulator.state.environment import Environment, Variable

_KEYS: Final = {
    VariableKeys.CLASSIC: re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    VariableKeys.DOTS_AND_DASHES: re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*"),
}


def list_variables(call: Call) -> Response:
    """200 with a page."""
    env = _environment(call)
    return call.listed(
        env.variable_list,
        lambda: payloads.variables(env, call.switches),
        call.switches.variable_page_size,
    )


def create_variable(call: Call) -> Response:
    """201 with the variable and where it is."""
    env = _environment(call)
    body = call.object()
    key = _key(body.get("key"), call.switches)
    value = _value(body.get("value"), call.switches)
    secured = _secured(body.get("secured", False))
    _refuse_duplicate(env, key, call.switches, besides=None)
    _before_write(call, env)
    created = env.set_variable(key, value, secured=secured)
    location = f"{call.address}/{quote(created.uuid)}"
    document = payloads.written_variable(created, call.repository, env, call.switches)
    return json_response(201, document, (("Location", location),))


def update_variable(call: Call) -> Response:
    """200 with the variable; fields that are left out stay."""
    env = _environment(call)
    present = _variable(call, env)
    body = call.object()
    key = _key(body["key"], call.switches) if "key" in body else present.key
    value = _value(body["value"], call.switches) if "value" in body else present.value
    secured = _secured(body.get("secured", present.secured))
    if secured != present.secured:
        secured = _change_secured(present, body, call.switches)
    _refuse_duplicate(env, key, call.switches, besides=present)
    _before_write(call, env)
    env.update_variable(present, key=key, value=value, secured=secured)
    document = payloads.written_variable(present, call.repository, env, call.switches)
    return json_response(200, document)


def delete_variable(call: Call) -> Response:
    """204."""
    env = _environment(call)
    present = _variable(call, env)
    _before_write(call, env)
    env.remove_variable(present.key)
    return empty_response(204)


def _environment(call: Call) -> Environment:
    """Return the environment, unless it is so new that its variables are not known yet."""
    env = call.environment()
    if env.variable_refusals > 0 or call.now < env.variables_from:
        env.variable_refusals = max(0, env.variable_refusals - 1)
        raise missing(Service.ENVIRONMENT)
    return env


def _variable(call: Call, env: Environment) -> Variable:
    found = env.variable(call.arguments["variable"])
    if found is None:
        raise missing(Service.VARIABLE)
    return found


def _before_write(call: Call, env: Environment) -> None:
    lag = call.variable_lag()
    if lag:
        shown = payloads.variables(env, call.switches)
        env.variable_list.before_write(shown, lag, call.now)


def _invalid(message: str) -> ApiError:
    return ApiError(400, message, shape=ErrorShape.DATA, key=f"{Service.VARIABLE}.invalid")


def _key(value: Json, switches: Switches) -> str:
    if not isinstance(value, str) or not _KEYS[switches.variable_keys].fullmatch(value):
        message = "The key of the variable is missing or invalid."
        raise _invalid(message)
    return value


def _value(value: Json, switches: Switches) -> str:
    if not isinstance(value, str):
        message = "The value of the variable is missing or is not a text."
        raise _invalid(message)
    if not value and switches.empty_value is Verdict.REFUSED:
        message = "The value of the variable must not be empty."
        raise _invalid(message)
    return value


def _secured(value: Json) -> bool:
    if not isinstance(value, bool):
        message = "secured must be true or false."
        raise _invalid(message)
    return value


def _change_secured(present: Variable, body: Mapping[str, Json], switches: Switches) -> bool:
    if switches.secured_change is SecuredChange.REFUSED:
        message = "Whether the variable is secured can't be changed."
        raise _invalid(message)
    if present.secured and "value" not in body:
        message = "A secured value can't be shown; give the value."
        raise _invalid(message)
    ignored = switches.secured_change is SecuredChange.IGNORED
    return present.secured if ignored else not present.secured


def _refuse_duplicate(
    env: Environment, key: str, switches: Switches, *, besides: Variable | None
) -> None:
    others = [each.key for each in env.variables.values() if each is not besides]
    if switches.variable_key_clash is Comparison.CASEFOLD:
        key, others = key.casefold(), [each.casefold() for each in others]
    if key in others:
        raise ApiError(
            409,
            "A variable with the provided key already exists.",
            shape=switches.duplicate_variable_shape,
            key=f"{Service.VARIABLE}.duplicate",
        )
