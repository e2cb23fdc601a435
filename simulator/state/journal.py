"""Two logs for tests and people: every request, and every change of state."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from msgspec import Struct
from msgspec.structs import asdict

from simulator.http import Cut, Headers, Json


class EventKind(StrEnum):
    """Kinds of changes of state."""

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


class Event(Struct, frozen=True, kw_only=True):
    """One change of state.

    Attributes:
        kind: What changed.
        time: When, in seconds of the simulator's clock.
        request: Index of the request that caused it, also when it took effect later; `None` when
            the state was changed directly.
        repository: `workspace/slug`.
        subject: Name of the environment (before a rename), slug of the repository, id of the
            report or comment.
        details: Everything else; values of variables included.
    """

    kind: EventKind
    time: float
    request: int | None
    repository: str
    subject: str
    details: Mapping[str, Json] = {}

    def document(self) -> Json:
        """Return the event as JSON."""
        return asdict(self)


class RequestRecord(Struct, frozen=True, kw_only=True):
    """One request and its outcome.

    Attributes:
        index: Its number, from 0.
        time: When it was received, in seconds of the simulator's clock.
        method: In upper case.
        path: As sent, percent-encoded.
        query: As sent, without the question mark.
        headers: As sent, credentials included.
        body: As sent.
        status: Status of the answer; `None` when the connection was dropped instead.
        dropped: How the connection was dropped; `None` when there was an answer.
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
        """Return the parsed body.

        Raises:
            ValueError: The body is not JSON.
        """
        document: Json = json.loads(self.body)
        return document

    def document(self) -> Json:
        """Return the record as JSON."""
        return asdict(self) | {"body": self.body.decode("utf-8", "backslashreplace")}


@dataclass(slots=True)
class Journal:
    """Both logs, and the request being handled.

    Attributes:
        clock: Gives the time of an event.
        requests: Every request so far.
        events: Every change of state so far.
        current: Index of the request that causes changes now; `None`: no request does.
    """

    clock: Callable[[], float]
    requests: list[RequestRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    current: int | None = None

    def record(
        self, kind: EventKind, repository: str, subject: str, details: Mapping[str, Json]
    ) -> None:
        """Record a change of state."""
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


class StateContext(Struct, frozen=True):
    """Dependencies of state: where events are recorded, and the source of uuids."""

    journal: Journal
    random: Random

    def new_uuid(self) -> str:
        """Return a uuid as Bitbucket writes it, in braces."""
        return f"{{{uuid.UUID(int=self.random.getrandbits(128), version=4)}}}"
