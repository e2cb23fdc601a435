"""Whether Pipelines is enabled in a repository."""

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import Service, invalid, missing
from simulator.http import Response, json_response


def read_config(call: Call) -> Response:
    """200 with the configuration; 404 until Pipelines was enabled once."""
    if call.repository.pipelines_enabled is None:
        raise missing(Service.CONFIG)
    return _answer(call)


def write_config(call: Call) -> Response:
    """200 with the configuration; the first time, default environments may appear."""
    enabled = call.object().get("enabled")
    if not isinstance(enabled, bool):
        message = "enabled must be true or false."
        raise invalid(message)
    call.repository.before_environment_write(call.switches, call.now)
    with_defaults = call.switches.enabling_creates_defaults
    call.repository.enable_pipelines(enabled=enabled, with_defaults=with_defaults)
    return _answer(call)


def _answer(call: Call) -> Response:
    document = {
        "type": "repository_pipelines_configuration",
        "enabled": call.repository.pipelines_enabled,
        "repository": payloads.repository(call.repository, call.origin),
    }
    return json_response(200, document)
