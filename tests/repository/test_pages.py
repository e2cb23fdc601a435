"""Every page by task: each example is valid and complete, and has a test of what it does."""

from pathlib import Path
from typing import Final

import pytest
from pipeline_runner.models import PipelineSpec

from tests.repository.pages import PIPELINES, Page, pages, schema
from tests.repository.pipelines import REFERENCE, known_variables, steps

PAGES: Final = pages()


def _id(each: Page) -> str:
    return each.path.stem


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_pipeline_is_valid(page: Page) -> None:
    validator = schema()
    if validator is not None:
        validator.validate(page.document)
    PipelineSpec.model_validate(page.document)


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_step_names_this_pipe_and_its_variables(page: Page) -> None:
    declared = "\n".join(page.files.values())
    for step in [*steps(page.document["pipelines"]), *page.snippets()]:
        for pipe in step.pipes():
            assert pipe.pipe == REFERENCE
            for name in set(pipe.variables) - known_variables():
                assert f"from_env: {name}" in declared


@pytest.mark.parametrize("name", [each.path.stem for each in PAGES])
def test_every_page_has_a_story(name: str) -> None:
    known = "administrators_only" if name == "admin-only" else name.replace("-", "_")
    files = Path(__file__).parent.glob("test_pages*.py")
    assert any(f"def test_{known}(acme: Workspace" in each.read_text("utf-8") for each in files)


def test_every_page_shows_one_pipeline() -> None:
    assert {each.path.stem for each in PAGES} >= {"drift", "adopt", "pull-requests"}
    assert all(PIPELINES in each.files for each in PAGES)
