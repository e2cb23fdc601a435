"""Send reports on a commit and comments on a pull request, and nothing else.

This client is separate from the one that handles environments: `plan` and `check` publish too,
although they are read-only, and requests that publish are not counted.
"""

import re
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from typing import Final, TypeVar, overload

from pipe.bitbucket.exchange import exchange
from pipe.bitbucket.http_client import HttpClient
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
_PROXY_SECONDS: Final = 5.0
"""The proxy runs beside the step: it answers at once, or it is not there."""


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Send reports and comments to Bitbucket.

    Attributes:
        transport: Sends with the credentials of the run.
        proxy: Sends through the proxy of the step, without credentials; `None`: there is none, or
            it did not answer.
    """

    transport: Transport
    proxy: HttpClient | None

    @overload
    def send(self, request: IdempotentRequest[T]) -> T | Rejected: ...
    @overload
    def send(self, request: NonIdempotentRequest[T]) -> T | Rejected | OutcomeUnknown: ...
    def send(
        self, request: IdempotentRequest[T] | NonIdempotentRequest[T]
    ) -> T | Rejected | OutcomeUnknown:
        """Send a request with the credentials of the run.

        Raises:
            WriteRefusedError: The request is neither for a report nor for a comment.
            PipeError: It could not be completed.
        """
        _check(request)
        return self.transport.send(request)

    def send_through_proxy(
        self, request: IdempotentRequest[Done | AlreadyGone]
    ) -> Done | AlreadyGone | Rejected:
        """Send a request without credentials; if that fails, with them.

        Raises:
            WriteRefusedError: The request is neither for a report nor for a comment.
            PipeError: It could not be completed, time ran out, or the run was asked to stop.
        """
        _check(request)
        if self.proxy is not None:
            self.transport.deadline.wait(0)
            seconds = min(_PROXY_SECONDS, self.transport.deadline.remaining)
            match exchange(self.proxy, request, "", seconds):
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
    """Whether the thing to delete does not exist."""
    return request.method is HTTPMethod.DELETE and answer.status == HTTPStatus.NOT_FOUND


def _check(request: Request[T]) -> None:
    for method, path in _PERMITTED:
        if re.fullmatch(method, request.method) and re.fullmatch(path, request.path):
            return
    raise WriteRefusedError(f"{request.method} {request.path}")
