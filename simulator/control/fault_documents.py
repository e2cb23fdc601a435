"""Faults as JSON: how control calls read and write them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Final, Literal, TypeAlias

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


class _Answer(FaultDocument):
    fault: Literal["answer"]
    status: _Count = 500
    body: str = ""
    headers: dict[str, str | int | float] = {}
    after_effect: bool = False


class _RateLimited(FaultDocument):
    fault: Literal["rate-limited"]
    wait: _Count = 1
    retry_after: RetryAfter = "absent"
    reset: bool = False
    body: RateLimitBody = "text"


class _ServerError(FaultDocument):
    fault: Literal["server-error"]
    status: _Count = 502
    after_effect: bool = False


class _Late(FaultDocument):
    fault: Literal["delay", "slow-body"]
    seconds: _Seconds


class _DropConnection(FaultDocument):
    fault: Literal["drop-connection"]
    after_effect: bool = False
    reset: bool = False


class _NoAnswer(FaultDocument):
    fault: Literal["no-answer"]
    after_effect: bool = False


class _Plain(FaultDocument):
    fault: Literal["passing-400", "garbage", "empty-page", "half-body", "refuse-connection"]


def _answer(
    *, status: int, body: str, headers: Mapping[str, object], after_effect: bool
) -> faults.Answer:
    texts = tuple((name, str(value)) for name, value in headers.items())
    return faults.Answer(
        status=status, body=body.encode(), headers=texts, after_effect=after_effect
    )


_FAULTS: Final[Mapping[str, Callable[..., faults.Fault]]] = {
    "answer": _answer,
    "rate-limited": faults.RateLimited,
    "server-error": faults.server_error,
    "delay": faults.Delay,
    "slow-body": faults.SlowBody,
    "drop-connection": faults.DropConnection,
    "no-answer": faults.NoAnswer,
    "passing-400": faults.passing_400,
    "garbage": faults.garbage,
    "empty-page": faults.empty_page,
    "half-body": faults.HalfBody,
    "refuse-connection": faults.RefuseConnection,
}
"""What makes the fault from the other fields of a document, by the value of `fault`."""

_Union: TypeAlias = (
    _Answer | _RateLimited | _ServerError | _Late | _DropConnection | _NoAnswer | _Plain
)
_Document: TypeAlias = Annotated[_Union, Field(discriminator="fault")]

KINDS: Final = tuple(_FAULTS)
"""Values of `fault` in a document."""


def read_faults(document: Json) -> list[faults.ScheduledFault]:
    """Return the faults that a document, or a list of them, schedules.

    Raises:
        DocumentError: It cannot be understood.
    """
    documents = document if isinstance(document, list) else [document]
    read: list[_Union] = [validate("body", _Document, each) for each in documents]
    return [
        faults.ScheduledFault(
            fault=_FAULTS[each.fault](**each.model_dump(exclude={"fault", *_WHICH})),
            **each.model_dump(include=_WHICH),
        )
        for each in read
    ]


def write_fault(scheduled: faults.ScheduledFault) -> Json:
    """Return a scheduled fault as JSON, with how often it applied."""
    return asdict(scheduled) | {"fault": repr(scheduled.fault)}
