"""Call a function for several items at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def for_each(function: Callable[[T], None], items: Iterable[T], *, workers: int) -> None:
    """Call the function for each item, for up to `workers` items at the same time.

    The first item is handled alone: what fails for every item, such as a missing permission, then
    fails once, whatever the number of workers. After an error no further item is started. The
    caller's thread works too, so that a system without threads to spare is only slower.

    Raises:
        BaseException: The error of the first item, in their order, that had one.
    """
    waiting = deque(enumerate(items))
    errors: dict[int, BaseException] = {}

    def work(at_most: int | None = None) -> None:
        with suppress(IndexError):  # nothing is waiting
            while not errors and at_most != 0:
                number, item = waiting.popleft()
                try:
                    function(item)
                except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                    errors[number] = error
                at_most = None if at_most is None else at_most - 1

    work(at_most=1)
    helpers = [Thread(target=work, daemon=True) for _ in range(min(workers - 1, len(waiting) - 1))]
    started: list[Thread] = []
    with suppress(RuntimeError):  # the system starts no more threads
        for helper in helpers:
            helper.start()
            started.append(helper)
    work()
    for helper in started:
        helper.join()
    if errors:
        raise errors[min(errors)]
