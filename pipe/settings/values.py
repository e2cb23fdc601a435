"""What a run was asked to do: frozen values."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from pydantic import SecretStr

from pipe.bitbucket.auth import Credentials
from pipe.config_file.overrides import Layers
from pipe.models.declaration import Declaration, Repository, SecuredUpdate
from pipe.models.results import Mode
from pipe.models.selection import Selection


class PipelineContext(Struct, frozen=True, kw_only=True):
    """What Bitbucket Pipelines tells a step about itself; `None`: it did not.

    Attributes:
        repository: The full name of the repository the pipeline runs in, `workspace/slug`.
        commit: The full hash of the commit that is built.
        branch: The branch that is built; absent for tags and pull requests from forks.
        pull_request_id: The number of the pull request that the pipeline runs for.
        build_number: The number of the pipeline run.
        deployment_environment: The name of the environment that the step deploys to.
        clone_dir: Where the repository is cloned.
        shared_storage_dir: Where pipes leave files for later pipes.
        variables_path: The file through which a step hands variables to later steps.
    """

    repository: str | None = None
    commit: str | None = None
    branch: str | None = None
    pull_request_id: str | None = None
    build_number: str | None = None
    deployment_environment: str | None = None
    clone_dir: str | None = None
    shared_storage_dir: str | None = None
    variables_path: str | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that a run was asked to do, checked.

    Attributes:
        credentials: Who calls Bitbucket.
        selection: The repositories meant.
        layers: What is wanted of each; ask through `declaration_for`.
        mode: What to do with the plan.
        plan_checksum: Apply only the plan with this checksum, `sha256:` and hexadecimal digits.
        force: Go past the safety refusals that may be forced.
        max_attempts: Tries for one request, 1 or more.
        deadline: Seconds for the whole run, above 0.
        workers: Repositories handled at the same time, 1 or more.
        start_at: The repository to begin with, in the order of their names.
        report_files: Paths to write; each ends with `.json`, `.xml`, `.md` or `.html`.
        code_insights: Publish the result as a Code Insights report.
        comment: Put the plan as a comment on the pull request.
        debug: Log each request.
        color: Colour the log.
        api_url: Scheme and host (perhaps a path) of the API, without a slash at the end.
        secured_update: When secured variables are written.
        fingerprint_key: The key of the fingerprints; given whenever `ON_CHANGE` is asked for.
        parallel: Zero-based number of this parallel step and how many there are, when the
            repositories are to be shared among them; `None` for a repository named alone.
        config_file: The path of the configuration file, if the declarations come from one.
        lines: The line of that file on which each environment is declared, by its name.
        context: What Pipelines tells about the step.
        warnings: What the user should know but that stops nothing.
        secrets: Every secret value known, longest first: none of them may ever be shown.
    """

    credentials: Credentials
    selection: Selection
    layers: Layers
    mode: Mode
    plan_checksum: str | None
    force: bool
    max_attempts: int
    deadline: float
    workers: int
    start_at: Repository | None
    report_files: tuple[str, ...]
    code_insights: bool
    comment: bool
    debug: bool
    color: bool
    api_url: str
    secured_update: SecuredUpdate
    fingerprint_key: SecretStr | None
    parallel: tuple[int, int] | None
    config_file: str | None
    lines: Mapping[str, int]
    context: PipelineContext
    warnings: tuple[str, ...]
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Return nothing of the content: it holds secrets."""
        return "Settings(…)"

    def declaration_for(self, repository: Repository) -> Declaration:
        """Return what is wanted of a repository, with the overrides that apply to it."""
        return self.layers.declaration_for(repository)
