"""One call on its way through a handler: who calls, about what, under which switches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, TypeVar

from simulator.api.errors import ApiError, Service, invalid, missing
from simulator.api.pagination import page, window
from simulator.behaviour.choices import NextLink, Order
from simulator.behaviour.switches import Switches
from simulator.http import Json, Request, Response, json_response
from simulator.state.credentials import Caller
from simulator.state.environment import Environment
from simulator.state.journal import Journal
from simulator.state.lagging_list import Documents, Lag, LaggingList
from simulator.state.pending_changes import PendingChange
from simulator.state.world import Repository, Workspace

_DEFAULT_LENGTH: Final = 10
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a handler is given.

    Attributes:
        request: As it came.
        caller: Who calls.
        arguments: What stands in the placeholders of the path, decoded.
        origin: Scheme and host by which the caller reached the service.
        switches: How this Bitbucket behaves.
        now: Time in seconds since the epoch.
        random: What orders of lists are drawn from.
        journal: Where changes are put down.
        pending: Changes that are accepted and take effect later.
        found_workspace: The workspace of the path.
        found_repository: The repository of the path; `None` when the path names none.
    """

    request: Request
    caller: Caller
    arguments: Mapping[str, str]
    origin: str
    switches: Switches
    now: float
    random: Random
    journal: Journal
    pending: list[PendingChange]
    found_workspace: Workspace
    found_repository: Repository | None

    @property
    def repository(self) -> Repository:
        """The repository of the path.

        Raises:
            LookupError: The path names none: a mistake in the table of routes.
        """
        if self.found_repository is None:
            raise LookupError(self.request.path)
        return self.found_repository

    @property
    def address(self) -> str:
        """The address that was called, without its query and without a slash at its end."""
        return self.origin + self.request.path.rstrip("/")

    def environment(self) -> Environment:
        """Return the environment of the path.

        Raises:
            ApiError: 404 when there is none.
        """
        found = self.repository.environments.get(self.arguments["environment"])
        if found is None:
            raise missing(Service.ENVIRONMENT)
        return found

    def may_see(self, repository: Repository) -> bool:
        """Say whether the caller can see a repository."""
        return repository.visible_to(self.caller)

    def json(self) -> Json:
        """Return what the body says.

        Raises:
            ApiError: 400 when it is not JSON, or said to be something else.
        """
        content_type = self.request.header("Content-Type")
        if content_type is not None and "json" not in content_type.lower():
            message = f"Content type {content_type.split(';')[0]!r} is not supported."
            raise invalid(message)
        try:
            document: Json = json.loads(self.request.body)
        except (ValueError, RecursionError):
            message = "The request body is not well-formed JSON."
            raise invalid(message) from None
        return document

    def object(self) -> dict[str, Json]:
        """Return the object in the body.

        Raises:
            ApiError: 400 when there is none.
        """
        document = self.json()
        if not isinstance(document, Mapping):
            message = "The request body must be an object."
            raise invalid(message)
        return dict(document)

    def check_type(self, body: Mapping[str, Json], wanted: str) -> None:
        """Hold the `type` of a body to the description, where the service insists on it.

        Raises:
            ApiError: 400 when it is missing or another one.
        """
        if self.switches.body_type_required and body.get("type") != wanted:
            raise ApiError(400, f"The request body must have the type {wanted!r}.")

    def listed(
        self,
        memory: LaggingList,
        truth: Callable[[], Documents],
        default_length: int,
    ) -> Response:
        """Answer with a page of environments or variables, as awkward as the switches say."""
        asked = window(self.request.query, default_length, self.switches)
        shuffled = self.switches.list_order is Order.SHUFFLED
        shown = memory.read(
            truth(),
            first_page=asked.number == 1,
            now=self.now,
            shuffle=self.random if shuffled else None,
        )
        query = self.request.query
        document = page(shown, asked, self.address, query, self.switches, lambda item: item)
        return json_response(200, document)

    def paged(self, items: Sequence[_T], write: Callable[[_T], Json]) -> Response:
        """Answer with a page of anything else; of those, no page was ever seen wrong."""
        asked = window(self.request.query, _DEFAULT_LENGTH, self.switches)
        right = replace(
            self.switches,
            next_links=NextLink.RIGHT,
            page_has_size=True,
            page_has_pagelen=True,
            page_has_number=True,
        )
        return json_response(
            200, page(items, asked, self.address, self.request.query, right, write)
        )

    def environment_lag(self) -> Lag:
        """Return how far the list of environments stays behind."""
        return Lag(
            seconds=self.switches.environment_list_lag_seconds,
            reads=self.switches.environment_list_lag_reads,
            empty=self.switches.empty_environment_lists,
        )

    def variable_lag(self) -> Lag:
        """Return how far a list of variables stays behind."""
        return Lag(
            seconds=self.switches.variable_list_lag_seconds,
            reads=self.switches.variable_list_lag_reads,
            empty=self.switches.empty_variable_lists,
        )
