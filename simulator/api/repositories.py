"""Repositories: list those of a workspace, read one; and the workspace itself."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs

from simulator.api import payloads
from simulator.api.call import Call
from simulator.api.errors import ApiError
from simulator.http import Response, json_response
from simulator.state.world import Repository

_FIELDS: Final[Mapping[str, Callable[[Repository], str]]] = {
    "project.key": lambda each: each.project,
    "slug": lambda each: each.slug,
    "name": lambda each: each.slug,
    "full_name": lambda each: each.full_name,
    "uuid": lambda each: each.uuid,
}
_TERM: Final = re.compile(r'\s*([\w.]+)\s*(=|!=|~|!~)\s*"([^"\\]*)"\s*')


def list_repositories(call: Call) -> Response:
    """200 with a page; `q` filters, `sort` orders."""
    query = parse_qs(call.request.query)
    found = [each for each in call.workspace.repositories.values() if each.visible_to(call.caller)]
    for term in filter(None, re.split(r"(?i)\s+and\s+", query.get("q", [""])[0].strip())):
        fits = _filter(term)
        found = [each for each in found if fits(each)]
    sort = query.get("sort", [""])[0]
    if sort:
        found.sort(key=_field(sort.lstrip("-")), reverse=sort.startswith("-"))
    return call.page(found, lambda each: payloads.repository(each, call.request.origin))


def _field(name: str) -> Callable[[Repository], str]:
    if name not in _FIELDS:
        raise ApiError(400, f"Invalid field name: {name}")
    return _FIELDS[name]


def _filter(term: str) -> Callable[[Repository], bool]:
    parsed = _TERM.fullmatch(term)
    if parsed is None:
        raise ApiError(400, "The query is invalid.")
    name, operator, wanted = parsed.groups()
    field, negated = _field(name), operator.startswith("!")
    if "~" in operator:
        return lambda each: (wanted.lower() in field(each).lower()) is not negated
    return lambda each: (field(each) == wanted) is not negated


def read_repository(call: Call) -> Response:
    """200 with the repository."""
    return json_response(200, payloads.repository(call.repository, call.request.origin))


def read_workspace(call: Call) -> Response:
    """200 with the workspace."""
    return json_response(200, payloads.workspace(call.workspace, call.request.origin))
