"""Faults as JSON: how the control calls write and read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from simulator import faults as f
from simulator.behaviour.choices import LimitBody, RetryAfter
from simulator.control.reading import DocumentError, Reader
from simulator.control.seed import required
from simulator.http import Json

_E = TypeVar("_E", bound=StrEnum)

_WHEN: Final = ("skip", "times", "method", "path")


def read_fault(reader: Reader) -> f.Scheduled:
    """Read a fault and when it strikes.

    Raises:
        DocumentError: There is no such fault, or it is told wrongly.
    """
    kind = required(reader, reader.entries(), "fault").text()
    if kind not in KINDS:
        message = f"{reader.where}.fault must be one of {', '.join(KINDS)}"
        raise DocumentError(message)
    names, make = KINDS[kind]
    fields = reader.fields("fault", *_WHEN, *names)
    scheduled = f.Scheduled(fault=make(_Fields(reader, fields)))
    if "skip" in fields:
        scheduled.skip = fields["skip"].count()
    if "times" in fields:
        scheduled.times = fields["times"].count()
    if "method" in fields:
        scheduled.method = fields["method"].text()
    if "path" in fields:
        scheduled.path = fields["path"].text()
    return scheduled


def write_fault(scheduled: f.Scheduled) -> Json:
    """Say what is planned, and how often it struck."""
    return {
        "fault": repr(scheduled.fault),
        "skip": scheduled.skip,
        "times": scheduled.times,
        "method": scheduled.method,
        "path": scheduled.path,
        "seen": scheduled.seen,
        "struck": scheduled.struck,
    }


class _Fields:
    """The fields of a fault, each with a default."""

    def __init__(self, reader: Reader, fields: dict[str, Reader]) -> None:
        self._reader = reader
        self._fields = fields

    def text(self, name: str, default: str) -> str:
        return self._fields[name].text() if name in self._fields else default

    def flag(self, name: str, *, default: bool = False) -> bool:
        return self._fields[name].flag() if name in self._fields else default

    def count(self, name: str, default: int) -> int:
        return self._fields[name].count() if name in self._fields else default

    def seconds(self) -> float:
        return required(self._reader, self._fields, "seconds").number()

    def choice(self, name: str, default: _E) -> _E:
        try:
            return type(default)(self.text(name, default))
        except ValueError:
            message = f"{self._reader.where}.{name} must be one of {', '.join(type(default))}"
            raise DocumentError(message) from None

    def headers(self) -> tuple[tuple[str, str], ...]:
        if "headers" not in self._fields:
            return ()
        entries = self._fields["headers"].entries()
        return tuple((name, value.scalar()) for name, value in entries.items())


def _answer(fields: _Fields) -> f.Fault:
    return f.Answer(
        status=fields.count("status", 500),
        body=fields.text("body", "").encode(),
        headers=fields.headers(),
        after_effect=fields.flag("after_effect"),
    )


def _rate_limited(fields: _Fields) -> f.Fault:
    return f.RateLimited(
        wait=fields.count("wait", 1),
        retry_after=fields.choice("retry_after", RetryAfter.ABSENT),
        reset=fields.flag("reset"),
        body=fields.choice("body", LimitBody.JSON),
    )


def _server_error(fields: _Fields) -> f.Fault:
    status = fields.count("status", 502)
    return f.server_error(status, after_effect=fields.flag("after_effect"))


def _drop(fields: _Fields) -> f.Fault:
    after_effect, reset = fields.flag("after_effect"), fields.flag("reset")
    return f.DropConnection(after_effect=after_effect, reset=reset)


KINDS: Final[Mapping[str, tuple[tuple[str, ...], Callable[[_Fields], f.Fault]]]] = {
    "answer": (("status", "body", "headers", "after_effect"), _answer),
    "rate-limited": (("wait", "retry_after", "reset", "body"), _rate_limited),
    "server-error": (("status", "after_effect"), _server_error),
    "passing-400": ((), lambda _: f.passing_400()),
    "garbage": ((), lambda _: f.garbage()),
    "empty-page": ((), lambda _: f.empty_page()),
    "delay": (("seconds",), lambda fields: f.Delay(fields.seconds())),
    "slow-body": (("seconds",), lambda fields: f.SlowBody(fields.seconds())),
    "half-body": ((), lambda _: f.HalfBody()),
    "drop-connection": (("after_effect", "reset"), _drop),
    "no-answer": (
        ("after_effect",),
        lambda fields: f.NoAnswer(after_effect=fields.flag("after_effect")),
    ),
    "refuse-connection": ((), lambda _: f.RefuseConnection()),
}
