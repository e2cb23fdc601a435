"""One call as handlers see it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from simulator.api.errors import ApiError, Service, invalid, missing
from simulator.api.pagination import PageRequest, page, page_request
from simulator.behaviour.switches import Switches
from simulator.http import Json, Request, Response, json_response
from simulator.simulator import Simulator
from simulator.state.credentials import Caller
from simulator.state.environment import Environment
from simulator.state.lagging_list import LaggingList
from simulator.state.world import Repository, Workspace

_DEFAULT_LENGTH: Final = 10
_T = TypeVar("_T")


class Call(Struct, frozen=True, kw_only=True):
    """An authenticated call whose path names existing things.

    Attributes:
        sim: The state, the switches and the clock.
        request: The request.
        caller: The authenticated caller.
        arguments: Values of the placeholders of the path, decoded.
        found_workspace: The workspace of the path; `None` when the path has none.
        found_repository: The repository of the path; `None` when the path has none.
    """

    sim: Simulator
    request: Request
    caller: Caller
    arguments: Mapping[str, str]
    found_workspace: Workspace | None
    found_repository: Repository | None

    @property
    def switches(self) -> Switches:
        """How this Bitbucket behaves."""
        return self.sim.switches

    @property
    def now(self) -> float:
        """Time in seconds since the epoch."""
        return self.sim.clock()

    @property
    def workspace(self) -> Workspace:
        """The workspace of the path.

        Raises:
            LookupError: The path has none: a mistake in the table of routes.
        """
        return self._found(self.found_workspace)

    @property
    def repository(self) -> Repository:
        """The repository of the path.

        Raises:
            LookupError: The path has none: a mistake in the table of routes.
        """
        return self._found(self.found_repository)

    def _found(self, thing: _T | None) -> _T:
        if thing is None:
            raise LookupError(self.request.path)
        return thing

    @property
    def address(self) -> str:
        """The requested address, without query and trailing slash."""
        return self.request.origin + self.request.path.rstrip("/")

    def environment(self) -> Environment:
        """Return the environment of the path.

        Raises:
            ApiError: 404 when it does not exist.
        """
        found = self.repository.environments.get(self.arguments["environment"])
        if found is None:
            raise missing(Service.ENVIRONMENT)
        return found

    def json(self) -> Json:
        """Return the parsed body.

        Raises:
            ApiError: 400 when it is not JSON, or has another content type.
        """
        content_type = self.request.header("Content-Type")
        if content_type is not None and "json" not in content_type.lower():
            raise invalid(f"Content type {content_type.split(';')[0]!r} is not supported.")
        try:
            document: Json = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise invalid("The request body is not well-formed JSON.") from None
        return document

    def object(self) -> dict[str, Json]:
        """Return the parsed body, which must be an object.

        Raises:
            ApiError: 400 when it is not.
        """
        document = self.json()
        if not isinstance(document, Mapping):
            raise invalid("The request body must be an object.")
        return dict(document)

    def check_type(self, body: Mapping[str, Json], expected: str) -> None:
        """Check the `type` of a body where a switch requires it.

        Raises:
            ApiError: 400 when it is missing or a different one.
        """
        if self.switches.body_type_required and body.get("type") != expected:
            raise ApiError(400, f"The request body must have the type {expected!r}.")

    def unreliable_page(
        self,
        memory: LaggingList[_T],
        items: Sequence[_T],
        asked: PageRequest,
        write: Callable[[_T], Json],
    ) -> Response:
        """Return a page of environments or variables, as unreliable as the switches say."""
        shuffled = self.switches.list_order == "shuffled"
        shown = memory.read(
            items,
            first_page=asked.number == 1,
            now=self.now,
            shuffle=self.sim.random if shuffled else None,
        )
        query = self.request.query
        return json_response(200, page(shown, asked, self.address, query, self.switches, write))

    def page(self, items: Sequence[_T], write: Callable[[_T], Json]) -> Response:
        """Return a page of anything else; no page of those was ever seen to be wrong."""
        asked = page_request(self.request.query, _DEFAULT_LENGTH, self.switches)
        reliable = replace(
            self.switches,
            page_size_over_100="clamped",
            next_links="right",
            page_has_size=True,
            page_has_pagelen=True,
            page_has_number=True,
        )
        query = self.request.query
        return json_response(200, page(items, asked, self.address, query, reliable, write))
