"""Standard streams: whatever happens to them, the run goes on."""

import os
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import pytest

from pipe.process import streams
from pipe.process.context import Stop
from pipe.process.streams import LogStream, OutputStream, reserve_standard_descriptors


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for each in (reading, writing):
        with suppress(OSError):
            os.close(each)


def test_texts_are_written_as_utf_8_at_once(ends: tuple[int, int]) -> None:
    reading, writing = ends
    OutputStream(writing, Stop()).write("Prüfung ✔ \ud800\n")
    assert os.read(reading, 100) == "Prüfung ✔ \\ud800\n".encode()


def test_a_text_longer_than_a_pipe_is_written_whole(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = ends
    monkeypatch.setattr(streams, "_CHUNK_BYTES", 7)
    OutputStream(writing, Stop()).write("abc" * 1000)
    assert os.read(reading, 10_000) == b"abc" * 1000


def test_a_missing_reader_is_an_error_of_a_product_and_none_of_a_log(ends: tuple[int, int]) -> None:
    reading, writing = ends
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        OutputStream(writing, Stop()).write("a\n")
    LogStream(writing, Stop()).write("a\n")


def test_a_full_disk_is_an_error_of_a_product_and_none_of_a_log() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match="No space left"):
        OutputStream(full, Stop()).write("a\n")
    LogStream(full, Stop()).write("a\n")
    os.close(full)


def test_a_closed_stream_is_an_error_of_a_product_and_none_of_a_log(ends: tuple[int, int]) -> None:
    os.close(ends[1])
    with pytest.raises(OSError, match="Bad file descriptor"):
        OutputStream(ends[1], Stop()).write("a\n")
    LogStream(ends[1], Stop()).write("a\n")


@pytest.fixture
def blocked(ends: tuple[int, int]) -> int:
    """The end of a pipe that is full."""
    os.set_blocking(ends[1], False)
    with suppress(BlockingIOError):
        while os.write(ends[1], b"x" * 4096):
            pass
    return ends[1]


def test_a_reader_that_stopped_reading_does_not_hold_a_stopped_run(
    blocked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_POLL_MILLISECONDS", 1)
    monkeypatch.setattr(streams, "LOG_GRACE_SECONDS", 0.002)
    stop = Stop()
    stop.request("SIGTERM")
    with pytest.raises(TimeoutError):
        OutputStream(blocked, stop).write("a\n")
    LogStream(blocked, stop).write("a\n")


def test_a_reader_that_stopped_reading_is_waited_for_only_once(blocked: int) -> None:
    stop = Stop()
    stop.request("SIGTERM")
    log = LogStream(blocked, stop)
    began = monotonic()

    for _ in range(100):
        log.write("a\n")

    assert monotonic() - began < 3  # less than half a second, and what a machine under load adds


def test_a_slow_reader_is_waited_for(
    ends: tuple[int, int], blocked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_POLL_MILLISECONDS", 1)
    looks = iter(range(3))

    class Reader(Stop):
        @property
        def requested(self) -> bool:
            if next(looks, None) is None:
                os.read(ends[0], 1_000_000)
            return False

    OutputStream(blocked, Reader()).write("a\n")
    assert os.read(ends[0], 100) == b"a\n"


def test_a_pipe_that_another_process_filled_is_tried_again(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = os.write, iter([BlockingIOError()])

    def write(descriptor: int, data: bytes) -> int:
        if error := next(refusals, None):
            raise error
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    OutputStream(ends[1], Stop()).write("a\n")
    assert os.read(ends[0], 100) == b"a\n"


def test_closed_standard_streams_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, closed = iter([0, 2, 3]), list[int]()
    monkeypatch.setattr(os, "open", lambda *_: next(opened))
    monkeypatch.setattr(os, "close", closed.append)
    reserve_standard_descriptors()
    assert closed == [3]
