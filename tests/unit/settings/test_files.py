"""Files that a declaration names: inside of the clone, regular, small, and text."""

import os
from pathlib import Path

import pytest

from pipe.settings.files import MAX_BYTES, read_clone_file


def read(path: Path, clone: Path) -> str:
    return read_clone_file(str(path), str(clone))


def test_a_file_of_the_clone_keeps_its_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.env").write_bytes(b"A=1\r\nB=\xc3\xa9\n")
    (tmp_path / "link").symlink_to("a.env")
    monkeypatch.chdir(tmp_path)

    assert read_clone_file("a.env", str(tmp_path)) == "A=1\r\nB=é\n"
    assert read(tmp_path / "link", tmp_path) == "A=1\r\nB=é\n"


def test_a_link_in_the_path_of_the_clone_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("x")
    (tmp_path / "clone").symlink_to("real")

    assert read(tmp_path / "clone" / "a", tmp_path / "clone") == "x"


@pytest.mark.parametrize(
    "path", ["../outside", "link", "folder/secret", "/proc/self/environ", "environ", "/dev/zero"]
)
def test_a_file_outside_of_the_clone_is_refused(tmp_path: Path, path: str) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret").write_text("secret")
    (clone / "link").symlink_to("../outside")
    (clone / "folder").symlink_to("../secrets")
    (clone / "environ").symlink_to("/proc/self/environ")

    with pytest.raises(PermissionError, match="it is outside the clone directory"):
        read(clone / path, clone)


@pytest.mark.parametrize("path", ["/proc/self/environ", "/dev/null", "/sys/kernel/uevent_seqnum"])
def test_pseudo_files_are_refused_even_if_the_clone_is_everything(path: str) -> None:
    with pytest.raises(PermissionError, match="it is outside the clone directory"):
        read_clone_file(path, "/")


def test_a_fifo_and_a_folder_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()

    for name in ("fifo", "folder"):
        with pytest.raises(PermissionError, match="it is not a regular file"):
            read(tmp_path / name, tmp_path)


def test_a_missing_file_and_a_link_that_loops(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing", tmp_path)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        read(tmp_path / "loop", tmp_path)


def test_at_most_1_mib_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * MAX_BYTES)
    assert len(read(path, tmp_path)) == MAX_BYTES

    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(OSError, match="it is larger than 1048576 bytes"):
        read(path, tmp_path)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")

    with pytest.raises(UnicodeDecodeError):
        read(tmp_path / "latin", tmp_path)
