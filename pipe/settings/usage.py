"""The text of `--help` (pure)."""

from __future__ import annotations

from textwrap import fill
from typing import Final

from pipe.settings.model import Options

_CORE: Final = (
    "ATLASSIAN_ACCOUNT_EMAIL",
    "ATLASSIAN_API_TOKEN",
    "WORKSPACE",
    "REPO_SLUG",
    "ENVIRONMENT_NAME",
    "ENVIRONMENT_TYPE",
    "ADMIN_ONLY",
    "BRANCHES",
    "VARIABLES",
    "SECURED_VARIABLES",
    "CONFIG_FILE",
    "MODE",
)
_WIDTH: Final = 96


def usage(version: str) -> str:
    """Return what the pipe does, its core variables, and where the others are described."""
    paragraphs = [
        f"Bitbucket Environment {version}",
        "Creates and updates the deployment environments of Bitbucket Cloud repositories, with"
        " their restrictions and variables, as they are declared.",
        "Settings are environment variables; there are no arguments but --help and --version:",
    ]
    return "\n\n".join(
        [
            *(fill(each, _WIDTH) for each in paragraphs),
            "\n".join(_variable(name) for name in _CORE),
            f"All {len(Options.model_fields)} variables, the configuration file, exit codes and"
            " reports: docs/reference.md\n",
        ]
    )


def _variable(name: str) -> str:
    description = (Options.model_fields[name.lower()].description or "").replace("`", "")
    return f"  {name}\n" + fill(
        description, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
    )
