"""Finds unknown variables that are probably meant for the pipe (pure)."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from pipe.models.results import Mode
from pipe.parsing.suggestions import closest, quoted
from pipe.parsing.values import is_true
from pipe.settings.model import Options
from pipe.settings.source import GivenVariables

_SIMILARITY: Final = 0.85
_OTHERS: Final = frozenset(
    {
        # Set by Bitbucket Pipelines.
        "BITBUCKET_BOOKMARK",
        "BITBUCKET_BRANCH",
        "BITBUCKET_BUILD_NUMBER",
        "BITBUCKET_CLONE_DIR",
        "BITBUCKET_COMMIT",
        "BITBUCKET_DEPLOYMENT_ENVIRONMENT",
        "BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID",
        "BITBUCKET_DOCKER_HOST_INTERNAL",
        "BITBUCKET_EXIT_CODE",
        "BITBUCKET_GIT_HTTP_ORIGIN",
        "BITBUCKET_GIT_SSH_ORIGIN",
        "BITBUCKET_PARALLEL_STEP",
        "BITBUCKET_PARALLEL_STEP_COUNT",
        "BITBUCKET_PIPELINES_VARIABLES_PATH",
        "BITBUCKET_PIPELINE_UUID",
        "BITBUCKET_PIPE_SHARED_STORAGE_DIR",
        "BITBUCKET_PIPE_STORAGE_DIR",
        "BITBUCKET_PROJECT_KEY",
        "BITBUCKET_PROJECT_UUID",
        "BITBUCKET_PR_DESTINATION_BRANCH",
        "BITBUCKET_PR_DESTINATION_COMMIT",
        "BITBUCKET_PR_ID",
        "BITBUCKET_REPO_FULL_NAME",
        "BITBUCKET_REPO_IS_PRIVATE",
        "BITBUCKET_REPO_OWNER",
        "BITBUCKET_REPO_OWNER_UUID",
        "BITBUCKET_REPO_SLUG",
        "BITBUCKET_REPO_UUID",
        "BITBUCKET_SSH_KEY_FILE",
        "BITBUCKET_STEP_OIDC_TOKEN",
        "BITBUCKET_STEP_RUN_NUMBER",
        "BITBUCKET_STEP_TRIGGERER_UUID",
        "BITBUCKET_STEP_UUID",
        "BITBUCKET_TAG",
        "BITBUCKET_WORKSPACE",
        "PIPELINES_JWT_TOKEN",
        # Read by the pipe, but not settings.
        "BITBUCKET_APP_PASSWORD",
        "BITBUCKET_USERNAME",
        # Common elsewhere.
        "BRANCH_NAME",
        "FORCE_COLOR",
        "WORKER",
    }
)
_SYNONYMS: Final = {
    "BRANCH": "BRANCHES",
    "CHECK": "MODE=check",
    "CONFIG": "CONFIG_FILE",
    "DEPLOYMENT_VARIABLES": "VARIABLES",
    "ENVIRONMENT": "ENVIRONMENT_NAME",
    "PLAN": "MODE=plan",
    "REPOSITORY": "REPO_SLUG",
    "REPOSITORY_SLUG": "REPO_SLUG",
    "SECRETS": "SECURED_VARIABLES",
    "TYPE": "ENVIRONMENT_TYPE",
}
"""Names that a user may expect, and what to write instead."""

_DRY_RUN: Final = "not supported, and ignoring it would write changes; use MODE: plan"


def check_unsupported(given: GivenVariables, arguments: Sequence[str]) -> None:
    """Add an error for what would be ignored although its author relies on it."""
    for argument in arguments:
        message = (
            f"{quoted(argument)} is not an argument; settings are variables (MODE=plan), and --help"
            " describes them"
        )
        given.errors.add("command line", message)
    for name in sorted(given.environ):
        if given.environ[name] and re.fullmatch(r"DRY[-_]?RUN", name.upper()):
            given.errors.add(name, _DRY_RUN)


def check_misspellings(given: GivenVariables) -> None:
    """Add a warning for each variable that is unknown, but nearly is one of the pipe's.

    It is an error where ignoring it would write what its author only wants to see, or to review.
    """
    # PLAN_CHECKSUM, which has no default in pipe.yml, always arrives empty if it is not given.
    if given.environ.get("MODE") == "":
        given.warnings.append("MODE is empty, which means not given: changes are written")
    known = [name.upper() for name in Options.model_fields]
    item = re.compile(f"(?:{'|'.join(known)})_(?:COUNT|[0-9]+)")
    letters = {name: Counter(name) for name in known}
    names = {name for name, value in given.environ.items() if value}
    for name in sorted(names - _OTHERS - {*known}):
        if item.fullmatch(name):
            continue
        folded = name.upper().replace("-", "_")
        similar = [each for each in letters if _may_be_similar(folded, each, letters[each])]
        meant = _SYNONYMS.get(folded)
        if similar and not meant:
            meant = closest(folded, similar, cutoff=_SIMILARITY)
        if meant and _forbids_writes(meant, given.environ[name]):
            message = f"unknown, and ignoring it would write changes; did you mean {meant}?"
            given.errors.add(name, message)
        elif meant:
            given.warnings.append(f"Unknown variable {name}; did you mean {meant}?")


def _forbids_writes(meant: str, value: str) -> bool:
    """Return whether what is meant asks for no writes, or only for reviewed ones."""
    match meant:
        case "PLAN_CHECKSUM":
            return True
        case "MODE":
            return value.casefold() in {each.value for each in Mode} - {Mode.APPLY.value}
        case "MODE=check" | "MODE=plan":
            return is_true(value)
        case _:
            return False


def _may_be_similar(name: str, known: str, letters: Counter[str]) -> bool:
    """Return whether two names share enough letters: the cheap part of difflib's ratio."""
    needed = _SIMILARITY * (len(name) + len(known)) / 2
    return min(len(name), len(known)) >= needed and (letters & Counter(name)).total() >= needed
