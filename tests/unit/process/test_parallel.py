"""Calling a function for several items at the same time."""

import threading

import pytest

from pipe.process.parallel import for_each, map_parallel


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


def test_the_first_item_is_handled_alone_and_the_others_together() -> None:
    together = threading.Barrier(3, timeout=10)
    done: list[int] = []

    def work(item: int) -> None:
        if item:
            assert done[:1] == [0]
            together.wait()
        done.append(item)

    for_each(work, range(4), workers=3)
    assert sorted(done) == [0, 1, 2, 3]


@pytest.mark.parametrize("workers", [1, 4])
def test_after_an_error_of_the_first_item_no_other_is_started(workers: int) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        done.append(item)
        raise IndexError(item)

    with pytest.raises(IndexError, match="0"):
        for_each(work, range(9), workers=workers)
    assert done == [0]


def test_the_error_of_the_earliest_item_is_raised() -> None:
    both = threading.Barrier(2, timeout=10)

    def work(item: int) -> None:
        if item:
            both.wait()
            raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        for_each(work, range(3), workers=2)


def test_nothing_is_done_for_no_item() -> None:
    for_each(pytest.fail, [], workers=4)
