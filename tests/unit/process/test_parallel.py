"""Calling a function for several items at the same time."""

import threading

import pytest

from pipe.process.parallel import map_parallel


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_results_are_in_the_order_of_the_items(workers: int) -> None:
    assert map_parallel(lambda item: item * 2, [3, 1, 2], workers=workers) == [6, 2, 4]
    assert map_parallel(lambda item: item, [], workers=workers) == []


def test_items_are_handled_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=60)

    assert sorted(map_parallel(lambda _: together.wait(), [1, 2, 3], workers=3)) == [0, 1, 2]


def test_an_error_is_raised_and_ends_the_calls() -> None:
    called: list[int] = []

    def fail(item: int) -> None:
        called.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        map_parallel(fail, [1, 2, 3], workers=1)
    assert called == [1]


def test_the_error_of_the_first_item_is_raised() -> None:
    both = threading.Barrier(2, timeout=60)

    def fail(item: int) -> None:
        both.wait()
        raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        map_parallel(fail, [1, 2], workers=2)


def test_the_items_are_handled_even_if_no_thread_can_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert map_parallel(lambda item: item, [1, 2, 3], workers=8) == [1, 2, 3]
