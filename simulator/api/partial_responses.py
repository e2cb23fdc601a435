"""Partial answers: the query parameter `fields`."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qs

from msgspec.structs import replace

from simulator.http import Json, Request, Response


def select_fields(response: Response, request: Request) -> Response:
    """Return an answer with only the requested fields.

    `fields=a,b.c` keeps these, `fields=-a` removes one; `+a` adds to the default, which here is
    everything already.
    """
    asked = parse_qs(request.query).get("fields")
    if asked is None or request.method != "GET" or not response.body:
        return response
    paths = [path.strip() for path in ",".join(asked).split(",") if path.strip()]
    document: Json = json.loads(response.body)
    kept = [path.split(".") for path in paths if path[0] not in "+-"]
    if kept:
        document = _keep(document, kept)
    for path in paths:
        if path.startswith("-"):
            document = _drop(document, path[1:].split("."))
    body = json.dumps(document, separators=(",", ":")).encode()
    return replace(response, body=body)


def _keep(document: Json, paths: list[list[str]]) -> Json:
    if isinstance(document, list):
        return [_keep(item, paths) for item in document]
    if not isinstance(document, Mapping) or any(path in ([], ["*"]) for path in paths):
        return document
    kept: dict[str, Json] = {}
    for name, value in document.items():
        below = [path[1:] for path in paths if path[0] in {name, "*"}]
        if below:
            kept[name] = _keep(value, below)
    return kept


def _drop(document: Json, path: list[str]) -> Json:
    if isinstance(document, list):
        return [_drop(item, path) for item in document]
    if not isinstance(document, Mapping):
        return document
    return {
        name: value if name != path[0] else _drop(value, path[1:])
        for name, value in document.items()
        if name != path[0] or len(path) > 1
    }
