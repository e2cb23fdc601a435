"""Faults as JSON: how control calls read and write them."""

from abc import abstractmethod
from dataclasses import asdict
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import Field

from simulator import faults
from simulator.behaviour.switches import RateLimitBody, RetryAfter
from simulator.control.documents import Document, validate
from simulator.http import Json

_Count: TypeAlias = Annotated[int, Field(ge=0)]
_Seconds: TypeAlias = Annotated[float, Field(ge=0)]


_WHICH: Final = {"skip", "times", "method", "path"}
"""Fields that say which requests meet a fault."""


class FaultDocument(Document):
    """Base of the documents: which requests meet the fault."""

    skip: _Count = 0
    times: _Count = 1
    method: str = "*"
    path: str = "*"

    @abstractmethod
    def to_fault(self) -> faults.Fault:
        """Return the fault itself."""


class _Answer(FaultDocument):
    fault: Literal["answer"]
    status: _Count = 500
    body: str = ""
    headers: dict[str, str | int | float] = {}
    after_effect: bool = False

    def to_fault(self) -> faults.Fault:
        return faults.Answer(
            status=self.status,
            body=self.body.encode(),
            headers=tuple((name, str(value)) for name, value in self.headers.items()),
            after_effect=self.after_effect,
        )


class _RateLimited(FaultDocument):
    fault: Literal["rate-limited"]
    wait: _Count = 1
    retry_after: RetryAfter = "absent"
    reset: bool = False
    body: RateLimitBody = "text"

    def to_fault(self) -> faults.Fault:
        return faults.RateLimited(
            wait=self.wait, retry_after=self.retry_after, reset=self.reset, body=self.body
        )


class _ServerError(FaultDocument):
    fault: Literal["server-error"]
    status: _Count = 502
    after_effect: bool = False

    def to_fault(self) -> faults.Fault:
        return faults.server_error(self.status, after_effect=self.after_effect)


class _Late(FaultDocument):
    fault: Literal["delay", "slow-body"]
    seconds: _Seconds

    def to_fault(self) -> faults.Fault:
        kind = faults.Delay if self.fault == "delay" else faults.SlowBody
        return kind(self.seconds)


class _DropConnection(FaultDocument):
    fault: Literal["drop-connection"]
    after_effect: bool = False
    reset: bool = False

    def to_fault(self) -> faults.Fault:
        return faults.DropConnection(after_effect=self.after_effect, reset=self.reset)


class _NoAnswer(FaultDocument):
    fault: Literal["no-answer"]
    after_effect: bool = False

    def to_fault(self) -> faults.Fault:
        return faults.NoAnswer(after_effect=self.after_effect)


class _Plain(FaultDocument):
    fault: Literal["passing-400", "garbage", "empty-page", "half-body", "refuse-connection"]

    def to_fault(self) -> faults.Fault:
        match self.fault:
            case "passing-400":
                return faults.passing_400()
            case "garbage":
                return faults.garbage()
            case "empty-page":
                return faults.empty_page()
            case "half-body":
                return faults.HalfBody()
            case "refuse-connection":
                return faults.RefuseConnection()


_Union: TypeAlias = (
    _Answer | _RateLimited | _ServerError | _Late | _DropConnection | _NoAnswer | _Plain
)
_Document: TypeAlias = Annotated[_Union, Field(discriminator="fault")]

KINDS: Final[tuple[str, ...]] = tuple(
    kind for model in get_args(_Union) for kind in get_args(model.model_fields["fault"].annotation)
)
"""Values of `fault` in a document."""


def read_faults(document: Json) -> list[faults.ScheduledFault]:
    """Return the faults that a document, or a list of them, schedules.

    Raises:
        DocumentError: It cannot be understood.
    """
    documents = document if isinstance(document, list) else [document]
    read: list[_Union] = [validate("body", _Document, each) for each in documents]
    return [
        faults.ScheduledFault(fault=each.to_fault(), **each.model_dump(include=_WHICH))
        for each in read
    ]


def write_fault(scheduled: faults.ScheduledFault) -> Json:
    """Return a scheduled fault as JSON, with how often it applied."""
    return asdict(scheduled) | {"fault": repr(scheduled.fault)}
