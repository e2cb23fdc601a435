"""The text of `--help` (pure)."""

from textwrap import fill
from typing import Final

from pipe.settings.model import Options

_CORE: Final = (
    "ATLASSIAN_ACCOUNT_EMAIL",
    "ATLASSIAN_API_TOKEN",
    "WORKSPACE",
    "REPO_SLUG",
    "REPOSITORIES",
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
_TEXT: Final = """\
Bitbucket Environment {version}

Manages the deployment environments of Bitbucket Cloud repositories, with their restrictions and
variables, as code: creates, updates, renames and deletes them as declared.

Usage: docker run -e VARIABLE=VALUE… IMAGE [--help | --version]
   or: VARIABLE=VALUE… python -m pipe [--help | --version]

Settings are environment variables; there are no other arguments. For example, to see what would
change (with ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN set):

  WORKSPACE=acme REPO_SLUG=shop ENVIRONMENT_NAME=Live ADMIN_ONLY=true MODE=plan python -m pipe

{core}

All {count} variables, the configuration file, exit codes and reports: docs/reference.md
"""


def usage(version: str) -> str:
    """Return what the pipe does, its core variables, and where the others are described."""
    core = "\n".join(_variable(name) for name in _CORE)
    return _TEXT.format(version=version, core=core, count=len(Options.model_fields))


def _variable(name: str) -> str:
    field = Options.model_fields[name.lower()]
    description = (field.description or "").replace("`", "")
    if field.default and "Default:" not in description:
        description += f" Default: {field.default}."
    return f"  {name}\n" + fill(
        description, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
    )
