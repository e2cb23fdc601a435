"""Call a function for several items at the same time."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_parallel(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int
) -> list[Result]:
    """Return what the function returns for each item, called for up to `workers` of them at a time.

    After an error no further item is started. The caller's thread works too, so that a system
    without threads to spare is only slower.

    Raises:
        BaseException: The error of the first item, in their order, that had one.
    """
    waiting = deque(enumerate(items))
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}

    def work() -> None:
        with suppress(IndexError):  # nothing is waiting
            while not errors:
                number, item = waiting.popleft()
                try:
                    results[number] = function(item)
                except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                    errors[number] = error

    helpers = [Thread(target=work, daemon=True) for _ in range(min(workers, len(items)) - 1)]
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
    return [results[number] for number in range(len(items))]
