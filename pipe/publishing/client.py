"""Sends what tells about a run: reports on a commit and one comment, and nothing else.

This is apart from the transport that handles environments: `plan` and `check` publish too, though
they can't write, and what is sent here is not among the requests that the run counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPMethod
from typing import Final, TypeVar, overload

from pipe.bitbucket.http import HttpExchange
from pipe.bitbucket.requests import (
    AlreadyGone,
    Answer,
    Done,
    IdempotentRequest,
    NonIdempotentRequest,
    OutcomeUnknown,
    Rejected,
    Request,
)
from pipe.bitbucket.retry import Failed, NoResponse, NotSent, Understood
from pipe.bitbucket.transport import Transport, WriteRefusedError

T = TypeVar("T")

_REPOSITORY: Final = r"/2\.0/repositories/[^/]+/[^/]+"
_REPORT: Final = rf"{_REPOSITORY}/commit/[0-9a-f]+/reports/bitbucket-environment-[0-9a-f]+"
_PERMITTED: Final = (
    (r"PUT|DELETE", _REPORT),
    (r"POST", rf"{_REPORT}/annotations"),
    (r"GET|POST", rf"{_REPOSITORY}/pullrequests/[0-9]+/comments"),
    (r"PUT", rf"{_REPOSITORY}/pullrequests/[0-9]+/comments/[0-9]+"),
)
_NOT_FOUND: Final = 404
_PROXY_SECONDS: Final = 5.0
"""The proxy stands beside the step: it answers at once, or it is not there."""


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Sends to Bitbucket what tells about the run.

    Attributes:
        transport: With the credentials of the run.
        proxy: Leads through the proxy of the step, without credentials; `None`: there is none (or
            it turned out not to answer).
    """

    transport: Transport
    proxy: HttpExchange | None

    @overload
    def send(self, request: IdempotentRequest[T]) -> T | Rejected: ...
    @overload
    def send(self, request: NonIdempotentRequest[T]) -> T | Rejected | OutcomeUnknown: ...
    def send(self, request: Request[T]) -> T | Rejected | OutcomeUnknown:
        """Send a request with the credentials of the run.

        Raises:
            WriteRefusedError: It is for something else than telling about the run.
            PipeError: It could not be completed.
        """
        _check(request)
        return self.transport.send(request)

    def send_through_proxy(
        self, request: IdempotentRequest[Done | AlreadyGone]
    ) -> Done | AlreadyGone | Rejected:
        """Send a request without credentials; where that does not work, with them.

        Raises:
            WriteRefusedError: It is for something else than telling about the run.
            PipeError: It could not be completed.
        """
        _check(request)
        if self.proxy is not None:
            match self.proxy.exchange(request, "", _PROXY_SECONDS):
                case Understood(done):
                    return done
                case Failed(answer) if _is_gone(request, answer):
                    return Done()
                case NotSent() | NoResponse():
                    self.proxy = None
                case _:
                    pass
        return self.transport.send(request)


def _is_gone(request: IdempotentRequest[Done | AlreadyGone], answer: Answer) -> bool:
    """Whether what was to be deleted is not there: nothing would be won by asking again."""
    return request.method is HTTPMethod.DELETE and answer.status == _NOT_FOUND


def _check(request: Request[T]) -> None:
    for method, path in _PERMITTED:
        if re.fullmatch(method, request.method) and re.fullmatch(path, request.path):
            return
    message = f"{request.method} {request.path}"
    raise WriteRefusedError(message)
