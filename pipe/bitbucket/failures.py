"""From what went wrong on the wire to what the user is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, assert_never

from pipe import problems
from pipe.bitbucket.protocol import Method
from pipe.bitbucket.retry import Failed, Garbled, Limit, Lost, NotSent, is_slow_down
from pipe.bitbucket.words import message, one_line
from pipe.errors import PipeError, RunOverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipe.bitbucket.protocol import Answer, Request
    from pipe.bitbucket.retry import GiveUp, Trouble
    from pipe.errors import Problem

T = TypeVar("T")


def seen(trouble: Trouble, redact: Callable[[str], str]) -> str:
    """Return what was seen instead of a good answer, in words."""
    match trouble:
        case Failed(answer):
            words = message(answer, redact)
            return f"HTTP {answer.status}: {words}" if words else f"HTTP {answer.status}"
        case NotSent(reason):
            return f"not sent: {one_line(reason, redact)}"
        case Lost(reason):
            return f"no whole answer: {one_line(reason, redact)}"
        case Garbled(reason, status):
            return f"HTTP {status}, but {one_line(reason, redact)}"
        case _:
            assert_never(trouble)


def gave_up(
    request: Request[T], given_up: GiveUp, attempts: int, redact: Callable[[str], str]
) -> PipeError:
    """Return the error that ends the request, or the run."""
    what = _call(request, redact)
    last = seen(given_up.last, redact)
    match given_up.limit:
        case Limit.TIME:
            return RunOverError(problems.no_time_to_repeat(what, last, given_up.asked))
        case Limit.BUDGET:
            # Only repeats are spent: another repository may still be handled without any.
            return PipeError(problems.budget_spent(what, last))
        case Limit.TRIES:
            return _after_all_tries(request, given_up.last, attempts, (what, last))
        case _:
            assert_never(given_up.limit)


def redirected(request: Request[T], answer: Answer, redact: Callable[[str], str]) -> Problem:
    """Return the problem of an answer that points elsewhere."""
    where = one_line(answer.headers.get("location", ""), redact)
    return problems.redirected(_call(request, redact), answer.status, where)


def _after_all_tries(
    request: Request[T], last: Trouble, attempts: int, told: tuple[str, str]
) -> PipeError:
    what, words = told
    match last:
        case Garbled():
            return PipeError(problems.makes_no_sense(what, attempts, words))
        case NotSent():
            return PipeError(problems.unreachable(what, attempts, words))
        case Failed(answer) if is_slow_down(answer):
            return RunOverError(problems.rate_limited(what, attempts, words))
        case Failed() | Lost():
            is_write = request.method is not Method.GET
            return PipeError(problems.unavailable(what, attempts, words, is_write=is_write))
        case _:
            assert_never(last)


def _call(request: Request[T], redact: Callable[[str], str]) -> str:
    return f"{request.method} {one_line(request.target, redact)}"
