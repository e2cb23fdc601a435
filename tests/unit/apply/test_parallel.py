from __future__ import annotations

from threading import Barrier, Thread

import pytest

from pipe.apply.parallel import for_each


def test_the_first_item_is_handled_alone_and_the_others_together() -> None:
    together = Barrier(3, timeout=10)
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
    both = Barrier(2, timeout=10)

    def work(item: int) -> None:
        if item:
            both.wait()
            raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        for_each(work, range(3), workers=2)


def test_items_are_handled_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr(Thread, "start", refuse)
    done: list[int] = []
    for_each(done.append, range(5), workers=4)
    assert done == [0, 1, 2, 3, 4]


def test_nothing_is_done_for_no_item() -> None:
    for_each(pytest.fail, [], workers=4)
