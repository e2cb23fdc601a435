"""Later pipes and later steps get the result; that they can't is never an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipe.reports.json import document
from pipe.reports.pipelines import KEY, SHARED, share_result
from pipe.settings.pipelines import PipelineContext
from tests.support.world import World, run_pipe
from tests.unit.reports.samples import RUN


def shared(folder: Path) -> PipelineContext:
    return PipelineContext(shared_storage_dir=str(folder))


def variables(path: Path) -> PipelineContext:
    return PipelineContext(variables_path=str(path))


def test_the_report_stands_beside_what_other_pipes_left(tmp_path: Path) -> None:
    (tmp_path / SHARED).write_text('{"other": [1], "bitbucket_environment": "former"}')
    share_result(RUN, shared(tmp_path))
    assert json.loads((tmp_path / SHARED).read_text("utf-8")) == {
        "other": [1],
        KEY: json.loads(json.dumps(document(RUN))),
    }
    assert [each.name for each in tmp_path.iterdir()] == [SHARED]


def test_the_first_pipe_makes_the_file(tmp_path: Path) -> None:
    share_result(RUN, shared(tmp_path))
    assert list(json.loads((tmp_path / SHARED).read_text("utf-8"))) == [KEY]


@pytest.mark.parametrize("content", [b"", b"{half", b"\xff", b"[1]", b"null", b"[" * 100_000])
def test_what_can_t_be_read_is_left_alone(tmp_path: Path, content: bytes) -> None:
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
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("begun", ["", "VERSION=7\n", "VERSION=7"])
def test_later_steps_get_variables(tmp_path: Path, begun: str) -> None:
    path = tmp_path / "variables"
    path.write_text(begun)
    share_result(replace(RUN, plan_checksum="sha256:0"), variables(path))
    assert path.read_text().splitlines() == [
        *begun.splitlines(),
        "ENVIRONMENT_OUTCOME=planned",
        "ENVIRONMENT_EXIT_CODE=0",
        "ENVIRONMENT_PLAN_CHECKSUM=sha256:0",
    ]


def test_a_checksum_that_is_not_known_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "variables"
    path.write_text("")
    share_result(RUN, variables(path))
    assert "CHECKSUM" not in path.read_text()


def test_a_whole_run_hands_over_even_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "variables"
    path.write_text("")
    where = {
        "BITBUCKET_PIPE_SHARED_STORAGE_DIR": str(tmp_path),
        "BITBUCKET_PIPELINES_VARIABLES_PATH": str(path),
    }
    ran = run_pipe(World(), ENVIRONMENT_NAME="Test", ADMIN_ONLY="maybe", **where)
    assert json.loads((tmp_path / SHARED).read_text("utf-8"))[KEY] == ran.report
    assert path.read_text() == "ENVIRONMENT_OUTCOME=failed\nENVIRONMENT_EXIT_CODE=2\n"
