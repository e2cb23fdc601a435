"""Report files are written as a whole or not at all, and never affect the run."""

import errno
import json
import os
import resource
import stat
from pathlib import Path
from typing import Final

import pytest

from pipe.parsing.values import REPORT_FORMATS
from pipe.reports.files import reason, renderer, write_atomically, write_report
from tests.support.world import World, listed, run_with
from tests.unit.reports.samples import RUN, view

VIEW: Final = view(RUN)


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("r.json", '{\n  "version": 1'),
        ("r.JSON", '{\n  "version": 1'),
        ("r.xml", "<?xml "),
        ("r.md", "### "),
        ("r.html", "<!DOCTYPE html>"),
    ],
)
def test_the_ending_chooses_the_format(tmp_path: Path, name: str, beginning: str) -> None:
    path = tmp_path / name
    assert list(write_report(str(path), VIEW)) == []
    assert path.read_text("utf-8").startswith(beginning)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_each_format_has_its_own_renderer() -> None:
    assert len({renderer(f"r{ending}") for ending in REPORT_FORMATS}) == 4
    assert renderer(".json") is renderer("r.json")


def test_a_report_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "r.md"
    path.write_text("earlier")
    write_atomically(path, "later")
    assert path.read_text() == "later"


def test_a_very_long_name_works(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 250}.json"
    assert list(write_report(str(path), VIEW)) == []
    assert json.loads(path.read_text("utf-8"))["version"] == 1


def test_a_missing_folder_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "test-results" / "r.xml"
    (warning,) = write_report(str(path), VIEW)
    assert warning == (
        f"The report {path} was not written: its folder does not exist; create it first (mkdir -p)."
        " The result of the run is not affected."
    )


def test_a_folder_with_the_name_of_a_report_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "r.md").mkdir()
    (tmp_path / "file").write_text("")
    for path, why in (("r.md", "a folder has that name"), ("file/r.md", "its folder is a file")):
        (warning,) = write_report(f"{tmp_path}/{path}", VIEW)
        assert why in warning
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "r.md"]


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_earlier_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.json"
    path.write_text("earlier")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system itself refuses to write beyond this many bytes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        (warning,) = write_report(str(path), VIEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large" in warning

    monkeypatch.setattr(os, "fdopen", _full)
    (warning,) = write_report(str(path), VIEW)
    assert "no space is left on the device" in warning
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "permission to write into its folder is denied"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_reasons_are_explained(number: int, text: str) -> None:
    assert reason(OSError(number, os.strerror(number))) == text


def test_an_error_without_a_message_has_a_name() -> None:
    assert reason(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize("kind", ["fifo", "link", "dangling link", "device"])
def test_only_regular_files_are_replaced(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "r.md", tmp_path / "other"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "link":
            other.write_text("mine")
            path.symlink_to(other)
        case "dangling link":
            path.symlink_to(other)
        case _:
            path = Path("/dev/null")
    before = path.lstat()
    with pytest.raises(OSError, match="it is not a regular file") as error:
        write_atomically(path, "report")
    assert "devices" in reason(error.value)
    assert path.lstat().st_mode == before.st_mode
    assert not other.exists() or other.read_text() == "mine"


@pytest.mark.parametrize("how", ["missing", "full"])
def test_the_exit_code_of_the_run_is_not_affected(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "full":
        monkeypatch.setattr(os, "fdopen", _full)
    world = World()
    world.shop.add_environment("Test")
    wanted = {"ENVIRONMENT_NAME": "Test", "ADMIN_ONLY": "true"}
    path = tmp_path / ("no/r.json" if how == "missing" else "r.json")
    wanted |= {"MODE": "check", "REPORT_FILES": "", **listed("REPORT_FILES", str(path))}
    ran = run_with(world, wanted)
    assert ran.exit_code == 4
    assert "WARNING: The report" in ran.log
    assert ran.log.splitlines()[-1].startswith("✖ Drift")
    assert not path.exists()


def test_configuration_errors_are_reported(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"r{ending}") for ending in (".json", ".xml", ".md", ".html")]
    ran = run_with(
        World(),
        {"ENVIRONMENT_NAME": "Test", "ADMIN_ONLY": "maybe", "REPORT_FILES": json.dumps(paths)},
    )
    assert ran.exit_code == 2
    assert ran.requests == []
    for path in paths:
        assert "'maybe' is not a boolean; expected true or false" in Path(path).read_text("utf-8")
    report = json.loads(Path(paths[0]).read_text("utf-8"))
    assert (report["exit_code"], report["outcome"]) == (2, "failed")
    assert report["errors"] == [
        {
            "key": "configuration",
            "source": "ADMIN_ONLY",
            "what": "'maybe' is not a boolean; expected true or false",
        }
    ]
