"""Bounds that no HTTP client keeps by itself: the time of a whole call, the size of an answer."""

from __future__ import annotations

import zlib
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Final, TypeVar

from pipe.bitbucket.protocol import GarbledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Result = TypeVar("Result")

MAX_ANSWER_BYTES: Final = 10_000_000
_GZIP: Final = 16 + zlib.MAX_WBITS


class OverdueError(Exception):
    """A call did not come to an end in time."""


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises, if that takes no longer than `seconds`.

    An HTTP client bounds each wait on a connection, not their sum: a server that sends a byte of
    its headers now and then would never be late. And nothing bounds how long a name is looked up.
    The call is made in a thread of its own, which is left behind when it is overdue.

    Raises:
        OverdueError: It takes longer.
    """
    future: Future[Result] = Future()
    Thread(target=_fulfil, args=(future, call), daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError:
        if future.done():
            raise
        raise OverdueError from None


def _fulfil(future: Future[Result], call: Callable[[], Result]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)


def decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress an answer, a little more than `MAX_ANSWER_BYTES` of it at most.

    A few kilobytes can stand for gigabytes: what is not wanted is not even unpacked.

    Args:
        chunks: The body as it comes.
        encoding: The header `Content-Encoding`; empty for a body that is not compressed.

    Raises:
        GarbledError: It is compressed in another way than was asked for, or damaged.
    """
    match encoding.strip().lower():
        case "" | "identity":
            yield from chunks
        case "gzip" | "x-gzip":
            yield from _unzipped(chunks)
        case _:
            message = "an answer that is compressed in a way that was not asked for"
            raise GarbledError(message)


def _unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(_GZIP)
    begun = False
    try:
        for chunk in chunks:
            begun = True
            yield unzip.decompress(chunk, MAX_ANSWER_BYTES + 1)
            if unzip.unconsumed_tail:
                return  # more than anyone will take
    except zlib.error as error:
        message = "an answer whose compression is damaged"
        raise GarbledError(message) from error
    if begun and not unzip.eof:
        message = "an answer that ends in the middle of its compression"
        raise GarbledError(message)
