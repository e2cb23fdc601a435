"""What was asked and what really changed: two logs that tests and people can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simulator.http import Cut, Headers, Json


class EventKind(StrEnum):
    """The ways in which state changes."""

    ENVIRONMENT_CREATED = "environment-created"
    ENVIRONMENT_RENAMED = "environment-renamed"
    ENVIRONMENT_RESTRICTED = "environment-restricted"
    ENVIRONMENT_LOOSENED = "environment-loosened"
    ENVIRONMENT_CHANGED = "environment-changed"
    ENVIRONMENT_DELETED = "environment-deleted"
    VARIABLE_CREATED = "variable-created"
    VARIABLE_UPDATED = "variable-updated"
    VARIABLE_DELETED = "variable-deleted"
    BRANCH_ADDED = "branch-added"
    BRANCH_REMOVED = "branch-removed"
    PIPELINES_ENABLED = "pipelines-enabled"
    PIPELINES_DISABLED = "pipelines-disabled"
    REPORT_WRITTEN = "report-written"
    REPORT_DELETED = "report-deleted"
    ANNOTATIONS_WRITTEN = "annotations-written"
    COMMENT_CREATED = "comment-created"
    COMMENT_UPDATED = "comment-updated"
    COMMENT_DELETED = "comment-deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of state.

    Attributes:
        kind: What happened.
        time: When, in seconds of the simulator's clock.
        request: Index of the request that caused it (for a change that lags: of the one that
            asked for it); `None` when someone changed the state directly.
        repository: `workspace/slug`.
        subject: Name of the environment (before a rename), key of the report or comment.
        details: What else there is to know; values of variables included.
    """

    kind: EventKind
    time: float
    request: int | None
    repository: str
    subject: str
    details: Mapping[str, Json] = field(default_factory=dict)

    def document(self) -> Json:
        """Return the event ready for JSON."""
        return {
            "kind": self.kind,
            "time": self.time,
            "request": self.request,
            "repository": self.repository,
            "subject": self.subject,
            "details": dict(self.details),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request and what became of it.

    Attributes:
        index: Its number, from 0.
        time: When it came in, in seconds of the simulator's clock.
        method: In capitals.
        path: As sent, percent-encoded.
        query: As sent, without the question mark.
        headers: As sent, credentials included.
        body: As sent.
        status: What was answered; `None` when the connection was cut instead.
        dropped: How the connection was cut; `None` when an answer was given.
        took_effect: Whether it changed the state, or queued a change of it.
    """

    index: int
    time: float
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    status: int | None
    dropped: Cut | None
    took_effect: bool

    def json(self) -> Json:
        """Return what the body says.

        Raises:
            ValueError: It is not JSON.
        """
        document: Json = json.loads(self.body)
        return document

    def document(self) -> Json:
        """Return the record ready for JSON."""
        return {
            "index": self.index,
            "time": self.time,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": [list(pair) for pair in self.headers],
            "body": self.body.decode("utf-8", "backslashreplace"),
            "status": self.status,
            "dropped": self.dropped,
            "took_effect": self.took_effect,
        }


@dataclass(slots=True)
class Journal:
    """Both logs, and the request that is being handled.

    Attributes:
        clock: Gives the time of an event.
        requests: Every request so far.
        events: Every change of state so far.
        current: Index of the request to which changes are put down; `None`: to nobody's.
    """

    clock: Callable[[], float]
    requests: list[RequestRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    current: int | None = None

    def record(
        self, kind: EventKind, repository: str, subject: str, details: Mapping[str, Json]
    ) -> None:
        """Write down a change of state."""
        self.events.append(
            Event(
                kind=kind,
                time=self.clock(),
                request=self.current,
                repository=repository,
                subject=subject,
                details=details,
            )
        )
