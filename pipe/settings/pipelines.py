"""What Bitbucket Pipelines tells a step about itself (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from pipe.parsing.errors import ConfigErrors
from pipe.settings.values import PipelineContext


def read_context(environ: Mapping[str, str]) -> PipelineContext:
    """Read the variables that Pipelines sets; what can't be used counts as not there."""
    return PipelineContext(
        repository=_given(environ, "BITBUCKET_REPO_FULL_NAME"),
        commit=_given(environ, "BITBUCKET_COMMIT"),
        branch=_given(environ, "BITBUCKET_BRANCH"),
        pull_request_id=_given(environ, "BITBUCKET_PR_ID"),
        build_number=_given(environ, "BITBUCKET_BUILD_NUMBER"),
        deployment_environment=_given(environ, "BITBUCKET_DEPLOYMENT_ENVIRONMENT"),
        clone_dir=_given(environ, "BITBUCKET_CLONE_DIR"),
        shared_storage_dir=_given(environ, "BITBUCKET_PIPE_SHARED_STORAGE_DIR"),
        variables_path=_given(environ, "BITBUCKET_PIPELINES_VARIABLES_PATH"),
    )


def read_parallel(environ: Mapping[str, str], faults: ConfigErrors) -> tuple[int, int] | None:
    """Read which of how many parallel steps this is, counted from 0; `None`: it is none."""
    step = environ.get("BITBUCKET_PARALLEL_STEP", "")
    count = environ.get("BITBUCKET_PARALLEL_STEP_COUNT", "")
    if not step or not count:
        return None
    if not (_is_whole(step) and _is_whole(count) and int(step) < int(count)):
        faults.add(
            "BITBUCKET_PARALLEL_STEP",
            "and BITBUCKET_PARALLEL_STEP_COUNT don't go together: the step counts from 0 and is"
            " less than their number; a step that shares nothing needs neither",
        )
        return None
    return int(step), int(count)


def _given(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "")
    return value if value and value.isprintable() else None


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len("999999999")
