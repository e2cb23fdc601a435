"""The result is shared with later pipes and steps; failing to share is never an error."""

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipe.models.results import Mode
from pipe.reports.json import document
from pipe.reports.pipelines import KEY, SHARED, share_result
from pipe.settings.pipelines import PipelineContext
from tests.support.world import World, run_pipe
from tests.unit.reports.samples import RUN


def shared(folder: Path) -> PipelineContext:
    return PipelineContext(shared_storage_dir=str(folder))


def variables(path: Path) -> PipelineContext:
    return PipelineContext(variables_path=str(path))


def test_keys_of_other_pipes_are_kept(tmp_path: Path) -> None:
    (tmp_path / SHARED).write_text('{"other": [1], "bitbucket_environment": "earlier"}')
    share_result(RUN, shared(tmp_path))
    assert json.loads((tmp_path / SHARED).read_text("utf-8")) == {
        "other": [1],
        KEY: json.loads(json.dumps(document(RUN))),
    }
    assert [each.name for each in tmp_path.iterdir()] == [SHARED]


def test_the_first_pipe_creates_the_file(tmp_path: Path) -> None:
    share_result(RUN, shared(tmp_path))
    assert list(json.loads((tmp_path / SHARED).read_text("utf-8"))) == [KEY]


@pytest.mark.parametrize("content", [b"", b"{half", b"\xff", b"[1]", b"null", b"[" * 100_000])
def test_an_unreadable_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SHARED).write_bytes(content)
    share_result(RUN, shared(tmp_path))
    assert (tmp_path / SHARED).read_bytes() == content


def test_failing_to_write_is_never_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    share_result(RUN, shared(tmp_path / "missing"))
    share_result(RUN, shared(tmp_path / "file"))
    share_result(RUN, variables(tmp_path / "missing"))
    share_result(RUN, variables(tmp_path))
    share_result(RUN, PipelineContext())
    os.mkfifo(tmp_path / SHARED)
    share_result(RUN, shared(tmp_path))
    share_result(RUN, variables(tmp_path / SHARED))
    (tmp_path / SHARED).unlink()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("content", ["", "VERSION=7\n", "VERSION=7"])
def test_later_steps_get_variables(tmp_path: Path, content: str) -> None:
    path = tmp_path / "variables"
    path.write_text(content)
    share_result(replace(RUN, mode=Mode.PLAN, plan_checksum="sha256:0"), variables(path))
    assert path.read_text().splitlines() == [
        *content.splitlines(),
        "ENVIRONMENT_OUTCOME=planned",
        "ENVIRONMENT_EXIT_CODE=0",
        "ENVIRONMENT_PLAN_CHECKSUM=sha256:0",
    ]


def test_an_unknown_checksum_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "variables"
    path.write_text("")
    share_result(RUN, variables(path))
    assert "CHECKSUM" not in path.read_text()


def test_a_failed_run_shares_its_result(tmp_path: Path) -> None:
    path = tmp_path / "variables"
    path.write_text("")
    settings = {
        "BITBUCKET_PIPE_SHARED_STORAGE_DIR": str(tmp_path),
        "BITBUCKET_PIPELINES_VARIABLES_PATH": str(path),
    }
    ran = run_pipe(World(), ENVIRONMENT_NAME="Test", ADMIN_ONLY="maybe", **settings)
    assert json.loads((tmp_path / SHARED).read_text("utf-8"))[KEY] == ran.report
    assert path.read_text() == "ENVIRONMENT_OUTCOME=failed\nENVIRONMENT_EXIT_CODE=2\n"
