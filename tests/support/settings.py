"""Reads settings in tests, from a mapping of variables and a mapping of files."""

import errno
import os
from collections.abc import Callable, Mapping
from typing import Final

from pipe.models.errors import ConfigurationError
from pipe.settings.loader import Settings, read_settings
from pipe.settings.model import Options

PIPELINE: Final = {
    "BITBUCKET_ACCESS_TOKEN": "canary-access-token",
    "BITBUCKET_WORKSPACE": "acme",
    "BITBUCKET_REPO_SLUG": "shop",
}
"""The minimum that a run in Pipelines knows."""

ONE: Final = {**PIPELINE, "ENVIRONMENT_NAME": "Test-Env", "ENVIRONMENT_TYPE": "Test"}
"""A run for one environment."""
NAMES: Final = [
    *(name.upper() for name in Options.model_fields),
    *(f"{name.upper()}_{end}" for name in Options.model_fields for end in ("COUNT", "0", "1")),
    *("BITBUCKET_USERNAME", "BITBUCKET_APP_PASSWORD", "BITBUCKET_WORKSPACE", "BITBUCKET_COMMIT"),
    *("BITBUCKET_REPO_SLUG", "BITBUCKET_PARALLEL_STEP", "BITBUCKET_PARALLEL_STEP_COUNT"),
    "BITBUCKET_PR_ID",
]
"""Every variable that settings are read from, lists in both forms."""


def reader(files: Mapping[str, str]) -> Callable[[str], str]:
    """Return a reader of these files and no other."""

    def read(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return files[path]

    return read


def settings(environ: Mapping[str, str], **files: str) -> Settings:
    """Read valid settings."""
    return read_settings(environ, reader(files))


def errors_of(environ: Mapping[str, str], **files: str) -> dict[str, str]:
    """Return the message of each configuration error by its source; none: they are valid."""
    try:
        read_settings(environ, reader(files))
    except ConfigurationError as error:
        return {each.source: each.message for each in error.errors}
    return {}
