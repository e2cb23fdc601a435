"""Whether Pipelines is enabled in a repository."""

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import Service, invalid, missing
from simulator.http import Json, Response, json_response


def read_config(call: Call) -> Response:
    """200 with the configuration; 404 until Pipelines was enabled once."""
    repository = call.repository
    lags = call.now < repository.pipelines_shown_from
    enabled = repository.shown_pipelines if lags else repository.pipelines_enabled
    if enabled is None:
        raise missing(Service.CONFIG)
    return _answer(call, enabled=enabled)


def write_config(call: Call) -> Response:
    """200 with the configuration; the first time, default environments may appear."""
    enabled = call.object().get("enabled")
    if not isinstance(enabled, bool):
        raise invalid("enabled must be true or false.")
    call.repository.before_environment_write(call.switches, call.now)
    with_defaults = call.switches.enabling_creates_defaults
    repository = call.repository
    repository.shown_pipelines = repository.pipelines_enabled
    repository.pipelines_shown_from = call.now + call.switches.pipelines_config_lag_seconds
    repository.enable_pipelines(enabled=enabled, with_defaults=with_defaults)
    return _answer(call, enabled=enabled)


def _answer(call: Call, *, enabled: bool) -> Response:
    document: Json = {
        "type": "repository_pipelines_configuration",
        "enabled": enabled,
        "repository": payloads.repository(call.repository, call.request.origin),
    }
    return json_response(200, document)
