"""Reads settings in tests: a mapping of variables and a mapping of files, nothing else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from typing import Final

from pipe.models.errors import ConfigurationError
from pipe.settings import Settings, read_settings

PIPELINE: Final = {
    "BITBUCKET_ACCESS_TOKEN": "canary-access-token",
    "BITBUCKET_WORKSPACE": "acme",
    "BITBUCKET_REPO_SLUG": "shop",
}
"""The least that a run in Pipelines knows, beside what it is for."""

ONE: Final = {**PIPELINE, "ENVIRONMENT_NAME": "Test-Env", "ENVIRONMENT_TYPE": "Test"}
"""A run for one environment."""


def reader(files: Mapping[str, str]) -> Callable[[str], str]:
    """Return what reads these files, and knows no other."""

    def read(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return files[path]

    return read


def settings(environ: Mapping[str, str], **files: str) -> Settings:
    """Read settings that are right."""
    return read_settings(environ, reader(files))


def faults(environ: Mapping[str, str], **files: str) -> dict[str, str]:
    """Return the message of each fault by its place; none means that the settings are right."""
    try:
        read_settings(environ, reader(files))
    except ConfigurationError as error:
        return {fault.where: fault.message for fault in error.faults}
    return {}
