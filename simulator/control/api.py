"""Calls that control the simulator itself, under `/_simulator/`."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qs

import msgspec

from simulator.api.pagination import whole_number
from simulator.behaviour.switches import show
from simulator.control.documents import DocumentError, parse, validate
from simulator.control.editing import edit
from simulator.control.fault_documents import read_faults, write_fault
from simulator.control.seed import SwitchValues, load_seed, set_switches
from simulator.http import Json, Request, Response, empty_response, json_response
from simulator.simulator import Simulator

PREFIX: Final = "/_simulator"


def handle(sim: Simulator, request: Request) -> Response:
    """Answer a control call, which is not logged and meets no fault."""
    name = request.path[len(PREFIX) :].strip("/")
    methods = CALLS.get(name)
    if methods is None:
        known = ", ".join(filter(None, CALLS))
        return _error(404, f"There is no such control call; there are: {known}")
    call = methods.get(request.method)
    if call is None:
        return _error(405, f"{PREFIX}/{name} takes {', '.join(methods)}")
    try:
        answer = call(sim, request)
    except DocumentError as error:
        return _error(400, str(error))
    return empty_response(204) if answer is None else json_response(200, answer)


def _error(status: int, message: str) -> Response:
    return json_response(status, {"error": message})


def _body(request: Request) -> Json:
    return parse(request.body.decode("utf-8", "replace"))


def _since(request: Request) -> int:
    asked = parse_qs(request.query).get("since", ["0"])[0]
    if asked != "0" and not whole_number(asked):
        raise DocumentError("since must be a whole number from 0")
    return whole_number(asked)


def _help(_sim: Simulator, _request: Request) -> Json:
    return {f"{PREFIX}/{name}": list(methods) for name, methods in CALLS.items()}


def _state(sim: Simulator, _request: Request) -> Json:
    return sim.snapshot()


def _requests(sim: Simulator, request: Request) -> Json:
    return [each.document() for each in sim.requests[_since(request) :]]


def _events(sim: Simulator, request: Request) -> Json:
    return [each.document() for each in sim.events[_since(request) :]]


def _switches(sim: Simulator, _request: Request) -> Json:
    return {name: show(value) for name, value in msgspec.structs.asdict(sim.switches).items()}


def _set_switches(sim: Simulator, request: Request) -> Json:
    values: SwitchValues = validate("body", SwitchValues, _body(request))
    sim.switches = set_switches("body", sim.switches, values)
    return _switches(sim, request)


def _faults(sim: Simulator, _request: Request) -> Json:
    return [write_fault(each) for each in sim.faults.scheduled]


def _add_faults(sim: Simulator, request: Request) -> Json:
    sim.faults.scheduled.extend(read_faults(_body(request)))
    return _faults(sim, request)


def _clear_faults(sim: Simulator, _request: Request) -> None:
    sim.faults.clear()


def _reset(sim: Simulator, _request: Request) -> None:
    sim.reset()


def _seed(sim: Simulator, request: Request) -> Json:
    load_seed(sim, _body(request))
    return sim.snapshot()


def _settle(sim: Simulator, _request: Request) -> None:
    sim.settle()


def _edit(sim: Simulator, request: Request) -> Json:
    edit(sim, _body(request))
    return sim.snapshot()


_Control: TypeAlias = Callable[[Simulator, Request], Json]
CALLS: Final[Mapping[str, Mapping[str, _Control]]] = {
    "": {"GET": _help},
    "state": {"GET": _state},
    "requests": {"GET": _requests},
    "events": {"GET": _events},
    "switches": {"GET": _switches, "POST": _set_switches},
    "faults": {"GET": _faults, "POST": _add_faults, "DELETE": _clear_faults},
    "seed": {"POST": _seed},
    "edit": {"POST": _edit},
    "settle": {"POST": _settle},
    "reset": {"POST": _reset},
}
