"""Variables that Bitbucket Pipelines sets in a step (pure)."""

from collections.abc import Mapping

from msgspec import Struct

from pipe.parsing.errors import ErrorCollector


class PipelineContext(Struct, frozen=True, kw_only=True):
    """The variables that Bitbucket Pipelines sets in a step; `None`: not set.

    Attributes:
        repository: Full name of the repository that the pipeline runs in, `workspace/slug`.
        commit: Full hash of the commit.
        pull_request_id: Number of the pull request.
        build_number: Number of the pipeline run.
        clone_dir: Directory of the clone.
        shared_storage_dir: Directory where pipes leave files for later pipes.
        variables_path: File through which a step passes variables to later steps.
    """

    repository: str | None = None
    commit: str | None = None
    pull_request_id: str | None = None
    build_number: str | None = None
    clone_dir: str | None = None
    shared_storage_dir: str | None = None
    variables_path: str | None = None


_VARIABLES = {
    "repository": "BITBUCKET_REPO_FULL_NAME",
    "commit": "BITBUCKET_COMMIT",
    "pull_request_id": "BITBUCKET_PR_ID",
    "build_number": "BITBUCKET_BUILD_NUMBER",
    "clone_dir": "BITBUCKET_CLONE_DIR",
    "shared_storage_dir": "BITBUCKET_PIPE_SHARED_STORAGE_DIR",
    "variables_path": "BITBUCKET_PIPELINES_VARIABLES_PATH",
}


def read_context(environ: Mapping[str, str]) -> PipelineContext:
    """Read the variables of Pipelines; an unusable one counts as not set."""
    given = {field: environ.get(name, "") for field, name in _VARIABLES.items()}
    workspace, slug = environ.get("BITBUCKET_WORKSPACE"), environ.get("BITBUCKET_REPO_SLUG")
    if not given["repository"] and workspace and slug:
        given["repository"] = f"{workspace}/{slug}"
    return PipelineContext(
        **{field: value for field, value in given.items() if value and value.isprintable()}
    )


def read_parallel(environ: Mapping[str, str], errors: ErrorCollector) -> tuple[int, int] | None:
    """Return the number of this parallel step, from 0, and how many there are; `None`: not one."""
    step = environ.get("BITBUCKET_PARALLEL_STEP", "")
    count = environ.get("BITBUCKET_PARALLEL_STEP_COUNT", "")
    if not step or not count:
        return None
    if not (_is_integer(step) and _is_integer(count) and int(step) < int(count)):
        errors.add(
            "BITBUCKET_PARALLEL_STEP",
            "must be a number from 0 and less than BITBUCKET_PARALLEL_STEP_COUNT; unset both for a"
            " step that is not parallel",
        )
        return None
    return int(step), int(count)


def _is_integer(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len("999999999")
