"""Variables that look like a misspelling of ours (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from pipe.parsing.wording import closest

_LIKENESS: Final = 0.85
_OTHERS: Final = frozenset(
    {
        # Set by Bitbucket Pipelines.
        "BITBUCKET_BOOKMARK", "BITBUCKET_BRANCH", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_CLONE_DIR",
        "BITBUCKET_COMMIT", "BITBUCKET_DEPLOYMENT_ENVIRONMENT",
        "BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", "BITBUCKET_DOCKER_HOST_INTERNAL",
        "BITBUCKET_EXIT_CODE", "BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_GIT_SSH_ORIGIN",
        "BITBUCKET_PARALLEL_STEP", "BITBUCKET_PARALLEL_STEP_COUNT",
        "BITBUCKET_PIPELINES_VARIABLES_PATH", "BITBUCKET_PIPELINE_UUID",
        "BITBUCKET_PIPE_SHARED_STORAGE_DIR", "BITBUCKET_PIPE_STORAGE_DIR",
        "BITBUCKET_PROJECT_KEY", "BITBUCKET_PROJECT_UUID", "BITBUCKET_PR_DESTINATION_BRANCH",
        "BITBUCKET_PR_DESTINATION_COMMIT", "BITBUCKET_PR_ID", "BITBUCKET_REPO_FULL_NAME",
        "BITBUCKET_REPO_IS_PRIVATE", "BITBUCKET_REPO_OWNER", "BITBUCKET_REPO_OWNER_UUID",
        "BITBUCKET_REPO_SLUG", "BITBUCKET_REPO_UUID", "BITBUCKET_SSH_KEY_FILE",
        "BITBUCKET_STEP_OIDC_TOKEN", "BITBUCKET_STEP_RUN_NUMBER",
        "BITBUCKET_STEP_TRIGGERER_UUID", "BITBUCKET_STEP_UUID", "BITBUCKET_TAG",
        "BITBUCKET_WORKSPACE", "PIPELINES_JWT_TOKEN",
        # Read by us, but no settings.
        "BITBUCKET_APP_PASSWORD", "BITBUCKET_USERNAME",
        # Well known elsewhere.
        "BRANCH", "BRANCH_NAME", "FORCE_COLOR", "WORKER",
    }
)  # fmt: skip


def misspelt(given: Iterable[str], ours: Collection[str], lists: Iterable[str]) -> tuple[str, ...]:
    """Return a warning for each name that is not ours but nearly is.

    Args:
        given: The names of all variables.
        ours: The names of the pipe's variables.
        lists: Those of them that may arrive as `X_COUNT`, `X_0`, ….
    """
    item = re.compile(f"(?:{'|'.join(lists)})_(?:COUNT|[0-9]+)")
    letters = {name: Counter(name) for name in ours}
    found: list[str] = []
    for name in sorted({*given} - _OTHERS - {*ours}):
        if item.fullmatch(name):
            continue
        folded = name.upper().replace("-", "_")
        near = [each for each in letters if _may_be_like(folded, each, letters[each])]
        meant = closest(folded, near, likeness=_LIKENESS) if near else None
        if meant:
            found.append(f"{name} is not a variable of this pipe; did you mean {meant}?")
    return tuple(found)


def _may_be_like(name: str, ours: str, letters: Counter[str]) -> bool:
    """Whether two names share enough letters: the cheap part of difflib's ratio."""
    needed = _LIKENESS * (len(name) + len(ours)) / 2
    return min(len(name), len(ours)) >= needed and (letters & Counter(name)).total() >= needed
